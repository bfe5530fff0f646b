"""The `labkit` command: parse, call one function, print."""

from labkit._lazy import lazy_submodules

__all__ = ["doctor", "export", "lab", "main", "refresh", "run"]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
