"""Attention: each query looks at all keys, and is answered with the values it looked at.

Every form of it, to be imported from here:

- `attention_weights`: the map, what share of its attention each query pays to each key;
- `scaled_dot_product_attention`: the map times the values, with `causal_mask` and other masks;
- `multi_head_attention`: several of them side by side, in the layout of PyTorch's weights;
- `chunked_attention`: the same without ever holding the map, for long sequences;
- `KeyValueCache`: the same one step at a time, for a model that writes;
- `additive_attention`: where it began, with a small network in place of the product.

A form ending in ``_loops`` is the definition of the one it is named after.
"""

from labkit.ops.additive_attention import (
    additive_attention,
    additive_attention_loops,
    additive_attention_weights,
)
from labkit.ops.attention_loops import attention_weights_loops, scaled_dot_product_attention_loops
from labkit.ops.attention_masks import causal_mask
from labkit.ops.chunked_attention import chunked_attention
from labkit.ops.key_value_cache import KeyValueCache
from labkit.ops.multi_head_attention import multi_head_attention, multi_head_attention_loops
from labkit.ops.scaled_dot_product import attention_weights, scaled_dot_product_attention

__all__ = [
    "KeyValueCache",
    "additive_attention",
    "additive_attention_loops",
    "additive_attention_weights",
    "attention_weights",
    "attention_weights_loops",
    "causal_mask",
    "chunked_attention",
    "multi_head_attention",
    "multi_head_attention_loops",
    "scaled_dot_product_attention",
    "scaled_dot_product_attention_loops",
]
