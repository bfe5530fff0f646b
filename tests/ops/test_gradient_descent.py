"""labkit.ops.gradient_descent: steps on paper, its loops, torch.optim for twenty steps, edges."""

from itertools import product

import pytest
import torch

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops import gradient_descent
from labkit.ops.gradient_descent import sgd, sgd_loops

FORMS = [sgd, sgd_loops]
GRID = [
    {"lr": 0.05, "momentum": m, "dampening": d, "nesterov": n, "weight_decay": w}
    for m, d, n, w in product([0.0, 0.9], [0.0, 0.5], [False, True], [0.0, 0.1])
    if not n or (m > 0 and d == 0)
]


def numbers(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def slope(parameter):
    """The gradient of a narrow, bent valley, so that each step depends on the one before."""
    steepness = torch.arange(1.0, 1 + parameter.numel()).reshape(parameter.shape)
    return steepness.to(parameter) * parameter + parameter.sin()


def walk(take_step, parameter, steps=20, **options):
    """Return the parameter after each step."""
    places, memory = [], None
    for _ in range(steps):
        parameter, memory = take_step(parameter, slope(parameter), memory, **options)
        places.append(parameter)
    return torch.stack(places)


def walk_in_pytorch(optimizer, parameter, steps=20, **options):
    parameter = torch.nn.Parameter(parameter.clone())
    optimizer, places = optimizer([parameter], **options), []
    for _ in range(steps):
        parameter.grad = slope(parameter.detach())
        optimizer.step()
        places.append(parameter.detach().clone())
    return torch.stack(places)


@pytest.mark.parametrize("form", FORMS)
def test_three_steps_on_paper(form):
    gradient, velocity = torch.tensor([2.0]), None
    place = torch.tensor([1.0])
    place, velocity = form(place, gradient, velocity, lr=0.5, momentum=0.5)
    assert (place.item(), velocity.item()) == (1 - 0.5 * 2, 2)
    place, velocity = form(place, gradient, velocity, lr=0.5, momentum=0.5)
    assert (place.item(), velocity.item()) == (0 - 0.5 * (0.5 * 2 + 2), 0.5 * 2 + 2)
    place, velocity = form(place, gradient, velocity, lr=0.5, momentum=0.5, dampening=0.25)
    assert (place.item(), velocity.item()) == (-1.5 - 0.5 * 3, 0.5 * 3 + 0.75 * 2)


@pytest.mark.parametrize("form", FORMS)
def test_nesterov_and_decay_on_paper(form):
    options = {"lr": 0.5, "momentum": 0.5, "nesterov": True, "weight_decay": 0.25}
    place, velocity = form(torch.tensor([4.0]), torch.tensor([1.0]), torch.tensor([8.0]), **options)
    assert velocity.item() == 0.5 * 8 + (1 + 0.25 * 4)
    assert place.item() == 4 - 0.5 * ((1 + 0.25 * 4) + 0.5 * 6)


@pytest.mark.parametrize("options", GRID, ids=str)
def test_agrees_with_the_loops_and_with_torch_optim_for_twenty_steps(options):
    start = numbers(2, 3)
    theirs = walk_in_pytorch(torch.optim.SGD, start, **options)
    torch.testing.assert_close(walk(sgd, start, **options), theirs, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(walk(sgd_loops, start, **options), theirs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("form", FORMS)
def test_without_momentum_a_velocity_is_kept_untouched(form):
    velocity = numbers(3, seed=2)
    assert form(numbers(3), numbers(3, seed=1), velocity, lr=0.1)[1] is velocity
    assert form(numbers(3), numbers(3, seed=1), lr=0.1)[1] is None


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("options", [GRID[0], GRID[-1]], ids=str)
def test_gradcheck(form, options):
    leaves = [numbers(2, 2, seed=seed).requires_grad_() for seed in range(3)]
    assert torch.autograd.gradcheck(lambda *args: form(*args, **options)[0], leaves)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept(form, dtype):
    options = GRID[-1]
    tensors = [numbers(4, seed=seed, dtype=dtype) for seed in range(3)]
    exact = sgd(*(tensor.double() for tensor in tensors), **options)
    for ours, theirs in zip(form(*tensors, **options), exact, strict=True):
        assert ours.dtype is dtype
        torch.testing.assert_close(ours.double(), theirs, rtol=0, atol=8 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("form", FORMS)
def test_the_device_is_kept(form):
    tensors = [numbers(2).to("meta")] * 3
    assert all(tensor.device.type == "meta" for tensor in form(*tensors, **GRID[-1]))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("options", GRID, ids=str)
def test_a_gpu_gives_the_same(options):
    there = walk(sgd, numbers(2, 3).cuda(), **options)
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), walk(sgd, numbers(2, 3), **options))


@pytest.mark.parametrize("form", FORMS)
def test_nothing_given_is_modified(form):
    tensors = [numbers(3, seed=seed) for seed in range(3)]
    before = [tensor.clone() for tensor in tensors]
    form(*tensors, **GRID[-1])
    assert all(torch.equal(a, b) for a, b in zip(tensors, before, strict=True))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0)], ids=str)
def test_empty_and_single(form, shape):
    tensors = [numbers(*shape, seed=seed) for seed in range(3)]
    moved, velocity = form(*tensors, **GRID[-1])
    torch.testing.assert_close((moved, velocity), sgd(*tensors, **GRID[-1]))
    assert moved.shape == velocity.shape == shape


@pytest.mark.parametrize("form", FORMS)
def test_views_that_are_not_contiguous(form):
    parameter, gradient = numbers(4, 3).T, numbers(3, 1, seed=1).expand(3, 4)
    ours = form(parameter, gradient, **GRID[-1])
    plain = sgd(parameter.contiguous(), gradient.contiguous(), **GRID[-1])
    torch.testing.assert_close(ours, plain)


@pytest.mark.parametrize("form", FORMS)
def test_a_nan_spoils_its_own_number_alone(form):
    gradient = torch.tensor([0.0, torch.nan, 1.0])
    moved, velocity = form(torch.ones(3), gradient, torch.ones(3), **GRID[-1])
    assert moved.isnan().tolist() == velocity.isnan().tolist() == [False, True, False]


@pytest.mark.parametrize(
    "name", ["adam", "adam_loops", "adamw", "adamw_loops", "clip_grad_norm", "clip_grad_value"]
)
def test_a_lesson_needs_one_import(name):
    assert name in gradient_descent.__all__
    assert callable(getattr(gradient_descent, name))


WRONG = [
    (
        "shape",
        {"g": numbers(3, 1)},
        ShapeError,
        r"gradient must .* parameter, \(3,\), got \(3, 1\)",
    ),
    ("velocity", {"v": numbers(1)}, ShapeError, r"velocity must have the shape of parameter"),
    ("integers", {"p": torch.arange(3)}, DTypeError, r"parameter must hold .* parameter.float\(\)"),
    ("dtype", {"g": numbers(3).float()}, DTypeError, r"use gradient.to\(parameter.dtype\)"),
    ("device", {"g": numbers(3).to("meta")}, DeviceError, "gradient is on meta"),
    ("no gradient yet", {"g": None}, DTypeError, "gradient must be a torch.Tensor, got NoneType"),
    ("lr", {"lr": -0.1}, OptionError, "lr must be zero or more, got -0.1"),
    ("momentum", {"momentum": -0.9}, OptionError, "momentum must be zero or more"),
    ("decay", {"weight_decay": -1.0}, OptionError, "weight_decay must be zero or more"),
    ("nesterov", {"nesterov": True}, OptionError, "needs momentum above 0 .* got momentum=0.0"),
    (
        "dampened nesterov",
        {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
        OptionError,
        "no dampening, got momentum=0.9 and dampening=0.1",
    ),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("change", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(form, change, error, says):
    options = {"p": numbers(3), "g": numbers(3), "v": None, "lr": 0.1} | change
    p, g, v = (options.pop(name) for name in "pgv")
    with pytest.raises(error, match=says):
        form(p, g, v, **options)
