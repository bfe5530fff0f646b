"""Check a learner's sinusoidal encoding: its questions, and how a number comes about."""

import torch
from torch import Tensor

from labkit.checks.banks.sinusoidal_encoding import MISTAKES
from labkit.checks.banks.sinusoidal_pairs import angles_of, table_of
from labkit.checks.examine import examine
from labkit.checks.properties import equals
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Question,
    Result,
    ShapeRule,
    Trait,
    parameter,
)
from labkit.checks.verdict import Verdict

__all__ = ["SINUSOIDAL_ENCODING", "sinusoidal_encoding"]

Shape = tuple[int, ...]


def sinusoidal_encoding(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is a correct sinusoidal encoding, and if not, which mistake it makes.

    The function takes ``(positions, d_model)``, how many positions and how many features, and may
    take ``base``. It returns the table of shape (positions, d_model) with sines in the even columns
    and cosines in the odd ones.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> from labkit.ops.positional_encoding import sinusoidal_encoding as right
    >>> def from_one(length, d_model):
    ...     return right(length + 1, d_model)[1:]
    >>> check.sinusoidal_encoding(from_one).mistake
    'positions_from_one'
    """
    return examine(function, SINUSOIDAL_ENCODING, timeout=timeout)


def _question(about: str, positions: int, d_model: int, **options: int) -> Question:
    return Question(about, Arguments(positions=positions, d_model=d_model, **options))


# From simple to odd. Slow waves differ only far from 0, so two sequences are long.
_QUESTIONS = (
    _question("one pair of features", 3, 2),
    _question("as many positions as features", 4, 4),
    _question("more positions than features", 6, 4),
    _question("more features than positions", 3, 8),
    _question("many pairs", 10, 12),
    _question("one position", 1, 6),
    _question("a long sequence", 60, 6),
    _question("a longer sequence", 300, 4),
    _question("an odd width", 4, 3),
    _question("a wider odd width", 20, 7),
    _question("another base", 7, 6, base=100),
    _question("another base and an odd width", 8, 5, base=50),
)


def _reference(a: Arguments) -> Tensor:
    angles = angles_of(a)
    return table_of(torch.stack((angles.sin(), angles.cos()), dim=-1), a)


def _derive(a: Arguments, index: Shape) -> Derivation:
    position, column = index
    wave = "cos" if column % 2 else "sin"
    exponent = f"{column - column % 2}/{a.d_model}"
    return Derivation(
        float(_reference(a)[index]),
        shown=f"{wave}({position} / {a.base:g}^({exponent}))",
        source=f"pair {column // 2}",
    )


_TRAITS = (
    Trait("d_model is even", "it is odd", lambda a: a.d_model % 2 == 0, "odd_width"),
    Trait(
        "there are as many positions as features", "there are not",
        lambda a: a.positions == a.d_model, "axes_swapped",
    ),
    Trait("there is one pair of features", "there are several", lambda a: a.d_model == 2),
    Trait("the base is 10000", "it is another", equals("base", 10_000)),
    Trait("there are few positions", "there are many", lambda a: a.positions < 100),
)  # fmt: skip


def _transposed(_: Arguments, expected: Shape, got: Shape) -> bool:
    return got != expected and got == expected[::-1]


def _extra_axis(_: Arguments, expected: Shape, got: Shape) -> bool:
    return len(got) == 3 and [n for n in got if n != 1] == [n for n in expected if n != 1]


def _one_position(_: Arguments, expected: Shape, got: Shape) -> bool:
    return got == expected[1:]


def _other_length(_: Arguments, expected: Shape, got: Shape) -> bool:
    return got[1:] == expected[1:] and abs(got[0] - expected[0]) == 1


def _half_as_wide(_: Arguments, expected: Shape, got: Shape) -> bool:
    return (
        len(got) == 2
        and got[0] == expected[0]
        and got[1] in (expected[1] // 2, -(-expected[1] // 2))
    )


_SHAPE_RULES = (
    ShapeRule("axes_swapped", _transposed),
    ShapeRule("extra_axis", _extra_axis),
    ShapeRule("one_position", _one_position),
    ShapeRule("length_off_by_one", _other_length),
    ShapeRule("only_sines", _half_as_wide),
)


SINUSOIDAL_ENCODING = Operation(
    name="sinusoidal_encoding",
    parameters=(
        parameter(
            "positions",
            "position pos p n n_pos n_positions num_positions length len l t seq seq_len "
            "seq_length seqlen sequence_length max_len max_length max_seq_len maxlen max_position "
            "max_positions context_length block_size num_steps steps",
            required=True,
        ),
        parameter(
            "d_model",
            "d dim dims d_emb d_embed d_embedding emb emb_dim emb_size embed_dim embed_size "
            "embedding_dim embedding_size n_embd hidden hidden_dim hidden_size num_hiddens width "
            "features num_features channels model_dim dmodel e c",
            required=True,
        ),
        parameter(
            "base",
            "base b n wavelength max_wavelength theta const constant",
            default=10_000,
            own_default=True,
        ),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("pe", ("position", "feature"), _derive),),
    mistakes=MISTAKES,
    traits=_TRAITS,
    shape_rules=_SHAPE_RULES,
    differentiable=False,  # its arguments are counts
)
