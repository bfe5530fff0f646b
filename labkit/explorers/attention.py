"""Step through attention: a query, what it finds in each key, and the mean of the values it gets.

Axes: ``N`` heads, ``T`` queries, ``S`` keys, ``E`` width of a query and a key, ``W`` of a value.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from traitlets import Bool as Truth
from traitlets import Bytes, Enum, Int, List, TraitError, Tuple, Unicode, validate
from traitlets import Float as Number

from labkit.errors import OptionError
from labkit.explorers.attention_code import attention_code
from labkit.explorers.attention_heads import Stack, attention_heads, image_size
from labkit.explorers.attention_mask import MASKS, Mask, chosen_mask
from labkit.explorers.attention_step import AttentionStep, look_words
from labkit.explorers.explorer import Explorer, es_module
from labkit.explorers.sequences import step_labels
from labkit.ops.attention import attention_weights, causal_mask

__all__ = ["AttentionExplorer", "AttentionStep"]

COOLEST, HOTTEST = 0.01, 100.0


class AttentionExplorer(Explorer):
    """Queries that look at keys, head by head: products, scale, mask, softmax, weighted sum.

    Beside ``position`` (the query) and ``predict``, the synced traits are ``head``, ``key`` (whose
    product is written out), ``component`` (which number of the output is), ``temperature`` (0.01
    to 100, divides the scores), ``scaled`` (whether products are divided by √E), ``mask`` and
    ``padding`` (how many of the last keys the mask "padding" hides). They may be changed from
    Python or on the screen; a value that cannot be raises ``TraitError``.

    Parameters
    ----------
    queries, keys, values
        (length, width), or (heads, length, width): at most 8 heads, 32 queries and keys, and 64
        numbers in each. The keys are the values too when these are left out.
    tokens, key_tokens
        Labels of the queries and of the keys: a text of as many characters, or a list of short
        texts. The queries' labels are the keys' too where there are as many of both.
    mask
        ``None``, ``"causal"``, ``"padding"``, or a boolean mask of your own, (queries, keys) or
        (heads, queries, keys), True where a query may look.
    temperature
        What scores are divided by before the softmax: small for a sharp look, large for an even
        one.
    picture
        Height and width, where queries, keys and values are images and are to be drawn as such.

    Raises
    ------
    ShapeError
        If inputs, mask and tokens are too large or do not fit together.
    DTypeError, OptionError
        If numbers are not real and finite, or an option is none of those above.

    Notes
    -----
    Everything counts from 0. A query that may look at no key gets weights and an output of 0. With
    fewer or more queries than keys, the causal mask lets the last query see all keys.

    Examples
    --------
    >>> explorer = AttentionExplorer(2 * torch.eye(3), torch.eye(3), tokens="猫坐下", position=1)
    >>> explorer
    AttentionExplorer: queries 3 × 3, keys 3 × 3, values 3 × 3
    query 1 "坐": most to key 1 "坐" with 0.6134, entropy 0.9352 of at most 1.099
    >>> explorer.mask = "causal"
    >>> explorer.weights[0, 1]
    tensor([0.2396, 0.7604, 0.0000])
    """

    _esm = es_module("attention")

    queries_bytes = Bytes().tag(sync=True)
    keys_bytes = Bytes().tag(sync=True)
    values_bytes = Bytes().tag(sync=True)
    allowed_bytes = Bytes().tag(sync=True)  # of the mask that was given, one byte a cell
    shape = Tuple(*[Int()] * 5).tag(sync=True)
    picture = List(Int()).tag(sync=True)
    tokens = List(Unicode()).tag(sync=True)
    key_tokens = List(Unicode()).tag(sync=True)
    head = Int(0).tag(sync=True)
    key = Int(0).tag(sync=True)
    component = Int(0).tag(sync=True)
    temperature = Number(1.0).tag(sync=True)
    scaled = Truth(True).tag(sync=True)
    mask = Enum(MASKS, "none").tag(sync=True)
    padding = Int(1).tag(sync=True)

    def __init__(
        self,
        queries: Stack,
        keys: Stack,
        values: Stack | None = None,
        *,
        tokens: str | Sequence[str] | None = None,
        key_tokens: str | Sequence[str] | None = None,
        mask: str | Mask | None = None,
        temperature: float = 1.0,
        picture: tuple[int, int] | None = None,
        **traits: Any,
    ) -> None:
        self.heads = attention_heads(queries, keys, values)
        shape = self.heads.shape
        chosen, self.given = chosen_mask(mask, shape)
        if not COOLEST <= temperature <= HOTTEST:
            raise OptionError(_not_a_temperature(temperature))
        labels = step_labels(tokens, shape[1], name="tokens", of="queries")
        if key_tokens is None and shape[1] == shape[2]:
            key_tokens = labels or None
        super().__init__(
            **{
                f"{name}_bytes": stack.numpy().tobytes()
                for name, stack in self.heads._asdict().items()
            },
            allowed_bytes=b"" if self.given is None else self.given.numpy().tobytes(),
            shape=shape,
            picture=image_size(picture, shape),
            tokens=labels,
            key_tokens=step_labels(key_tokens, shape[2], name="key_tokens", of="keys"),
            mask=chosen,
            temperature=temperature,
            **traits,
        )

    @property
    def allowed(self) -> Bool[Tensor, "N T S"]:
        """Which keys each query may look at with the present mask."""
        heads, queries, keys, *_ = self.shape
        everywhere = torch.ones(heads, queries, keys, dtype=torch.bool)
        if self.mask == "causal":
            return everywhere & causal_mask(queries, keys)
        if self.mask == "padding":
            return everywhere & (torch.arange(keys) < keys - self.padding)
        return everywhere if self.mask == "none" else self.given

    @property
    def scale(self) -> float:
        """What the products are multiplied by before the softmax."""
        return 1 / ((self.shape[3] ** 0.5 if self.scaled else 1) * self.temperature)

    @property
    def weights(self) -> Float[Tensor, "N T S"]:
        """The map of each head: how much of its attention a query gives to each key."""
        queries, keys, _ = self.heads
        return attention_weights(queries, keys, mask=self.allowed, scale=self.scale)

    @property
    def output(self) -> Float[Tensor, "N T W"]:
        """What each query gets: the values, weighted."""
        return self.weights @ self.heads.values

    @property
    def entropy(self) -> Float[Tensor, "N T"]:
        """How spread out each query's look is, in nats: 0 for a single key, ln n for n keys."""
        return torch.special.entr(self.weights).sum(dim=-1)

    @property
    def code(self) -> str:
        """The present state as Python, the same text as the button "Copy as Python" gives."""
        names = ("head", "mask", "padding", "temperature", "scaled")
        options = {name: getattr(self, name) for name in names}
        return attention_code(self.shape, self.position, **options)

    def step(self, position: int | None = None) -> AttentionStep:
        """Work out one query of the present head, by default the present one."""
        (query,) = self._place(position)
        queries, keys, _ = (stack[self.head] for stack in self.heads)
        products = keys @ queries[query]
        hidden = ~self.allowed[self.head, query]
        scores = (self.scale * products).masked_fill(hidden, -torch.inf)
        weights, output = (stack[self.head, query] for stack in (self.weights, self.output))
        return AttentionStep(
            query, products, scores, weights, output, self.entropy[self.head, query].item()
        )

    def describe(self) -> str:
        """Say the present step: the sizes, then the query and the key that gets most."""
        heads, queries, keys, width, value_width = self.shape
        sizes = f"queries {queries} × {width}, keys {keys} × {width}, values {keys} × {value_width}"
        head = f"head {self.head} of {heads}: " if heads > 1 else ""
        mask = "" if self.mask == "none" else f", mask: {self.mask}"
        label = f' "{self.tokens[self.position]}"' if self.tokens else ""
        look = look_words(self.step(), self.key_tokens, reveal=not self.predict)
        return f"{type(self).__name__}: {head}{sizes}{mask}\nquery {self.position}{label}: {look}"

    def poster(self) -> bytes:
        """Draw the present step as PNG bytes."""
        from labkit.figures.attention import attention_poster

        return attention_poster(
            self.weights[self.head],
            self.heads.values[self.head],
            allowed=self.allowed[self.head],
            position=self.position,
            tokens=self.tokens,
            key_tokens=self.key_tokens,
            reveal=not self.predict,
        )

    def _places(self, **_: Any) -> tuple[int, ...]:
        return (self.shape[1],)

    @validate("head", "key", "component", "padding")
    def _is_one_of(self, proposal: dict[str, Any]) -> int:
        name, value = proposal["trait"].name, proposal["value"]
        heads, _, keys, _, width = self.shape
        most = {"head": heads - 1, "key": keys - 1, "component": width - 1, "padding": keys}[name]
        if not 0 <= value <= most:
            raise TraitError(f"{name} is {value}; expected a whole number from 0 to {most}")
        return value

    @validate("temperature")
    def _is_a_temperature(self, proposal: dict[str, Any]) -> float:
        if not COOLEST <= proposal["value"] <= HOTTEST:
            raise TraitError(_not_a_temperature(proposal["value"]))
        return proposal["value"]

    @validate("mask")
    def _is_there_to_choose(self, proposal: dict[str, Any]) -> str:
        if proposal["value"] == "given" and self.given is None:
            raise TraitError("mask is 'given', but none was; give one to AttentionExplorer(mask=…)")
        return proposal["value"]


def _not_a_temperature(value: float) -> str:
    return f"temperature is {value}; expected a number from {COOLEST} to {HOTTEST:.0f}"
