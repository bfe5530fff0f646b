"""Multi-head attention: several attentions side by side, each on its own projection.

It is one mechanism with scaled dot-product attention, not another: heads are one more axis.

B batch, H heads, T queries, S keys, D width of a query (d_model), E = D / H width of a head.

References
----------
.. [1] Vaswani et al. (2017), Attention Is All You Need, section 3.2.2.
   https://arxiv.org/abs/1706.03762
"""

from collections.abc import Mapping

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import linear

from labkit.errors import OptionError, ShapeError
from labkit.ops.arguments import expect_alike
from labkit.ops.attention_loops import attention_weights_loops, scaled_dot_product_attention_loops
from labkit.ops.scaled_dot_product import attention_weights, scaled_dot_product_attention
from labkit.ops.windows import pair

__all__ = ["multi_head_attention", "multi_head_attention_loops"]

# (*batch, T, D), or (T, batch, D) where the batch comes second
Queries = Float[Tensor, "*axes D"]
Keys = Float[Tensor, "*source_axes width_k"]
Values = Float[Tensor, "*source_axes width_v"]
Mask = Bool[Tensor, "*batch_m #T #S"] | Float[Tensor, "*batch_m #T #S"]
Map = Float[Tensor, "*batch_o H T S"]


def multi_head_attention(
    query: Queries,
    key: Keys,
    value: Values,
    weights: Mapping[str, Tensor],
    *,
    num_heads: int,
    mask: Mask | None = None,
    bias: Float[Tensor, "*batch_b #T #S"] | None = None,
    causal: bool = False,
    batch_first: bool = True,
    need_weights: bool = False,
) -> Queries | tuple[Queries, Map]:
    """Project, attend in every head at once, put the heads side by side, and project again [1]_.

    Parameters
    ----------
    query, key, value
        What asks, what is matched and what is answered with: the same tensor three times for
        self-attention. Shapes ``(*batch, T, D)``; with ``batch_first=False``, ``(T, batch, D)``.
    weights
        As ``nn.MultiheadAttention(...).state_dict()`` gives them: ``in_proj_weight`` (3 D, D), or
        ``q_proj_weight``, ``k_proj_weight`` and ``v_proj_weight`` where keys or values have a width
        of their own; ``out_proj.weight`` (D, D); and, or not, ``in_proj_bias`` (3 D) and
        ``out_proj.bias`` (D).
    num_heads
        Parts that D is split into; head ``h`` has the numbers ``h * E`` to ``(h + 1) * E - 1``.
    mask
        True where a query **may look** at a key, or numbers to add, broadcast against
        ``(*batch, H, T, S)``. **`nn.MultiheadAttention` has both its masks the other way round**:
        its ``attn_mask`` is ``~mask``, its ``key_padding_mask`` is ``~keep`` for
        ``mask=keep[:, None, None, :]``.
    bias, causal
        As in `labkit.ops.attention.scaled_dot_product_attention`.
    batch_first
        Whether the batch comes before the length. (PyTorch's default is False.)
    need_weights
        Whether the maps are returned as well.

    Returns
    -------
    Queries, or Queries and Map
        The answers, shaped like ``query``; with ``need_weights`` also one map for each head, of
        which PyTorch returns the mean over the heads.

    Raises
    ------
    ShapeError, OptionError, DTypeError, DeviceError
        If weights are missing or do not fit, the heads do not divide D, or as in
        `scaled_dot_product_attention`.

    Examples
    --------
    >>> mha = torch.nn.MultiheadAttention(4, num_heads=2)
    >>> x = torch.ones(1, 3, 4)
    >>> multi_head_attention(x, x, x, mha.state_dict(), num_heads=2).shape
    torch.Size([1, 3, 4])
    """
    sources, matrices, biases = _inputs(query, key, value, weights, num_heads, batch_first)
    q, k, v = (
        linear(x, matrix, b).unflatten(-1, (num_heads, -1)).transpose(-3, -2)
        for x, matrix, b in zip(sources, matrices, biases, strict=True)
    )  # each (*batch, H, length, E)
    options = {"mask": mask, "bias": bias, "causal": causal}
    answers = scaled_dot_product_attention(q, k, v, **options)
    merged = answers.transpose(-3, -2).flatten(-2)  # (*batch, H, T, E) -> (*batch, T, D)
    output = linear(merged, weights["out_proj.weight"], weights.get("out_proj.bias"))
    if not batch_first and query.dim() > 2:
        output = output.transpose(0, 1)
    return (output, attention_weights(q, k, **options)) if need_weights else output


def multi_head_attention_loops(
    query: Queries,
    key: Keys,
    value: Values,
    weights: Mapping[str, Tensor],
    *,
    num_heads: int,
    mask: Mask | None = None,
    bias: Float[Tensor, "*batch_b #T #S"] | None = None,
    causal: bool = False,
    batch_first: bool = True,
    need_weights: bool = False,
) -> Queries | tuple[Queries, Map]:
    """Project with the rows of one head at a time, and add up what each head gives the output.

    Parameters, result and errors are those of `multi_head_attention`.

    Examples
    --------
    >>> mha = torch.nn.MultiheadAttention(4, num_heads=2)
    >>> x = torch.ones(1, 3, 4)
    >>> multi_head_attention_loops(x, x, x, mha.state_dict(), num_heads=2).shape
    torch.Size([1, 3, 4])
    """
    sources, matrices, biases = _inputs(query, key, value, weights, num_heads, batch_first)
    out_matrix, output = weights["out_proj.weight"], weights.get("out_proj.bias", 0)
    width = len(out_matrix) // num_heads
    parts = [slice(h * width, (h + 1) * width) for h in range(num_heads)]
    q, k, v = (
        torch.stack([linear(x, matrix[p], None if b is None else b[p]) for p in parts], dim=-3)
        for x, matrix, b in zip(sources, matrices, biases, strict=True)
    )
    options = {"mask": mask, "bias": bias, "causal": causal}
    answers = scaled_dot_product_attention_loops(q, k, v, **options)
    for h, part in enumerate(parts):
        output = output + answers[..., h, :, :] @ out_matrix[:, part].T
    if not batch_first and query.dim() > 2:
        output = output.transpose(0, 1)
    return (output, attention_weights_loops(q, k, **options)) if need_weights else output


def _inputs(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    weights: Mapping[str, Tensor],
    num_heads: int,
    batch_first: bool,
) -> tuple[list[Tensor], list[Tensor], list[Tensor | None]]:
    """Check the arguments; put the batch first; pair each tensor with its matrix and its bias."""
    matrices, biases = _projections(weights, num_heads)
    expect_alike(query=query, key=key, value=value, **weights)
    sources = {"query": query, "key": key, "value": value}
    for (name, x), matrix in zip(sources.items(), matrices, strict=True):
        if x.dim() < 2 or x.shape[-1] != matrix.shape[-1]:
            raise ShapeError(
                f"{name} must be (..., length, width) with the width {matrix.shape[-1]} that its "
                f"projection expects, got {tuple(x.shape)}"
            )
    turned = [x if batch_first or x.dim() == 2 else x.transpose(0, 1) for x in sources.values()]
    return turned, matrices, biases


def _projections(
    weights: Mapping[str, Tensor], num_heads: int
) -> tuple[list[Tensor], list[Tensor | None]]:
    """Read the matrices and biases of query, key and value from PyTorch's state."""
    if not isinstance(weights, Mapping):
        raise OptionError(
            f"weights must be a mapping from names to tensors, got {type(weights).__name__}; "
            "of a module use module.state_dict(), or dict(module.named_parameters())"
        )
    names = [f"{name}_proj_weight" for name in ("q", "k", "v")]
    names = ["in_proj_weight"] if "in_proj_weight" in weights else names
    missing = [name for name in [*names, "out_proj.weight"] if name not in weights]
    if missing or "bias_k" in weights:
        raise OptionError(
            "weights must be the state_dict() of nn.MultiheadAttention, without add_bias_kv: "
            f"it has {', '.join(missing) or 'no bias_k'}; got {', '.join(weights) or 'nothing'}"
        )
    d_model = len(weights["out_proj.weight"])
    pair(num_heads, "num_heads", axes=1)
    if d_model % num_heads:
        raise OptionError(f"num_heads={num_heads} must divide the width of {d_model}")
    _expect_shapes(weights, d_model)
    matrices = [part for name in names for part in weights[name].split(d_model)]
    bias = weights.get("in_proj_bias")
    return matrices, [None] * 3 if bias is None else list(bias.split(d_model))


def _expect_shapes(weights: Mapping[str, Tensor], d_model: int) -> None:
    """Refuse weights that are not of one width; keys and values may come in widths of their own."""
    one, three = (d_model, d_model), (3 * d_model, d_model)
    shapes = {"in_proj_weight": three, "q_proj_weight": one, "out_proj.weight": one}
    for name in {"k_proj_weight", "v_proj_weight"} & weights.keys():
        shapes[name] = (d_model, weights[name].shape[-1])
    shapes |= {"in_proj_bias": three[:1], "out_proj.bias": one[:1]}
    for name, expected in shapes.items():
        if name in weights and weights[name].shape != expected:
            raise ShapeError(
                f"{name} must have shape {expected} for {d_model} features, as many as "
                f"out_proj.weight has rows; got {tuple(weights[name].shape)}"
            )
