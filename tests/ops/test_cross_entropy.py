"""labkit.ops.cross_entropy: surprise on paper, its loops, PyTorch over the grid, edges."""

import math
from itertools import product

import pytest
import torch
from torch.nn import functional

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops.cross_entropy import cross_entropy, cross_entropy_loops

from .test_activations import numbers

FORMS = [cross_entropy, cross_entropy_loops]
REDUCTIONS = ["none", "mean", "sum"]
GRID = [
    {"ignore_index": i, "label_smoothing": s, "reduction": r}
    for i, s, r in product([-100, 1, 7], [0.0, 0.1, 1.0], REDUCTIONS)
]
INF, NAN = torch.inf, torch.nan


def problem(places=(3,), *, batch=4, classes=5, ignore_index=-100, dtype=torch.float64):
    """Return logits and targets, some of which are ignored."""
    logits = 2 * numbers(batch, classes, *places, dtype=dtype)
    generator = torch.Generator().manual_seed(1)
    target = torch.randint(classes, (batch, *places), generator=generator)
    target.view(-1)[::4] = ignore_index
    return logits.requires_grad_(), target


def assert_same_loss(ours, theirs, logits, **tolerance):
    torch.testing.assert_close(ours, theirs, **tolerance)
    mine, its = (torch.autograd.grad(loss.sum(), logits)[0] for loss in (ours, theirs))
    torch.testing.assert_close(mine, its, **tolerance)


@pytest.mark.parametrize("form", FORMS)
def test_surprise_on_paper(form):
    logits = torch.tensor([[math.log(1), math.log(3)], [math.log(4), math.log(1)]])
    target = torch.tensor([0, 0])
    losses = [-math.log(1 / 4), -math.log(4 / 5)]
    assert form(logits, target, reduction="none").tolist() == pytest.approx(losses)
    assert form(logits, target).item() == pytest.approx(sum(losses) / 2)
    assert form(logits, target, reduction="sum").item() == pytest.approx(sum(losses))


@pytest.mark.parametrize("form", FORMS)
def test_smoothing_and_ignoring_on_paper(form):
    logits = torch.tensor([[math.log(1), math.log(3)], [5.0, -5.0]])
    loss = form(logits, torch.tensor([0, 9]), ignore_index=9, label_smoothing=0.2)
    assert loss.item() == pytest.approx(-(0.8 + 0.1) * math.log(1 / 4) - 0.1 * math.log(3 / 4))


@pytest.mark.parametrize("form", FORMS)
def test_who_knows_nothing_is_surprised_by_the_logarithm_of_the_classes(form):
    assert form(torch.zeros(3, 10), torch.tensor([0, 4, 9])).item() == pytest.approx(math.log(10))


@pytest.mark.parametrize("options", GRID, ids=str)
@pytest.mark.parametrize("places", [(), (3,), (2, 3)], ids=str)
def test_agrees_with_the_loops_and_with_pytorch(options, places):
    logits, target = problem(places, ignore_index=options["ignore_index"])
    theirs = functional.cross_entropy(logits, target, **options)
    assert_same_loss(cross_entropy(logits, target, **options), theirs, logits)
    theirs = functional.cross_entropy(logits, target, **options)
    assert_same_loss(cross_entropy_loops(logits, target, **options), theirs, logits)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_gradcheck(form, smoothing):
    logits, target = problem(batch=2, places=(2,))
    assert torch.autograd.gradcheck(lambda x: form(x, target, label_smoothing=smoothing), logits)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_all_ignored_is_nan_under_the_mean_alone_as_in_pytorch(form, reduction, smoothing):
    logits, target = problem()
    options = {"reduction": reduction, "label_smoothing": smoothing}
    ours = form(logits, torch.full_like(target, -100), **options)
    theirs = functional.cross_entropy(logits, torch.full_like(target, -100), **options)
    torch.testing.assert_close(ours, theirs, equal_nan=True)
    assert ours.isnan().any() == (reduction == "mean")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_very_large_logits(dtype):
    logits = torch.tensor([[1e4, -1e4], [1e4, -1e4]], dtype=dtype, requires_grad=True)
    for form in FORMS:
        losses = form(logits, torch.tensor([0, 1]), reduction="none")
        assert losses.tolist() == [0, (2 * logits[0, 0]).item()]
        slope = torch.autograd.grad(losses.sum(), logits)[0]
        assert slope.tolist() == [[0, 0], [1, -1]]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(form, dtype):
    logits, target = problem(dtype=dtype)
    loss = form(logits, target, label_smoothing=0.1)
    assert loss.dtype is torch.autograd.grad(loss, logits)[0].dtype is dtype
    exact = functional.cross_entropy(logits.double(), target, label_smoothing=0.1)
    assert (loss.double() - exact).abs() < 3 * torch.finfo(dtype).eps


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32])
@pytest.mark.parametrize("form", FORMS)
def test_targets_of_any_integer(form, dtype):
    logits, _ = problem(())
    target = torch.tensor([0, 1, 4, 2])
    torch.testing.assert_close(form(logits, target.to(dtype)), form(logits, target))


def test_the_device_is_kept():
    logits, target = problem()
    assert cross_entropy(logits.to("meta"), target.to("meta")).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("options", GRID, ids=str)
def test_a_gpu_gives_the_same(options):
    logits, target = problem(ignore_index=options["ignore_index"])
    there = cross_entropy(logits.cuda(), target.cuda(), **options)
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), cross_entropy(logits, target, **options))
    with pytest.raises(OptionError, match="got 9"):  # and the process lives on
        cross_entropy(logits.cuda(), target.cuda().clamp(min=0) * 0 + 9)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("batch", "places"), [(0, ()), (0, (3,)), (2, (0,)), (1, (1,))], ids=str)
def test_empty_and_single(form, reduction, batch, places):
    logits, target = problem(places, batch=batch, ignore_index=0)
    ours = form(logits, target, reduction=reduction)
    theirs = functional.cross_entropy(logits, target, reduction=reduction)
    torch.testing.assert_close(ours, theirs, equal_nan=True)


@pytest.mark.parametrize("form", FORMS)
def test_views_that_are_not_contiguous(form):
    logits, target = problem((3,))
    time_first = logits.detach().permute(2, 0, 1).contiguous().permute(1, 2, 0)
    same = target[:1].expand(4, -1)
    torch.testing.assert_close(form(time_first, same), form(logits, same.clone()))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize(
    "row", [[-INF, 0, 1], [0, -INF, 1], [INF, 0, 1], [NAN, 0, 1], [-INF, -INF, -INF]], ids=str
)
@pytest.mark.parametrize("judged", [-100, 0])
def test_infinity_and_nan_go_where_pytorch_lets_them_go(row, smoothing, judged):
    logits = torch.tensor([[0.0, 1.0, 2.0], row], requires_grad=True)
    target = torch.tensor([2, judged])
    options = {"label_smoothing": smoothing, "reduction": "none"}
    theirs = functional.cross_entropy(logits, target, **options)
    assert_same_loss(cross_entropy(logits, target, **options), theirs, logits, equal_nan=True)
    loops = cross_entropy_loops(logits, target, **options)
    torch.testing.assert_close(loops, theirs, equal_nan=True)


@pytest.mark.parametrize("form", FORMS)
def test_the_input_is_not_modified(form):
    logits, target = problem()
    before = logits.detach().clone(), target.clone()
    form(logits, target, label_smoothing=0.1)
    assert torch.equal(logits, before[0])
    assert torch.equal(target, before[1])


WRONG = [
    ("classes last", lambda x, t: (x.mT, t), {}, ShapeError, r"got \(4, 3, 5\) and \(4, 3\)"),
    ("no batch", lambda x, t: (x[0, :, 0], t[0, 0]), {}, ShapeError, r"\(batch, classes, \*places"),
    ("one-hot", lambda x, t: (x, x), {}, ShapeError, r"target \(batch, \*places\)"),
    ("floats", lambda x, t: (x, t.float()), {}, DTypeError, r"torch.float32; use target.long\(\)"),
    ("truth values", lambda x, t: (x, t > 1), {}, DTypeError, r"torch.bool; use target.long\(\)"),
    ("integers", lambda x, t: (x.long(), t), {}, DTypeError, r"use logits.float\(\)"),
    ("class 5", lambda x, t: (x, t * 0 + 5), {}, OptionError, "a class from 0 to 4, got 5"),
    ("class -1", lambda x, t: (x, t * 0 - 1), {}, OptionError, "a class from 0 to 4, got -1"),
    ("not ignored", lambda x, t: (x, t), {"ignore_index": -1}, OptionError, "got -100"),
    ("a list", lambda x, t: (x, [2, 0]), {}, DTypeError, r"list; use torch.as_tensor\(target\)"),
    ("devices", lambda x, t: (x, t.to("meta")), {}, DeviceError, r"use target.to\(logits.device"),
    ("smoothing", lambda x, t: (x, t), {"label_smoothing": 1.5}, OptionError, "0 to 1, got 1.5"),
    ("reduction", lambda x, t: (x, t), {"reduction": "avg"}, OptionError, "mean, sum; got 'avg'"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("change", "options", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(form, change, options, error, says):
    logits, target = problem()
    with pytest.raises(error, match=says):
        form(*change(logits.detach(), target), **options)
