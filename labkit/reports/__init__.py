"""Executed notebooks become pages and tables that work from a file, without a network."""

from labkit._lazy import lazy_submodules

__all__ = [
    "bar",
    "cells",
    "comparison",
    "comparison_details",
    "comparison_overview",
    "comparison_page",
    "comparison_words",
    "cross_links",
    "definitions",
    "explanation",
    "failing",
    "findings",
    "formulas",
    "frame",
    "history",
    "index",
    "junit",
    "links",
    "live",
    "machine",
    "markdown",
    "masthead",
    "offline",
    "page",
    "pairing",
    "pictures",
    "problems",
    "remarks",
    "report",
    "room",
    "run",
    "summary",
    "table",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
