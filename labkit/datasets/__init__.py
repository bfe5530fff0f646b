"""Files and downloads into tensors, with an offline default of real data for each kind."""

from labkit._lazy import lazy_submodules

__all__ = ["cifar", "downloads", "idx", "images", "mnist_family", "root", "sequences", "text"]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
