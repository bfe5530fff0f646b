"""The mistakes of a sinusoidal encoding about single columns: angles that only some of them have.

In the code ``a`` are the arguments; column j belongs to pair ``j // 2``.
"""

import torch
from torch import Tensor

from labkit.checks.bank import Function, Mistake, Variant
from labkit.checks.banks.positions import places_of
from labkit.checks.banks.sinusoidal_pairs import angles_of, pairs_of, table_of
from labkit.checks.question import Arguments

__all__ = ["ANGLES_ROUNDED", "COSINE_OWN_EXPONENT", "NO_SINE"]


def _each_column(sine: int, cosine: int, step: int) -> Variant:
    """Make a variant with exponents ``step * i / d`` that begin at ``sine / d`` and ``cosine / d``.

    The columns of sines and of cosines then have frequencies of their own.
    """

    def variant(op: Function, a: Arguments) -> Tensor:
        def shifted(by: int) -> Tensor:
            base = float(a.base)
            slower = places_of(a) / base ** (by / a.d_model)
            return pairs_of(op, a.but(positions=slower, base=base ** (step / 2)))

        return table_of(torch.stack((shifted(sine)[..., 0], shifted(cosine)[..., 1]), dim=-1), a)

    return variant


def _angles_rounded(_: Function, a: Arguments) -> Tensor:
    angles = angles_of(a).add(1e-9).floor()
    return table_of(torch.stack((angles.sin(), angles.cos()), dim=-1), a)


COSINE_OWN_EXPONENT = Mistake(
    "cosine_own_exponent",
    "The cosine has another angle than the sine beside it.",
    "Both columns of pair i share the exponent 2 * i / d_model; for column j that is "
    "(j - j % 2) / d_model.",
    {
        "Column j has the exponent j / d_model.": _each_column(0, 1, 2),
        "Column j has the exponent 2 * j / d_model.": _each_column(0, 2, 4),
        "The cosine has the exponent 2 * (2 * i + 1) / d_model.": lambda op, a: torch.where(
            torch.arange(a.d_model) % 2 == 0, op(a), _each_column(0, 2, 4)(op, a)
        ),
        "The cosine has the exponent of the next pair.": _each_column(0, 2, 2),
    },
)

ANGLES_ROUNDED = Mistake(
    "angles_rounded",
    "The angles are rounded down to whole numbers.",
    "Divide with /, not with //, and keep floating-point numbers.",
    {"": _angles_rounded},
)

NO_SINE = Mistake(
    "no_sine",
    "The table holds the angles themselves: neither sine nor cosine was taken.",
    "Even columns are torch.sin of the angles, odd ones torch.cos.",
    {"": lambda _, a: table_of(angles_of(a).unsqueeze(-1).expand(-1, -1, 2), a)},
)
