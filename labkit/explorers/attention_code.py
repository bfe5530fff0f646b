"""Attention as Python code: what the button "Copy as Python" gives, to be run and changed."""

from collections.abc import Sequence

__all__ = ["attention_code"]

MASKS = {
    "none": "",
    "causal": (
        "mask = torch.ones({T}, {S}, dtype=torch.bool).tril({offset})"
        "  # the last query sees all keys\n"
    ),
    "padding": (
        "mask = torch.arange({S}).expand({T}, {S}) < {S} - {padding}  # the last keys are padding\n"
    ),
    "given": "",
}
CODE = """\
import torch
import torch.nn.functional as F

# {stacked}queries ({T} × {E}), keys ({S} × {E}), values ({S} × {W}){given}
query, key, value = {chosen}
{mask_line}scale = 1 / {scale}
scores = (scale * query @ key.T){hidden}
weights = scores.softmax(dim=-1){zeros}
output = F.scaled_dot_product_attention(query, key, value{attn_mask}, scale=scale)
print(weights[{position}])
print(output[{position}])
"""


def attention_code(
    shape: Sequence[int],
    position: int,
    *,
    head: int,
    mask: str,
    padding: int,
    temperature: float,
    scaled: bool,
) -> str:
    """Write one head of attention, and what one query gets, as Python.

    Parameters
    ----------
    shape
        Heads, queries, keys, width of a key, width of a value.

    Examples
    --------
    >>> options = {"mask": "none", "padding": 1, "temperature": 1.0, "scaled": True}
    >>> print(attention_code((2, 6, 6, 64, 64), 3, head=1, **options).splitlines()[4])
    query, key, value = queries[1], keys[1], values[1]
    """
    heads, queries, keys, width, value_width = shape
    several, masked = heads > 1, mask != "none"
    names = ("queries", "keys", "values")
    line = MASKS[mask].format(T=queries, S=keys, offset=keys - queries, padding=padding)
    if mask == "given" and several:
        line = f"mask = mask.expand({heads}, {queries}, {keys})[{head}]\n"
    return CODE.format(
        stacked=f"{heads} heads of " if several else "",
        given=", mask (True: may look)" if mask == "given" else "",
        chosen=", ".join(f"{name}[{head}]" if several else name for name in names),
        mask_line=line,
        scale=f"({width}**0.5 * {temperature!r})" if scaled else repr(temperature),
        hidden=".masked_fill(~mask, -torch.inf)" if masked else "",
        zeros=".nan_to_num()  # no key to look at: zeros" if masked else "",
        attn_mask=", attn_mask=mask" if masked else "",
        T=queries,
        S=keys,
        E=width,
        W=value_width,
        position=position,
    )
