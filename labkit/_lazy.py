"""Sub-modules that are imported when they are first touched (PEP 562)."""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType

__all__ = ["lazy_submodules"]


def lazy_submodules(
    package: str, names: list[str]
) -> tuple[Callable[[str], ModuleType], Callable[[], list[str]]]:
    """Make the ``__getattr__`` and ``__dir__`` of a package whose sub-modules load on first use.

    Parameters
    ----------
    package
        The package's ``__name__``.
    names
        Its sub-modules, usually its ``__all__``.

    Examples
    --------
    >>> load, _ = lazy_submodules("labkit", ["errors"])
    >>> load("errors").__name__
    'labkit.errors'
    """

    def load(name: str) -> ModuleType:
        if name in names:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load, lambda: sorted(names)
