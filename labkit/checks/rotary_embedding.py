"""Check a learner's rotary embedding: the questions it is asked, and how a number comes about.

Axis legend: x is (..., length, width), for instance (batch, heads, length, width).
"""

import torch
from torch import Tensor

from labkit.checks.banks.positions import places_of, width_of
from labkit.checks.banks.rotary_embedding import MISTAKES
from labkit.checks.banks.rotary_pairs import features_of, pairs_of
from labkit.checks.examine import examine
from labkit.checks.numbers import Numbers
from labkit.checks.properties import equals, missing
from labkit.checks.question import (
    Arguments,
    Derivation,
    Operation,
    Question,
    Result,
    Trait,
    parameter,
)
from labkit.checks.verdict import Verdict

__all__ = ["ROTARY_EMBEDDING", "rotary_embedding"]


def rotary_embedding(function: object, *, timeout: float | int = 10.0) -> Verdict:
    """Say whether a function is a correct rotary embedding, and if not, which mistake it makes.

    The function takes ``x`` of shape (..., length, width) and any of ``positions`` (length,),
    ``base``, ``layout``, ``rotary_dim`` and ``scale``; what it does not take is not asked.
    Neighbours make a pair unless another layout is asked for.

    Parameters
    ----------
    function
        The learner's answer. Whatever it does, this returns a verdict.
    timeout
        Seconds that one call may take.

    Examples
    --------
    >>> from labkit.checks import check
    >>> from labkit.ops.positional_encoding import rotary_embedding as right
    >>> check.rotary_embedding(lambda x: right(x, layout="half")).mistake
    'layout_swapped'
    """
    return examine(function, ROTARY_EMBEDDING, timeout=timeout)


def _question(
    about: str,
    *x: int,
    positions: list | None = None,
    probe: bool = False,
    **options: int | float | str,
) -> Question:
    given = Arguments(x=Numbers(about).integers(*x))
    if positions is not None:
        given["positions"] = torch.tensor(positions)
    return Question(about, given.but(**options), probe)


# From simple to odd. No two axes of one tensor have the same length, except where that is asked.
_QUESTIONS = (
    _question("one pair of features", 3, 2),
    _question("two pairs", 3, 4),
    _question("several pairs", 5, 8),
    _question("as many positions as features", 4, 4),
    _question("one position", 1, 6),
    _question("a long sequence", 70, 4),
    _question("a batch", 2, 3, 6, probe=True),
    _question("heads", 2, 3, 4, 6, probe=True),
    _question("one head", 3, 1, 5, 4),
    _question("positions that go on from others", 3, 4, positions=[5, 6, 7]),
    _question("positions in another order", 2, 4, 6, positions=[3, 0, 20, 2]),
    _question("positions under heads", 2, 3, 4, 8, positions=[9, 1, 0, 30], probe=True),
    _question("another base", 4, 6, base=50),
    _question("another base under heads", 2, 3, 4, 8, base=200, probe=True),
    _question("the half layout", 3, 6, layout="half"),
    _question("the half layout under heads", 2, 3, 4, 8, layout="half", probe=True),
    _question("a part of the width", 3, 6, rotary_dim=4),
    _question("a part of the width under heads", 2, 3, 4, 10, rotary_dim=6, probe=True),
    _question("scaled positions", 5, 4, scale=0.5),
    _question("scaled positions under heads", 2, 3, 4, 6, scale=0.25, probe=True),
    _question(
        "every option", 2, 3, 4, 10,
        positions=[2, 0, 12, 5], base=50, layout="half", rotary_dim=8, scale=0.5,
    ),
)  # fmt: skip


def _angles(a: Arguments) -> Tensor:
    places, exponents = places_of(a) * a.scale, torch.arange(0, width_of(a), 2).double()
    return places.unsqueeze(-1) / float(a.base) ** (exponents / width_of(a))


def _reference(a: Arguments) -> Tensor:
    angles = _angles(a)
    cosine, sine = angles.cos().to(a.x), angles.sin().to(a.x)
    first, second = pairs_of(a.x, a).unbind(-1)
    turned = (first * cosine - second * sine, first * sine + second * cosine)
    return features_of(torch.stack(turned, dim=-1), a.x, a)


def _derive(a: Arguments, index: tuple[int, ...]) -> Derivation:
    *sequence, t, feature = index
    total, width = float(_reference(a)[index]), width_of(a)
    if feature >= width:
        return Derivation(total, shown=f"x{list(index)}", source="a feature that is not turned")
    half = a.layout == "half"
    i, side = (feature % (width // 2), feature * 2 // width) if half else divmod(feature, 2)
    first = i if half else 2 * i
    second = first + (width // 2 if half else 1)
    one, other = (f"{float(a.x[(*sequence, t, j)]):g}" for j in (first, second))
    place = float(places_of(a)[t])
    scaled = f"{place:g}" if a.scale == 1 else f"{a.scale:g}*{place:g}"
    angle = f"{scaled} / {a.base:g}^({2 * i}/{width})"
    waves = (f"cos({angle}) -", "sin") if side == 0 else (f"sin({angle}) +", "cos")
    other = f"({other})" if other.startswith("-") else other
    shown = f"{one}*{waves[0]} {other}*{waves[1]}({angle})"
    return Derivation(total, shown=shown, source=f"features {first} and {second} are pair {i}")


def _axes(count: int) -> Trait:
    words = {2: "(length, width)", 3: "(batch, length, width)", 4: "(batch, heads, length, width)"}
    return Trait(f"x is {words[count]}", "it is not", lambda a: a.x.dim() == count, "leading_axes")


_TRAITS = (
    _axes(2),
    _axes(3),
    _axes(4),
    Trait("x has no heads", "it has", lambda a: a.x.dim() < 4, "leading_axes"),
    Trait("x has leading axes", "it has none", lambda a: a.x.dim() > 2, "leading_axes"),
    Trait("no positions are given", "there are", missing("positions")),
    Trait("the layout is 'interleaved'", "it is 'half'", equals("layout", "interleaved")),
    Trait("all features are turned", "only some are", missing("rotary_dim")),
    Trait("the base is 10000", "it is another", equals("base", 10_000)),
    Trait("the scale is 1", "it is another", equals("scale", 1.0)),
    Trait("there is one pair of features", "there are several", lambda a: width_of(a) == 2),
)  # fmt: skip


ROTARY_EMBEDDING = Operation(
    name="rotary_embedding",
    parameters=(
        parameter("x", "xs q qs query queries k key keys qk tensor input inputs h", required=True),
        parameter(
            "positions",
            "position pos p t position_ids pos_ids input_pos token_positions",
            stands_for_none=lambda a: torch.arange(a.x.shape[-2]),
        ),
        parameter(
            "base", "b theta n rope_theta rope_base freq_base", default=10_000, own_default=True
        ),
        parameter("layout", "style", default="interleaved"),
        parameter(
            "rotary_dim",
            "rot_dim rotary_dims rotary_width rotary_ndims dim d",
            stands_for_none=lambda a: a.x.shape[-1],
        ),
        parameter("scale", "position_scale scaling", default=1.0),
    ),
    questions=_QUESTIONS,
    reference=_reference,
    results=(Result("output", ("position", "feature"), _derive),),
    mistakes=MISTAKES,
    traits=_TRAITS,
)
