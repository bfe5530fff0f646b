"""The mathematics: plain functions of tensors, each first as loops, then in one fast form."""

from labkit._lazy import lazy_submodules

__all__ = [
    "alibi",
    "arguments",
    "backpropagation",
    "convolution",
    "perceptron",
    "positional_encoding",
    "positions",
    "relative_bias",
    "rotary_embedding",
    "sinusoidal_encoding",
    "softmax",
    "transposed_convolution",
    "windows",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
