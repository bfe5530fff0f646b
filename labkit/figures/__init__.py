"""Pictures of tensors. matplotlib lives here and nowhere else in labkit."""

from labkit._lazy import lazy_submodules

__all__ = [
    "attention",
    "cells",
    "convolution",
    "curves",
    "glyphs",
    "grid",
    "heatmap",
    "images",
    "network_plan",
    "neural_network",
    "pixels",
    "pooling",
    "positional_encoding",
    "recurrence",
    "style",
    "timeline",
    "verdict",
    "windows",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
