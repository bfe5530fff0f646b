"""labkit.ops.additive_attention: a worked example, the loops, PyTorch's own pieces, edges."""

import math

import pytest
import torch
from torch import nn

from labkit.errors import DTypeError, ShapeError
from labkit.ops.additive_attention import (
    additive_attention,
    additive_attention_loops,
    additive_attention_weights,
)

FORMS = [additive_attention, additive_attention_loops]


def problem(dtype=torch.float64):
    """Two sequences of three queries and four keys; every width is another."""
    generator = torch.Generator().manual_seed(0)
    shapes = [(2, 3, 5), (2, 4, 6), (2, 4, 7), (8, 5), (8, 6), (8,)]
    return [torch.randn(s, generator=generator, dtype=torch.float64).to(dtype) for s in shapes]


def some(kind):
    """A mask of a kind; the second query may look nowhere."""
    allowed = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(1)) > 0.4
    allowed[..., 0] = True
    allowed[:, 1] = False
    added = torch.randn(3, 4, generator=torch.Generator().manual_seed(2)).double()
    return {
        "none": None,
        "boolean": allowed,
        "padding": torch.tensor([[True] * 3 + [False]]),
        "additive": added.masked_fill(~allowed, -math.inf),
    }[kind]


@pytest.mark.parametrize("attend", FORMS)
def test_the_worked_example(attend):
    query, keys = torch.tensor([[2.0]]), torch.tensor([[-1.0], [0.0]])
    w, u = torch.tensor([[1.0]]), torch.tensor([[2.0]])
    scores = [3 * math.tanh(1 * 2 + 2 * -1), 3 * math.tanh(1 * 2 + 2 * 0)]
    low, high = map(math.exp, scores)
    answer = attend(query, keys, torch.tensor([[10.0], [20.0]]), w, u, torch.tensor([3.0]))
    assert answer.item() == pytest.approx((10 * low + 20 * high) / (low + high))


@pytest.mark.parametrize("kind", ["none", "boolean", "padding", "additive"])
def test_agrees_with_the_loops(kind):
    torch.testing.assert_close(
        additive_attention(*problem(), mask=some(kind)),
        additive_attention_loops(*problem(), mask=some(kind)),
    )


@pytest.mark.parametrize("kind", ["none", "padding"])
def test_agrees_with_pytorchs_layers_in_values_and_all_gradients(kind):
    leaves = [x.requires_grad_() for x in problem()]
    query, keys, values, w, u, v = leaves
    together = nn.functional.linear(query, w)[:, :, None] + nn.functional.linear(keys, u)[:, None]
    scores = nn.functional.linear(together.tanh(), v[None])[..., 0]
    if kind == "padding":
        scores = scores.masked_fill(~some(kind), -math.inf)
    theirs = nn.functional.softmax(scores, dim=-1) @ values
    ours = additive_attention(*leaves, mask=some(kind))
    torch.testing.assert_close(ours, theirs)
    for mine, its in zip(
        torch.autograd.grad(ours.sin().sum(), leaves),
        torch.autograd.grad(theirs.sin().sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("kind", ["boolean", "additive"])
def test_gradcheck(attend, kind):
    leaves = tuple(x.requires_grad_() for x in problem())
    mask = some(kind)
    assert torch.autograd.gradcheck(lambda *a: attend(*a, mask=mask), leaves, fast_mode=True)


def test_the_map_sums_to_one_and_gives_the_answers():
    query, keys, values, *network = problem()
    maps = additive_attention_weights(query, keys, *network, mask=some("boolean"))
    torch.testing.assert_close(maps.sum(-1), torch.tensor([[1, 0, 1]] * 2).double())
    answers = additive_attention(query, keys, values, *network, mask=some("boolean"))
    torch.testing.assert_close(maps @ values, answers)


# Edge contracts


@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("kind", ["boolean", "additive"])
def test_a_fully_masked_row_gives_zeros_and_zero_gradients(attend, dtype, kind):
    leaves = [x.requires_grad_() for x in problem(dtype)]
    answers = attend(*leaves, mask=some(kind))
    assert answers.dtype is dtype
    assert (answers[:, 1] == 0).all()
    gradients = torch.autograd.grad(answers.sum(), leaves)
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert (gradients[0][:, 1] == 0).all()


@pytest.mark.parametrize("attend", FORMS)
def test_what_lies_in_the_padding_matters_to_nobody(attend):
    query, keys, values, *network = problem()
    expected = attend(query, keys[:, :3], values[:, :3], *network)
    keys[:, 3], values[:, 3] = math.nan, math.inf
    leaves = [x.requires_grad_() for x in (query, keys, values, *network)]
    answers = attend(*leaves, mask=some("padding"))
    torch.testing.assert_close(answers, expected)
    if attend is additive_attention:
        assert all(g.isfinite().all() for g in torch.autograd.grad(answers.sum(), leaves))


@pytest.mark.parametrize("attend", FORMS)
def test_empty_batch_and_empty_sequences(attend):
    query, keys, values, *network = problem()
    assert attend(query[:0], keys[:0], values[:0], *network).shape == (0, 3, 7)
    assert attend(query[:, :0], keys, values, *network).shape == (2, 0, 7)
    nothing = attend(query, keys[:, :0], values[:, :0], *network)
    assert torch.equal(nothing, torch.zeros(2, 3, 7).double())


@pytest.mark.parametrize("attend", FORMS)
def test_leading_axes_are_broadcast_or_left_out(attend):
    query, keys, values, *network = problem()
    whole = attend(query, keys[:1], values[:1], *network)
    assert whole.shape == (2, 3, 7)
    alone = attend(query[1], keys[0], values[0], *network)
    torch.testing.assert_close(alone, whole[1])
    turned = query.transpose(1, 2).contiguous().transpose(1, 2)
    torch.testing.assert_close(attend(turned, keys[:1], values[:1], *network), whole)


@pytest.mark.parametrize("attend", FORMS)
def test_a_nan_in_a_query_stays_in_its_row(attend):
    query, keys, values, *network = problem()
    query[0, 2, 1] = math.nan
    answers = attend(query, keys, values, *network)
    assert answers.isnan().any(dim=-1).nonzero().tolist() == [[0, 2]]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_the_same():
    there = additive_attention(*(x.cuda() for x in problem()), mask=some("boolean").cuda())
    torch.testing.assert_close(there.cpu(), additive_attention(*problem(), mask=some("boolean")))


WRONG = [
    ("values", lambda a, q, k, v, *n: a(q, k, v[:, 1:], *n), ShapeError, "one value for each key"),
    ("a vector", lambda a, q, k, v, *n: a(q[0, 0], k, v, *n), ShapeError, "query must be"),
    ("batches", lambda a, q, k, v, *n: a(q, k[:1].expand(3, -1, -1), v, *n), ShapeError,
     r"must be equal or 1; got query \(2, 3, 5\), keys \(3, 4,"),
    ("the values' batch", lambda a, q, k, v, *n: a(q, k, v[:1].expand(3, -1, -1), *n), ShapeError,
     "must be equal or 1; got .* values"),
    ("the mask's batch", lambda a, q, k, v, *n: a(q, k, v, *n, mask=torch.ones(3, 3, 4) > 0),
     ShapeError, r"must be equal or 1; got .* mask \(3, 3, 4\)"),
    ("a column of weights", lambda a, q, k, v, w, u, s: a(q, k, v, w, u, s[:, None]), ShapeError,
     "weight_score must be one vector"),
    ("query's width", lambda a, q, k, v, *n: a(q[..., 1:], k, v, *n), ShapeError,
     r"weight_query must be .* here \(8, 4\), got \(8, 5\)"),
    ("key's width", lambda a, q, k, v, *n: a(q, k[..., 1:], v, *n), ShapeError, "weight_key must"),
    ("transposed", lambda a, q, k, v, w, u, s: a(q, k, v, w.T, u, s), ShapeError, r"got \(5, 8\)"),
    ("integers", lambda a, q, k, v, *n: a(q.long(), k, v, *n), DTypeError, r"use query.float\(\)"),
    ("dtype", lambda a, q, k, v, *n: a(q, k, v.float(), *n), DTypeError, "use values.to"),
    ("mask", lambda a, q, k, v, *n: a(q, k, v, *n, mask=torch.ones(3, 5) > 0), ShapeError,
     r"here \(..., 3, 4\)"),
    ("0 and 1", lambda a, q, k, v, *n: a(q, k, v, *n, mask=torch.ones(3, 4).int()), DTypeError,
     "True = may look"),
]  # fmt: skip


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("attend", FORMS)
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(attend, call, error, says):
    with pytest.raises(error, match=says):
        call(attend, *problem())
