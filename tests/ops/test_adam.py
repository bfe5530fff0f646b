"""labkit.ops.adam: two steps on paper, its loops, torch.optim for twenty steps, edges."""

from itertools import product

import pytest
import torch

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops.adam import AdamState, adam, adam_loops, adamw, adamw_loops

from .test_gradient_descent import numbers, walk, walk_in_pytorch

FORMS = [adam, adam_loops, adamw, adamw_loops]
PAIRS = [(adam, adam_loops, torch.optim.Adam), (adamw, adamw_loops, torch.optim.AdamW)]
GRID = [
    {"lr": lr, "betas": betas, "eps": eps, "weight_decay": decay}
    for lr, betas, eps, decay in product(
        [1e-3, 0.1], [(0.9, 0.999), (0.0, 0.5)], [1e-8, 1e-3], [0.0, 0.1]
    )
]


def state(*shape, dtype=torch.float64):
    return AdamState(
        3, numbers(*shape, seed=2, dtype=dtype), numbers(*shape, seed=3, dtype=dtype) ** 2
    )


@pytest.mark.parametrize("form", FORMS)
def test_two_steps_on_paper(form):
    options = {"lr": 1.0, "betas": (0.5, 0.75), "eps": 1.0, "weight_decay": 0.0}
    place, memory = torch.tensor([10.0]), None
    place, memory = form(place, torch.tensor([4.0]), memory, **options)
    # The first means are 0.5 · 4 = 2 and 0.25 · 16 = 4; their bias is 1 − 0.5 and 1 − 0.75.
    assert (memory.step, memory.mean.item(), memory.square.item()) == (1, 0.5 * 4, 0.25 * 16)
    assert place.item() == pytest.approx(10 - (2 / 0.5) / ((4 / 0.25) ** 0.5 + 1))
    place, memory = form(place, torch.tensor([-2.0]), memory, **options)
    assert memory.mean.item() == 0.5 * 2 + 0.5 * -2 == 0
    assert memory.square.item() == 0.75 * 4 + 0.25 * 4
    assert place.item() == pytest.approx(10 - 4 / 5)


def test_decay_is_measured_by_adam_and_not_by_adamw():
    weight, gradient = torch.tensor([2.0, 2.0]), torch.tensor([1000.0, 1.0])
    options = {"lr": 0.25, "betas": (0.0, 0.0), "eps": 0.0, "weight_decay": 0.5}
    # With no memory each step is lr times the gradient's sign; only AdamW's weights shrink besides.
    assert adam(weight, gradient, **options)[0].tolist() == [2 - 0.25, 2 - 0.25]
    shrunk = 2 - 0.25 * 0.5 * 2
    assert adamw(weight, gradient, **options)[0].tolist() == [shrunk - 0.25, shrunk - 0.25]


@pytest.mark.parametrize("options", [{}, *GRID], ids=str)
@pytest.mark.parametrize(("fast", "slow", "theirs"), PAIRS)
def test_agrees_with_the_loops_and_with_torch_optim_for_twenty_steps(fast, slow, theirs, options):
    start = numbers(2, 3)
    places = walk_in_pytorch(theirs, start, **options)
    torch.testing.assert_close(walk(fast, start, **options), places, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(walk(slow, start, **options), places, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("form", FORMS)
def test_the_first_step_is_as_long_as_lr_whatever_the_gradient(form):
    gradient = torch.tensor([1e-3, -1.0, 1e4], dtype=torch.float64)
    moved, _ = form(torch.zeros(3, dtype=torch.float64), gradient, lr=0.1)
    torch.testing.assert_close(moved, -0.1 * gradient.sign(), rtol=1e-4, atol=0)


@pytest.mark.parametrize("form", FORMS)
def test_gradcheck(form):
    leaves = [numbers(2, 2).requires_grad_(), numbers(2, 2, seed=1).requires_grad_()]
    assert torch.autograd.gradcheck(
        lambda p, g: form(p, g, state(2, 2), lr=0.1, weight_decay=0.1)[0], leaves
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(form, dtype):
    parameter, gradient, before = numbers(4, dtype=dtype), numbers(4, seed=1, dtype=dtype), state(4)
    before = AdamState(3, before.mean.to(dtype), before.square.to(dtype))
    moved, after = form(parameter, gradient, before, lr=0.1)
    assert {moved.dtype, after.mean.dtype, after.square.dtype} == {dtype}
    exact, _ = form(
        parameter.double(),
        gradient.double(),
        AdamState(3, before.mean.double(), before.square.double()),
        lr=0.1,
    )
    torch.testing.assert_close(moved.double(), exact, rtol=0, atol=8 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("form", FORMS)
def test_float16_needs_an_eps_that_it_can_hold(form):
    still = torch.zeros(1, dtype=torch.float16)
    assert form(still, still)[0].isnan().all()
    assert form(still, still, eps=1e-7)[0].item() == 0


@pytest.mark.parametrize("form", FORMS)
def test_the_device_is_kept(form):
    there = numbers(2).to("meta")
    moved, after = form(there, there)
    assert {moved.device.type, after.mean.device.type, after.square.device.type} == {"meta"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("form", [adam, adamw])
def test_a_gpu_gives_the_same(form):
    there = walk(form, numbers(2, 3).cuda())
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), walk(form, numbers(2, 3)))


@pytest.mark.parametrize("form", FORMS)
def test_nothing_given_is_modified(form):
    parameter, gradient, before = numbers(3), numbers(3, seed=1), state(3)
    given = [parameter, gradient, before.mean, before.square]
    copies = [tensor.clone() for tensor in given]
    form(parameter, gradient, before)
    assert all(torch.equal(a, b) for a, b in zip(given, copies, strict=True))
    assert before.step == 3


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0)], ids=str)
@pytest.mark.parametrize(("fast", "slow", "theirs"), PAIRS)
def test_empty_and_single(fast, slow, theirs, shape):
    parameter, gradient = numbers(*shape), numbers(*shape, seed=1)
    moved, after = fast(parameter, gradient)
    torch.testing.assert_close(
        (moved, *after), (*slow(parameter, gradient)[:1], *slow(parameter, gradient)[1])
    )
    assert moved.shape == after.mean.shape == after.square.shape == shape


@pytest.mark.parametrize("form", FORMS)
def test_views_that_are_not_contiguous(form):
    parameter, gradient = numbers(4, 3).T, numbers(3, 1, seed=1).expand(3, 4)
    plain, _ = form(parameter.contiguous(), gradient.contiguous())
    torch.testing.assert_close(form(parameter, gradient)[0], plain)


@pytest.mark.parametrize("form", FORMS)
def test_a_nan_spoils_its_own_number_alone(form):
    moved, after = form(torch.ones(3), torch.tensor([0.0, torch.nan, 1.0]))
    assert moved.isnan().tolist() == after.mean.isnan().tolist() == [False, True, False]


WRONG = [
    (
        "shape",
        {"g": numbers(3, 1)},
        ShapeError,
        r"gradient must .* parameter, \(3,\), got \(3, 1\)",
    ),
    ("state", {"s": state(2)}, ShapeError, r"mean must have the shape of parameter"),
    ("integers", {"p": torch.arange(3)}, DTypeError, r"parameter must hold .* parameter.float\(\)"),
    ("dtype", {"g": numbers(3).float()}, DTypeError, r"use gradient.to\(parameter.dtype\)"),
    ("device", {"g": numbers(3).to("meta")}, DeviceError, "gradient is on meta"),
    ("no gradient yet", {"g": None}, DTypeError, "gradient must be a torch.Tensor, got NoneType"),
    ("no tensor", {"p": [1.0]}, DTypeError, "parameter must be a torch.Tensor, got list"),
    ("one beta", {"betas": 0.9}, OptionError, "betas must be two numbers .* got 0.9"),
    ("three betas", {"betas": (0.9, 0.9, 0.9)}, OptionError, "betas must be two numbers"),
    ("lr", {"lr": -0.1}, OptionError, "lr must be zero or more, got -0.1"),
    ("eps", {"eps": -1e-8}, OptionError, "eps must be zero or more"),
    ("decay", {"weight_decay": -1.0}, OptionError, "weight_decay must be zero or more"),
    ("betas", {"betas": (0.9, 1.0)}, OptionError, r"from 0 to below 1, got \(0.9, 1.0\)"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("change", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(form, change, error, says):
    options = {"p": numbers(3), "g": numbers(3), "s": None} | change
    p, g, s = (options.pop(name) for name in "pgs")
    with pytest.raises(error, match=says):
        form(p, g, s, **options)
