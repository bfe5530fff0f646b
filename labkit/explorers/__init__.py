"""Interactive figures, drawn in the browser: step through one operation on your own tensor."""

from labkit._lazy import lazy_submodules

__all__ = [
    "attention",
    "convolution",
    "neural_network",
    "pooling",
    "positional_encoding",
    "recurrence",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
