"""Tell a learner *which* mistake was made: ``check.conv2d(my_conv2d)`` returns a `Verdict`.

A check asks somebody's function small questions, compares its answers with the right ones, and
then with those of a bank of wrong variants. Each operation brings one file of questions
(`labkit.checks.convolution`) and one of mistakes (`labkit.checks.banks.convolution`); how a
function is read, run, timed, compared and judged is the same for all.
"""

from collections.abc import Callable
from importlib import import_module

__all__ = ["check"]

_HOMES = {
    "adam": "adam",
    "adamw": "adamw",
    "avg_pool2d": "pooling",
    "backpropagation": "backpropagation",
    "binary_cross_entropy_with_logits": "binary_cross_entropy",
    "conv2d": "convolution",
    "cross_entropy": "losses",
    "gelu": "gelu",
    "gru_update": "gated_recurrence",
    "log_softmax": "log_softmax",
    "lstm_update": "gated_recurrence",
    "max_pool2d": "pooling",
    "mse": "mse",
    "multi_head_attention": "multi_head_attention",
    "relu": "elementwise",
    "rnn": "sequences",
    "rnn_update": "recurrence",
    "rotary_embedding": "rotary_embedding",
    "scaled_dot_product_attention": "attention",
    "sgd": "gradient_descent",
    "sigmoid": "elementwise",
    "sinusoidal_encoding": "sinusoidal_encoding",
    "softmax": "activations",
    "tanh": "elementwise",
}


class _Checks:
    """Every check by the name of its operation, loaded when it is first asked for."""

    def __getattr__(self, name: str) -> Callable:
        if name in _HOMES:
            return getattr(import_module(f"labkit.checks.{_HOMES[name]}"), name)
        raise AttributeError(f"there is no check named {name!r}; there is: {', '.join(_HOMES)}")

    def __dir__(self) -> list[str]:
        return sorted(_HOMES)

    def __repr__(self) -> str:
        return f"<check: {', '.join(f'check.{name}(your_{name})' for name in sorted(_HOMES))}>"


check = _Checks()
