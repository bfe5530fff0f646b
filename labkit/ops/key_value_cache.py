"""A cache of keys and values: a model that writes one token at a time projects each token once.

With causal attention, nothing that comes later changes the keys and values of what came before; so
they are kept, and a new token asks its one query of them [1]_. The answers are those of causal
attention over the whole sequence.

H key heads, T new steps, S steps in the cache, E width of a query and a key, Ev width of a value.

References
----------
.. [1] Pope et al. (2022), Efficiently Scaling Transformer Inference.
   https://arxiv.org/abs/2211.05102
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.ops.arguments import expect_alike
from labkit.ops.attention_inputs import Number
from labkit.ops.scaled_dot_product import scaled_dot_product_attention

__all__ = ["KeyValueCache"]

Keys = Float[Tensor, "*batch T E"]
Values = Float[Tensor, "*batch T Ev"]


class KeyValueCache:
    """The keys and values of every step so far.

    A step more is a copy of the steps before, which costs no more than reading them for the
    attention; gradients pass through, and steps already given out never change.

    Examples
    --------
    >>> q, k, v = torch.rand(3, 5, 4).unbind()
    >>> cache = KeyValueCache()
    >>> steps = [cache.attend(q[[t]], k[[t]], v[[t]]) for t in range(5)]
    >>> whole = scaled_dot_product_attention(q, k, v, causal=True)
    >>> torch.allclose(torch.cat(steps), whole), cache.length
    (True, 5)
    """

    def __init__(self) -> None:
        self.keys: Float[Tensor, "*batch S E"] | None = None
        self.values: Float[Tensor, "*batch S Ev"] | None = None

    @property
    def length(self) -> int:
        """How many steps are in the cache."""
        return 0 if self.keys is None else self.keys.shape[-2]

    def append(self, k: Keys, v: Values) -> None:
        """Add the keys and values of one step, or of many.

        Parameters
        ----------
        k, v
            Like those before in all but the length: axes before the last two, widths, dtype.

        Raises
        ------
        ShapeError, DTypeError, DeviceError
            If they are not like those before; the cache is left as it was.
        """
        self.keys, self.values = self._with(k, v)

    def attend(
        self,
        q: Float[Tensor, "*batch_q T E"],
        k: Keys | None = None,
        v: Values | None = None,
        *,
        mask: Bool[Tensor, "*batch_m #T #S"] | Float[Tensor, "*batch_m #T #S"] | None = None,
        bias: Float[Tensor, "*batch_b #T #S"] | None = None,
        scale: Number | None = None,
        window: int | None = None,
        softcap: Number | None = None,
    ) -> Float[Tensor, "*batch_o T Ev"]:
        """Add the new steps, and answer their queries: the last ``T`` steps of the cache ask.

        Parameters
        ----------
        q
            The queries of the newest steps.
        k, v
            The same steps' keys and values; left out if they were appended before.
        mask, bias, scale, window, softcap
            As in `labkit.ops.attention.scaled_dot_product_attention`; the keys are all the steps
            in the cache. It is always causal.

        Raises
        ------
        OptionError
            If only one of keys and values is given, or the cache is empty.
        ShapeError, DTypeError, DeviceError
            If they do not fit; after any error the cache is as it was.
        """
        if (k is None) != (v is None):
            raise OptionError("give both k and v, or neither if they were appended before")
        new = k is not None and v is not None
        keys, values = self._with(k, v) if new else (self.keys, self.values)
        if keys is None or values is None:
            raise OptionError("the cache is empty: append(k, v) first, or give attend q, k and v")
        answers = scaled_dot_product_attention(
            q, keys, values, mask=mask, bias=bias, causal=True, scale=scale,
            window=window, softcap=softcap,
        )  # fmt: skip
        self.keys, self.values = keys, values
        return answers

    def _with(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Join new steps to those so far, if they fit."""
        expect_alike(k=k, v=v)
        if min(k.dim(), v.dim()) < 2 or k.shape[-2] != v.shape[-2]:
            raise ShapeError(
                "there must be one value for each key, (..., length, width), "
                f"got k {tuple(k.shape)}, v {tuple(v.shape)}"
            )
        return _joined("k", self.keys, k), _joined("v", self.values, v)


def _joined(name: str, before: Tensor | None, more: Tensor) -> Tensor:
    """Copy what there was and what comes into one tensor; nobody else holds it."""
    if before is None:
        return more.clone()
    expect_alike(cache=before, **{name: more})
    if before.shape[:-2] != more.shape[:-2] or before.shape[-1] != more.shape[-1]:
        raise ShapeError(
            f"{name} must be like the steps in the cache in all but the length (axis -2): "
            f"got {tuple(more.shape)} after {tuple(before.shape)}"
        )
    return torch.cat([before, more], dim=-2)
