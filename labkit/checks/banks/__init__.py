"""Banks of wrong variants, one for each operation; `misuse` holds what variants are made of."""

from labkit._lazy import lazy_submodules

__all__ = [
    "activations",
    "backpropagation",
    "convolution",
    "convolution_axes",
    "convolution_padding",
    "convolution_sums",
    "convolution_windows",
    "frequencies",
    "gates",
    "gradients",
    "gru",
    "labels",
    "losses",
    "lstm",
    "lstm_gates",
    "misuse",
    "pooling",
    "pooling_axes",
    "pooling_padding",
    "pooling_patches",
    "pooling_values",
    "pooling_windows",
    "positions",
    "recurrence",
    "recurrence_outputs",
    "recurrence_sequences",
    "rotary_embedding",
    "rotary_pairs",
    "rotary_places",
    "rotary_turns",
    "sinusoidal_angles",
    "sinusoidal_columns",
    "sinusoidal_encoding",
    "sinusoidal_pairs",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
