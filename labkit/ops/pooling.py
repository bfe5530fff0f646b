"""Pooling: one number for each window of an image, so that the next layer sees less, and coarser.

Max pooling keeps the largest pixel, average pooling the mean; adaptive pooling is told how many
windows there shall be; global pooling has one. Nothing is learned here: a layer of pooling has no
parameters. Channels are never mixed. Where the windows stand is the arithmetic of convolution,
with two differences: the stride is the window's own size unless told otherwise, and ``ceil_mode``
keeps a last window that hangs over the edge.
"""

from labkit.ops.adaptive_pooling import (
    adaptive_avg_pool2d,
    adaptive_avg_pool2d_loops,
    adaptive_max_pool2d,
    adaptive_max_pool2d_loops,
    global_avg_pool2d,
    global_max_pool2d,
)
from labkit.ops.average_pooling import avg_pool1d, avg_pool2d, avg_pool2d_loops
from labkit.ops.max_pooling import max_pool1d, max_pool2d, max_pool2d_loops
from labkit.ops.pooling_windows import pooled_size

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_avg_pool2d_loops",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_loops",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool2d_loops",
    "global_avg_pool2d",
    "global_max_pool2d",
    "max_pool1d",
    "max_pool2d",
    "max_pool2d_loops",
    "pooled_size",
]
