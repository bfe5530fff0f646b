"""Mistakes in the gradients of a network that need no look at its steps: scale, sign, order.

In the code ``a`` are the arguments of a back-propagation through two layers.
"""

from collections.abc import Callable

from labkit.checks.bank import Mistake, Variant
from labkit.checks.banks.misuse import with_arguments, with_result
from labkit.checks.question import Arguments

__all__ = [
    "FORWARD_WRONG",
    "GRADIENT_TRANSPOSED",
    "MEAN_FORGOTTEN",
    "RESULTS_DISORDERED",
    "SIGN_WRONG",
]


def _scaled(factor: Callable[[Arguments], float]) -> Variant:
    return lambda op, a: tuple(g * factor(a) for g in op(a))


MEAN_FORGOTTEN = Mistake(
    "mean_forgotten",
    "The gradients are those of another mean.",
    "The loss is the mean over the batch: divide softmax - one_hot by the number of rows, once.",
    {
        "Yours are those of the sum: the division by the batch is missing.": _scaled(
            lambda a: len(a.x)
        ),
        "Yours are divided by the batch twice.": _scaled(lambda a: 1 / len(a.x)),
        "Yours are divided by the number of classes.": _scaled(
            lambda a: len(a.x) / len(a.weight_2)
        ),
        "Yours are divided by the batch and by the number of classes.": _scaled(
            lambda a: 1 / len(a.weight_2)
        ),
    },
)

SIGN_WRONG = Mistake(
    "sign_wrong",
    "All gradients have the wrong sign: they point downhill.",
    "The error is softmax - one_hot; the minus comes later, in the update.",
    {"": _scaled(lambda a: -1.0)},
)

GRADIENT_TRANSPOSED = Mistake(
    "gradient_transposed",
    "The gradient of a matrix is transposed: it must have the shape of the matrix.",
    "delta.T @ inputs has a row for each unit, as the weight has; inputs.T @ delta has a column.",
    {
        "Yours has both so.": with_result(lambda g: (g[0].T, g[1], g[2].T, g[3])),
        "Yours has the first so.": with_result(lambda g: (g[0].T, *g[1:])),
        "Yours has the second so.": with_result(lambda g: (*g[:2], g[2].T, g[3])),
    },
)

RESULTS_DISORDERED = Mistake(
    "results_disordered",
    "The gradients are in the wrong order.",
    "Return them as the parameters come: weight_1, bias_1, weight_2, bias_2.",
    {
        "Yours begin with the last layer.": with_result(lambda g: (*g[2:], *g[:2])),
        "Yours run backwards.": with_result(lambda g: g[::-1]),
        "Yours have both weights first.": with_result(lambda g: (g[0], g[2], g[1], g[3])),
        "Yours have each bias before its weight.": with_result(lambda g: (g[1], g[0], g[3], g[2])),
        "Yours have the weights first, and begin with the last layer.": with_result(
            lambda g: (g[2], g[0], g[3], g[1])
        ),
    },
)

FORWARD_WRONG = Mistake(
    "forward_wrong",
    "The way forward is not right, so the way back begins elsewhere.",
    "Forwards: h = tanh(x @ weight_1.T + bias_1), logits = h @ weight_2.T + bias_2.",
    {
        "Yours forgets the biases.": with_arguments(
            lambda a: {"bias_1": 0 * a.bias_1, "bias_2": 0 * a.bias_2}
        ),
        "Yours forgets bias_1.": with_arguments(lambda a: {"bias_1": 0 * a.bias_1}),
        "Yours forgets bias_2.": with_arguments(lambda a: {"bias_2": 0 * a.bias_2}),
        "Yours has no activation.": with_arguments(lambda a: {"activation": "identity"}),
    },
)
