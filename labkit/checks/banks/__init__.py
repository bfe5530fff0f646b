"""Banks of wrong variants: one file for each operation, read by the check of the same name."""

from labkit._lazy import lazy_submodules

__all__ = ["convolution"]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
