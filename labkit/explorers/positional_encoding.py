"""Step through positional encodings: waves, turning pairs, or a table; and how alike positions are.

Axes: ``T`` positions, ``D`` dimensions of an encoding (d_model).
"""

import math
from typing import Any, ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity
from traitlets import Bool, Bytes, Enum, Int, validate
from traitlets import Float as FloatTrait

from labkit.errors import OptionError, ShapeError
from labkit.explorers.encoding_code import encoding_code
from labkit.explorers.explorer import Explorer, es_module, in_range
from labkit.explorers.inputs import Matrix, finite_numbers
from labkit.ops.positional_encoding import rotary_embedding, sinusoidal_encoding

__all__ = ["EncodingStep", "PositionalEncodingExplorer"]

KINDS = ["sinusoidal", "rotary", "learned"]
RANGES = {"length": (2, 128), "d_model": (2, 64)}
BASES = (2.0, 1e6)


class EncodingStep(NamedTuple):
    """One number of an encoding; a learned one has neither frequency nor angle."""

    position: int
    dimension: int
    frequency: float | None
    angle: float | None
    value: float


class PositionalEncodingExplorer(Explorer):
    """What tells a position apart, and how alike the encodings of two positions are.

    The synced traits ``position``, ``dimension``, ``kind`` and ``base`` may be changed from Python
    or on the screen; a value that cannot be raises ``TraitError``.

    Parameters
    ----------
    length, d_model
        How many positions, at most 128, and how many numbers encode one, at most 64.
    base
        How far the frequencies reach: pair ``i`` turns by ``base ** (-2 * i / d_model)`` radians
        from one position to the next. From 2 to a million.
    kind
        ``"sinusoidal"``, ``"rotary"`` or ``"learned"``. Rotary embedding adds nothing: it turns
        the pairs of a query or a key, here of ``(1, 0, 1, 0, ...)``.
    table
        A learned encoding, ``(length, d_model)`` or longer, such as
        ``model.positions.weight``; when left out, random numbers that are labelled as such.
    dimension
        Which of the numbers is looked at.

    Raises
    ------
    OptionError, ShapeError, DTypeError
        If an option is out of its range, or the table does not fit or holds no real numbers.

    Examples
    --------
    >>> explorer = PositionalEncodingExplorer(8, 4, position=3)
    >>> explorer
    PositionalEncodingExplorer: sinusoidal, 8 positions × 4 dimensions, base 10000
    position 3, dimension 0: sin(3 × 1) = sin(3) = 0.1411
    >>> explorer.kind = "rotary"
    >>> explorer.encoding[3].round(decimals=2)
    tensor([-0.9900,  0.1400,  1.0000,  0.0300])
    """

    _esm = es_module("positional_encoding")

    length = Int(32, read_only=True).tag(sync=True)
    d_model = Int(16, read_only=True).tag(sync=True)
    base = FloatTrait(10_000.0).tag(sync=True)
    kind = Enum(KINDS, "sinusoidal").tag(sync=True)
    dimension = Int(0).tag(sync=True)
    numbers = Bytes().tag(sync=True)
    trained = Bool(False).tag(sync=True)

    _options: ClassVar = ("length", "d_model", "base", "dimension")

    def __init__(
        self,
        length: int = 32,
        d_model: int = 16,
        *,
        base: float | int = 10_000.0,
        kind: str = "sinusoidal",
        table: Matrix | None = None,
        dimension: int = 0,
        **traits: Any,
    ) -> None:
        if kind not in KINDS:
            raise OptionError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}")
        options = {"length": length, "d_model": d_model, "base": base, "dimension": dimension}
        _places(**options)
        self.table = _table(table, length, d_model)
        # The table has these sides: for others, make another explorer.
        self.set_trait("length", length)
        self.set_trait("d_model", d_model)
        super().__init__(
            numbers=self.table.numpy().tobytes(),
            trained=table is not None,
            kind=kind,
            base=base,
            dimension=dimension,
            **traits,
        )

    @property
    def encoding(self) -> Float[Tensor, "T D"]:
        """The encodings of all positions, of the present kind."""
        return self.encode(self.kind)

    def encode(self, kind: str) -> Float[Tensor, "T D"]:
        """Return the encodings of all positions, of one kind or another."""
        length, width = self.length, self.d_model
        if kind == "sinusoidal":
            return sinusoidal_encoding(length, width, base=self.base)
        if kind == "learned":
            return self.table
        # A last dimension without a partner is not turned.
        x = torch.tensor([1.0, 0.0] * width)[:width].expand(length, width)
        return rotary_embedding(x, base=self.base, rotary_dim=width - width % 2)

    @property
    def similarity(self) -> Float[Tensor, "T T"]:
        """The cosine between the encodings of any two positions."""
        return cosine_similarity(self.encoding[:, None], self.encoding[None], dim=-1)

    @property
    def code(self) -> str:
        """The present state as Python, the same text as the button "Copy as Python" gives."""
        names = ("length", "d_model", "base", "kind", "dimension", "trained")
        options = {name: getattr(self, name) for name in names}
        return encoding_code(self._place(None)[0], **options)

    def step(self, position: int | None = None) -> EncodingStep:
        """Work out one number: the present dimension of a position, by default the present one."""
        (position,) = self._place(position)
        value = self.encoding[position, self.dimension].item()
        if self.kind == "learned":
            return EncodingStep(position, self.dimension, None, None, value)
        frequency = self._frequency(self.dimension)
        return EncodingStep(position, self.dimension, frequency, position * frequency, value)

    def _frequency(self, dimension: int) -> float:
        width = self.d_model
        if self.kind == "rotary":
            width -= width % 2
            if dimension == width:
                return 0.0
        return self.base ** (-2 * (dimension // 2) / width)

    def describe(self) -> str:
        """Say the present step: what is encoded how, then the number and where it comes from."""
        step = self.step()
        made = f"table[{step.position}, {step.dimension}]"
        size = f"{self.length} positions × {self.d_model} dimensions"
        if self.kind == "learned":
            source = "" if self.trained else " (random, not trained)"
        else:
            wave = "sin" if (step.dimension % 2 == 0) == (self.kind == "sinusoidal") else "cos"
            source = f", base {self.base:g}"
            turn = f"{step.position} × {step.frequency:.4g}"
            made = f"{wave}({turn}) = {wave}({step.angle:.4g})"
        answer = "?" if self.predict else f"{step.value:.4g}"
        return (
            f"{type(self).__name__}: {self.kind}, {size}{source}\n"
            f"position {step.position}, dimension {step.dimension}: {made} = {answer}"
        )

    def poster(self) -> bytes:
        """Draw the present step as PNG bytes."""
        from labkit.figures.positional_encoding import encoding_poster

        cursor = {"position": self.position, "dimension": self.dimension}
        return encoding_poster(self.encoding, kind=self.kind, reveal=not self.predict, **cursor)

    def _places(self, **changed: Any) -> tuple[int]:
        return _places(**{**{name: getattr(self, name) for name in self._options}, **changed})

    @validate("base", "dimension")
    def _fits(self, proposal: dict[str, Any]) -> Any:
        return self._must_fit(proposal)


def _places(*, length: int, d_model: int, base: float | int, dimension: int) -> tuple[int]:
    """Return the shape of what is stepped through, or say which option cannot be."""
    in_range({"length": length, "d_model": d_model}, RANGES)
    in_range({"dimension": dimension}, {"dimension": (0, d_model - 1)})
    if not (math.isfinite(base) and BASES[0] <= base <= BASES[1]):
        raise OptionError(f"base is {base}; expected a number from 2 to 1,000,000")
    return (length,)


def _table(table: Matrix | None, length: int, d_model: int) -> Float[Tensor, "T D"]:
    if table is None:
        return torch.randn(length, d_model, generator=torch.Generator().manual_seed(0))
    numbers = finite_numbers(table, "table").to(torch.float32)
    if numbers.ndim != 2 or len(numbers) < length or numbers.shape[1] != d_model:
        raise ShapeError(
            f"table has shape {tuple(numbers.shape)}; expected ({length}, {d_model}), a row for "
            "each position; give its sides as length and d_model"
        )
    return numbers[:length].contiguous()
