"""Additive attention, the first of them: a small network scores each key for each query [1]_.

::

    score = w · tanh(W query + U key)        weights = softmax(scores)

Bahdanau, Cho and Bengio let a translator look back at the words of the source. The paper calls
``w``, ``W`` and ``U`` here ``v_a``, ``W_a`` and ``U_a``; its queries are the decoder's states
``s``, and its keys and values are both the annotations ``h``. Scaled dot products replaced it:
one matrix product for all scores is faster than T S small networks.

B batch, T queries, S keys, Eq Ek Ev widths of a query, a key and a value, A width of the network.

References
----------
.. [1] Bahdanau, Cho and Bengio (2015), Neural Machine Translation by Jointly Learning to Align and
   Translate, appendix A.1.2. https://arxiv.org/abs/1409.0473
"""

from itertools import product

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from labkit.errors import ShapeError
from labkit.ops.arguments import expect_alike
from labkit.ops.attention_loops import flat, share_out
from labkit.ops.mask_arguments import clear_unseen, expect_mask, mask_and_bias
from labkit.ops.masked_softmax import masked_softmax

__all__ = ["additive_attention", "additive_attention_loops", "additive_attention_weights"]

Queries = Float[Tensor, "*batch_q T Eq"]
Keys = Float[Tensor, "*batch_k S Ek"]
Values = Float[Tensor, "*batch_v S Ev"]
QueryMatrix = Float[Tensor, "A Eq"]
KeyMatrix = Float[Tensor, "A Ek"]
ScoreVector = Float[Tensor, " A"]
Mask = Bool[Tensor, "*batch_m #T #S"] | Float[Tensor, "*batch_m #T #S"]
Outputs = Float[Tensor, "*batch_o T Ev"]


def additive_attention(
    query: Queries,
    keys: Keys,
    values: Values,
    weight_query: QueryMatrix,
    weight_key: KeyMatrix,
    weight_score: ScoreVector,
    *,
    mask: Mask | None = None,
) -> Outputs:
    """Answer each query with the mean of the values, weighted by how a network scores their keys.

    Parameters
    ----------
    query, keys, values
        Any axes before the last two, broadcast against each other.
    weight_query, weight_key, weight_score
        ``W``, ``U`` and ``w`` above, as `torch.nn.Linear` keeps a matrix: ``(out, in)``.
    mask
        True where a query **may look** at a key, or numbers to add to the scores.

    Returns
    -------
    Outputs
        One answer for each query, in the values' units; zeros for one that may look nowhere.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        If the tensors do not fit together.

    Examples
    --------
    >>> keys = values = torch.tensor([[1.0], [3.0]])
    >>> matrix, vector = torch.zeros(1, 1), torch.ones(1)
    >>> additive_attention(torch.ones(1, 1), keys, values, matrix, matrix, vector).tolist()
    [[2.0]]
    """
    network = (weight_query, weight_key, weight_score)
    _expect_fitting(query, keys, values, *network, mask)
    shares = additive_attention_weights(query, keys, *network, mask=mask)
    return shares @ clear_unseen(values, mask_and_bias(mask, dtype=values.dtype)[0])


def additive_attention_weights(
    query: Queries,
    keys: Keys,
    weight_query: QueryMatrix,
    weight_key: KeyMatrix,
    weight_score: ScoreVector,
    *,
    mask: Mask | None = None,
) -> Float[Tensor, "*batch_o T S"]:
    """Compute the map: what share of its attention each query pays to each key.

    Parameters and errors are those of `additive_attention`.

    Examples
    --------
    >>> matrix, vector = torch.ones(1, 1), torch.zeros(1)
    >>> additive_attention_weights(torch.ones(1, 1), torch.ones(2, 1), matrix, matrix, vector)
    tensor([[0.5000, 0.5000]])
    """
    _expect_fitting(query, keys, None, weight_query, weight_key, weight_score, mask)
    allowed, bias = mask_and_bias(mask, dtype=query.dtype)
    asked = query @ weight_query.mT
    offered = clear_unseen(keys, allowed) @ weight_key.mT
    hidden = (asked.unsqueeze(-2) + offered.unsqueeze(-3)).tanh()  # (*batch, T, S, A)
    scores = hidden @ weight_score
    return masked_softmax(scores if bias is None else scores + bias, allowed)


def additive_attention_loops(
    query: Queries,
    keys: Keys,
    values: Values,
    weight_query: QueryMatrix,
    weight_key: KeyMatrix,
    weight_score: ScoreVector,
    *,
    mask: Mask | None = None,
) -> Outputs:
    """Score one key for one query at a time: the definition, slow on purpose.

    Parameters, result and errors are those of `additive_attention`.

    Examples
    --------
    >>> keys = values = torch.tensor([[1.0], [3.0]])
    >>> matrix, vector = torch.zeros(1, 1), torch.ones(1)
    >>> additive_attention_loops(torch.ones(1, 1), keys, values, matrix, matrix, vector).tolist()
    [[2.0]]
    """
    _expect_fitting(query, keys, values, weight_query, weight_key, weight_score, mask)
    mask, bias = mask_and_bias(mask, dtype=query.dtype)
    batch = torch.broadcast_shapes(
        *(x.shape[:-2] for x in (query, keys, values, mask) if x is not None)
    )
    lengths = query.shape[-2], keys.shape[-2]
    asked, offered, answered = (flat(x, batch) for x in (query, keys, values))
    allowed, added = (
        x if x is None else flat(x.expand(*x.shape[:-2], *lengths), batch) for x in (mask, bias)
    )
    answers = query.new_zeros(len(asked), lengths[0], values.shape[-1])
    for n, i in product(*map(range, answers.shape[:2])):
        scores = {}
        for j in range(lengths[1]):
            if allowed is None or allowed[n, i, j]:
                inner = (weight_query @ asked[n, i] + weight_key @ offered[n, j]).tanh()
                scores[j] = weight_score @ inner + (0 if added is None else added[n, i, j])
        for j, share in share_out(scores).items():
            answers[n, i] += share * answered[n, j]
    return answers.reshape(*batch, *answers.shape[1:])


def _expect_fitting(
    query: Tensor,
    keys: Tensor,
    values: Tensor | None,
    weight_query: Tensor,
    weight_key: Tensor,
    weight_score: Tensor,
    mask: Tensor | None,
) -> None:
    matrices = {"weight_query": weight_query, "weight_key": weight_key}
    expect_alike(query=query, keys=keys, values=values, weight_score=weight_score, **matrices)
    _expect_lengths(query=query, keys=keys, values=values)
    if mask is not None:
        expect_mask("mask", mask, query, (query.shape[-2], keys.shape[-2]))
    _expect_one_batch(query=query, keys=keys, values=values, mask=mask)
    if weight_score.dim() != 1:
        raise ShapeError(f"weight_score must be one vector, got shape {tuple(weight_score.shape)}")
    for x, (name, matrix) in zip((query, keys), matrices.items(), strict=True):
        expected = (weight_score.numel(), x.shape[-1])
        if matrix.shape != expected:
            raise ShapeError(
                f"{name} must be (numbers in weight_score, width it is multiplied with), here "
                f"{expected}, got {tuple(matrix.shape)}"
            )


def _expect_lengths(query: Tensor, keys: Tensor, values: Tensor | None) -> None:
    for name, x in (("query", query), ("keys", keys), ("values", values)):
        if x is not None and x.dim() < 2:
            raise ShapeError(f"{name} must be (..., length, width), got shape {tuple(x.shape)}")
    if values is not None and values.shape[-2] != keys.shape[-2]:
        raise ShapeError(
            f"there must be one value for each key, got keys {tuple(keys.shape)}, "
            f"values {tuple(values.shape)}"
        )


def _expect_one_batch(**tensors: Tensor | None) -> None:
    given = {name: tuple(x.shape) for name, x in tensors.items() if x is not None}
    try:
        torch.broadcast_shapes(*(shape[:-2] for shape in given.values()))
    except RuntimeError:
        shapes = ", ".join(f"{name} {shape}" for name, shape in given.items())
        raise ShapeError(f"the axes before the last two must be equal or 1; got {shapes}") from None
