"""The mathematics: plain functions of tensors, each first as loops, then in one fast form."""

from labkit._lazy import lazy_submodules

__all__ = [
    "adam",
    "alibi",
    "arguments",
    "attention",
    "attention_inputs",
    "attention_loops",
    "attention_masks",
    "backpropagation",
    "backpropagation_through_time",
    "convolution",
    "gradient_clipping",
    "gradient_descent",
    "multi_head_attention",
    "packed_sequences",
    "perceptron",
    "positional_encoding",
    "positions",
    "recurrence",
    "recurrent_layers",
    "recurrent_scans",
    "recurrent_updates",
    "recurrent_weights",
    "relative_bias",
    "rotary_embedding",
    "scaled_dot_product",
    "sinusoidal_encoding",
    "softmax",
    "transposed_convolution",
    "windows",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
