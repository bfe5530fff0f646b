"""Executed notebooks become pages and tables that work from a file, without a network."""

from labkit._lazy import lazy_submodules

__all__ = ["formulas", "frame", "index", "junit", "live", "offline", "page", "report", "summary"]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
