"""The mathematics: plain functions of tensors, each first as loops, then in one fast form."""

from labkit._lazy import lazy_submodules

__all__ = ["arguments", "convolution", "transposed_convolution", "windows"]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
