"""labkit.ops.mask_arguments: two kinds of mask become one, and padding becomes harmless."""

import math

import pytest
import torch

from labkit.errors import DeviceError, DTypeError, ShapeError
from labkit.ops.mask_arguments import clear_unseen, expect_mask, mask_and_bias

Q = torch.ones(2, 3, 4)


@pytest.mark.parametrize("shape", [(3, 5), (1, 5), (5,), (3, 1), (2, 3, 5), ()])
@pytest.mark.parametrize("dtype", [torch.bool, torch.float32])
def test_masks_that_fit(shape, dtype):
    expect_mask("mask", torch.ones(shape, dtype=dtype), Q, (3, 5))


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("name", "mask", "error", "says"),
    [
        (
            "mask",
            torch.ones(3, 5).int(),
            DTypeError,
            r"True = may look.*torch.int32; use mask.bool",
        ),
        ("bias", torch.ones(3, 5) > 0, DTypeError, r"bias must hold.*torch.bool; use bias.float"),
        ("mask", None, DTypeError, "got NoneType"),
        ("mask", torch.ones(5, 3), ShapeError, r"\(..., 3, 5\).*got \(5, 3\)"),
        ("mask", torch.ones(2, 5), ShapeError, r"given as keep\[:, None, :\]"),
        ("bias", torch.ones(3, 5, device="meta"), DeviceError, "bias is on meta"),
    ],
    ids=str,
)
def test_masks_that_do_not(name, mask, error, says):
    with pytest.raises(error, match=says):
        expect_mask(name, mask, Q, (3, 5))


def test_a_boolean_mask_stays_and_numbers_are_added():
    allowed, added = torch.tensor([[True, False]]), torch.tensor([[1.0, 2.0]])
    assert mask_and_bias(None) == (None, None)
    mask, bias = mask_and_bias(allowed)
    assert mask is allowed
    assert bias is None
    mask, bias = mask_and_bias(allowed, added)
    assert mask.tolist() == [[True, False]]
    assert bias.tolist() == [[1, 2]]
    mask, bias = mask_and_bias(added, added)
    assert mask.all()
    assert bias.tolist() == [[1 + 1, 2 + 2]]


def test_minus_infinity_means_may_not_look():
    added = torch.tensor([[0.0, -math.inf, -1e9]])
    assert mask_and_bias(added)[0].tolist() == [[True, False, True]]
    assert mask_and_bias(added, dtype=torch.float16)[0].tolist() == [[True, False, False]]


def test_only_what_no_query_sees_is_cleared():
    x = torch.tensor([[1.0], [2.0], [3.0]])
    mask = torch.tensor([[True, False, False], [True, True, False]])
    assert clear_unseen(x, mask).flatten().tolist() == [1, 2, 0]
    assert clear_unseen(x, mask[0]).flatten().tolist() == [1, 0, 0]
    assert clear_unseen(x, None) is x


def test_what_is_cleared_gets_no_gradient():
    x = torch.tensor([[1.0], [math.nan]]).requires_grad_()
    clear_unseen(x, torch.tensor([True, False])).sum().backward()
    assert x.grad.flatten().tolist() == [1, 0]
