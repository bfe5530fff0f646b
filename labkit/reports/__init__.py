"""Executed notebooks become pages and tables that work from a file, without a network."""

from labkit._lazy import lazy_submodules

__all__ = [
    "cells",
    "comparison",
    "comparison_details",
    "comparison_overview",
    "comparison_page",
    "comparison_words",
    "explanation",
    "failing",
    "formulas",
    "frame",
    "index",
    "junit",
    "live",
    "masthead",
    "offline",
    "page",
    "pairing",
    "pictures",
    "report",
    "room",
    "summary",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
