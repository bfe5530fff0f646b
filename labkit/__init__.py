"""labkit: step through an operation, write it, be told what is wrong, measure it.

Importing this loads neither torch nor matplotlib: sub-packages arrive when they are first used.
"""

from labkit._lazy import lazy_submodules

__all__ = [
    "backend",
    "checks",
    "datasets",
    "errors",
    "explorers",
    "figures",
    "memory",
    "ops",
    "results",
    "timing",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
