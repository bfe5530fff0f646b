"""Attention: every form of it, under one roof.

- `attention_weights`: the map, what share of its attention each query pays to each key.
- `scaled_dot_product_attention`: the map times the values.
- `multi_head_attention`: several of them side by side, in the layout of PyTorch's weights.
- `causal_mask`: which keys are not in a query's future.
"""

from labkit.ops.attention_loops import attention_weights_loops, scaled_dot_product_attention_loops
from labkit.ops.attention_masks import causal_mask
from labkit.ops.multi_head_attention import multi_head_attention, multi_head_attention_loops
from labkit.ops.scaled_dot_product import attention_weights, scaled_dot_product_attention

__all__ = [
    "attention_weights",
    "attention_weights_loops",
    "causal_mask",
    "multi_head_attention",
    "multi_head_attention_loops",
    "scaled_dot_product_attention",
    "scaled_dot_product_attention_loops",
]
