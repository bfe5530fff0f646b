"""Banks of wrong variants, one for each operation; `misuse` holds what variants are made of."""

from labkit._lazy import lazy_submodules

__all__ = [
    "convolution",
    "convolution_axes",
    "convolution_padding",
    "convolution_sums",
    "convolution_windows",
    "misuse",
    "recurrence",
    "recurrence_outputs",
    "recurrence_sequences",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
