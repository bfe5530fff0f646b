"""labkit.ops.gradient_clipping: lengths on paper, PyTorch over norms and limits, edges."""

import pytest
import torch
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

from labkit.errors import DTypeError, OptionError
from labkit.ops.gradient_clipping import clip_grad_norm, clip_grad_value

from .test_gradient_descent import numbers

INF, NAN = torch.inf, torch.nan
GRADIENTS = {
    "random": [numbers(3, 2), 10 * numbers(4, seed=1), numbers(seed=2)],
    "zero": [torch.zeros(3), torch.zeros(2, 2)],
    "tiny": [torch.full((3,), 1e-9)],
    "infinite": [torch.tensor([1.0, -INF]), torch.tensor([2.0])],
    "NaN": [torch.tensor([1.0, NAN]), torch.tensor([2.0])],
    "empty": [torch.zeros(0), torch.tensor([3.0])],
}


def in_pytorch(clip, gradients, *args, **options):
    """Return the gradients as PyTorch leaves them, and what it returns."""
    holders = []
    for gradient in gradients:
        holders.append(torch.nn.Parameter(torch.zeros_like(gradient)))
        holders[-1].grad = gradient.clone()
    answer = clip(holders, *args, **options)
    return [holder.grad for holder in holders], answer


def test_three_four_five_on_paper():
    (first, second), norm = clip_grad_norm([torch.tensor([3.0]), torch.tensor([[4.0]])], 2.5)
    assert norm.item() == (3**2 + 4**2) ** 0.5
    assert first.item() == pytest.approx(3 * 2.5 / 5)
    assert second.item() == pytest.approx(4 * 2.5 / 5)


def test_short_gradients_stay_as_they_are():
    gradients = [numbers(3), numbers(2, seed=1)]
    clipped, norm = clip_grad_norm(gradients, 100.0)
    assert norm < 100
    assert all(torch.equal(a, b) for a, b in zip(clipped, gradients, strict=True))


@pytest.mark.parametrize("gradients", GRADIENTS.values(), ids=GRADIENTS)
@pytest.mark.parametrize("max_norm", [0.0, 0.5, 1e3])
@pytest.mark.parametrize("norm_type", [1.0, 2.0, INF])
def test_the_norm_agrees_with_pytorch(gradients, max_norm, norm_type):
    if norm_type == INF:  # nothing is the largest of no numbers, for PyTorch too
        gradients = [gradient for gradient in gradients if gradient.numel()]
    ours = clip_grad_norm(gradients, max_norm, norm_type=norm_type)
    theirs = in_pytorch(clip_grad_norm_, gradients, max_norm, norm_type=norm_type)
    torch.testing.assert_close(ours, theirs, equal_nan=True, check_dtype=False)


@pytest.mark.parametrize("gradients", GRADIENTS.values(), ids=GRADIENTS)
@pytest.mark.parametrize("clip_value", [0.0, 0.5, 1e3])
def test_the_value_agrees_with_pytorch(gradients, clip_value):
    theirs, _ = in_pytorch(clip_grad_value_, gradients, clip_value)
    torch.testing.assert_close(clip_grad_value(gradients, clip_value), theirs, equal_nan=True)


def test_no_gradients_have_no_length():
    assert clip_grad_norm([], 1.0) == ([], 0)
    assert clip_grad_value([], 1.0) == []


def test_clipping_by_norm_keeps_the_direction_and_by_value_turns_it():
    gradient = torch.tensor([3.0, 1.0])
    (shorter,), _ = clip_grad_norm([gradient], 1.0)
    assert (shorter[0] / shorter[1]).item() == pytest.approx(3)
    (cut,) = clip_grad_value([gradient], 1.0)
    assert cut.tolist() == [1, 1]


def test_gradcheck():
    leaves = [numbers(3).requires_grad_(), numbers(2, seed=1).requires_grad_()]
    assert torch.autograd.gradcheck(lambda *given: tuple(clip_grad_norm(given, 0.5)[0]), leaves)
    assert torch.autograd.gradcheck(lambda *given: tuple(clip_grad_value(given, 0.5)), leaves)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_and_the_device_are_kept(dtype):
    gradients = [numbers(3, dtype=dtype), numbers(2, seed=1, dtype=dtype)]
    exact, _ = clip_grad_norm([gradient.double() for gradient in gradients], 0.5)
    for ours, theirs in zip(clip_grad_norm(gradients, 0.5)[0], exact, strict=True):
        assert ours.dtype is dtype
        torch.testing.assert_close(ours.double(), theirs, rtol=4 * torch.finfo(dtype).eps, atol=0)
    (there,), norm = clip_grad_norm([gradients[0].to("meta")], 0.5)
    assert there.device.type == norm.device.type == "meta"
    assert clip_grad_value(gradients, 0.5)[0].dtype is dtype


def test_each_gradient_keeps_its_own_dtype():
    clipped, _ = clip_grad_norm([numbers(3).half(), numbers(2)], 0.5)
    assert [gradient.dtype for gradient in clipped] == [torch.float16, torch.float64]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_the_same_also_beside_a_cpu():
    gradients = GRADIENTS["random"]
    (first, *others), norm = clip_grad_norm([gradients[0].cuda(), *gradients[1:]], 0.5)
    assert first.device.type == norm.device.type == "cuda"
    here, _ = clip_grad_norm(gradients, 0.5)
    torch.testing.assert_close([first.cpu(), *others], here)


def test_gradients_may_come_one_by_one():
    gradients = GRADIENTS["random"]
    ours, norm = clip_grad_norm((gradient for gradient in gradients), 0.5)
    listed, length = clip_grad_norm(gradients, 0.5)
    assert norm == length
    assert all(torch.equal(a, b) for a, b in zip(ours, listed, strict=True))
    assert len(clip_grad_value((gradient for gradient in gradients), 0.5)) == len(gradients)


def test_the_input_is_not_modified():
    gradients = [numbers(3), numbers(2, 2, seed=1).T]
    before = [gradient.clone() for gradient in gradients]
    clip_grad_norm(gradients, 0.1)
    clip_grad_value(gradients, 0.1)
    assert all(torch.equal(a, b) for a, b in zip(gradients, before, strict=True))


@pytest.mark.usefixtures("as_learners_run_it")
def test_bad_input_says_what_to_do():
    for clip in (clip_grad_norm, clip_grad_value):
        with pytest.raises(DTypeError, match=r"gradients\[1\] must hold floating-point numbers"):
            clip([numbers(2), torch.arange(2)], 1.0)
        with pytest.raises(DTypeError, match=r"gradients\[0\] must be a torch.Tensor, got None"):
            clip([None], 1.0)
        with pytest.raises(DTypeError, match=r"use \[gradients\]"):
            clip(numbers(2), 1.0)
    with pytest.raises(OptionError, match="max_norm must be zero or more, got -1"):
        clip_grad_norm([numbers(2)], -1)
    with pytest.raises(OptionError, match="clip_value must be zero or more, got nan"):
        clip_grad_value([numbers(2)], NAN)
