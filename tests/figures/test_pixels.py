import pytest
import torch

from labkit.errors import OptionError, ShapeError
from labkit.figures.pixels import limits, pictures, values


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [
        ((4, 5), [(4, 5)]),
        ((1, 4, 5), [(4, 5)]),
        ((3, 4, 5), [(4, 5, 3)]),
        ((2, 1, 4, 5), [(4, 5), (4, 5)]),
        ((2, 3, 4, 5), [(4, 5, 3), (4, 5, 3)]),
    ],
)
def test_every_layout_of_images_is_taken_apart(shape, drawn):
    images = torch.rand(shape)
    assert [tuple(picture.shape) for picture in pictures(images)] == drawn
    assert torch.equal(
        torch.stack([p if p.ndim == 2 else p.permute(2, 0, 1) for p in pictures(images)]).flatten(),
        images.flatten(),
    )


def test_a_list_may_mix_sizes():
    drawn = pictures([torch.zeros(2, 3), torch.zeros(1, 4, 5)])
    assert [tuple(picture.shape) for picture in drawn] == [(2, 3), (4, 5)]


@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.float16, torch.float64])
def test_any_kind_of_number_is_drawn(dtype):
    tensor = torch.tensor([[0, 1]]).to(dtype)
    assert values(tensor).tolist() == [[0.0, 1.0]]


def test_a_tensor_in_a_graph_is_left_as_it_is():
    weight = torch.ones(2, 2, requires_grad=True)
    assert not pictures(weight)[0].requires_grad
    assert weight.requires_grad


@pytest.mark.parametrize("shape", [(4,), (2, 4, 5), (0, 5), (2, 2, 4, 5), (1, 1, 1, 4, 5)])
def test_what_is_no_image_is_refused(shape):
    with pytest.raises(ShapeError, match=r"expected an image .*, got"):
        pictures(torch.zeros(shape))


def test_feature_maps_are_told_how_to_be_drawn():
    with pytest.raises(ShapeError, match=r"show\(list\(x\)\)"):
        pictures(torch.zeros(8, 4, 5))


def test_no_images_at_all():
    with pytest.raises(ShapeError, match="at least one"):
        pictures([])


def test_colours_out_of_range_are_refused_and_rounding_is_forgiven():
    assert pictures(torch.full((3, 1, 1), 1.0005))[0].max() == 1
    with pytest.raises(
        OptionError, match=r"expected colours in \[0, 1\], got values in \[0, 255\]"
    ):
        pictures(torch.tensor([0.0, 9.0, 255.0])[:, None, None])
    with pytest.raises(OptionError, match="expected colours"):
        pictures(torch.full((3, 2, 2), torch.nan))


def test_limits_are_those_of_all_pictures_together():
    several = [torch.tensor([[0.5, 2.0]]), torch.tensor([[-1.0, 1.0], [0.0, 0.0]])]
    assert limits(several, signed=False) == (-1, 2)
    assert limits(several, signed=True) == (-2, 2)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("value", [0.0, 3.0, -3.0, torch.nan, torch.inf])
def test_limits_are_never_empty(signed, value):
    low, high = limits([torch.full((2, 2), value)], signed=signed)
    assert low < high


def test_numbers_that_are_not_finite_do_not_move_the_limits():
    odd = torch.tensor([[torch.nan, torch.inf, -torch.inf, 1.0, 2.0]])
    assert limits([odd], signed=False) == (1, 2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.int64, torch.bool])
def test_what_lies_on_a_gpu_can_be_drawn(dtype):
    numbers = torch.tensor([[0, 1], [1, 0]], dtype=dtype, device="cuda")
    assert values(numbers).numpy().tolist() == [[0, 1], [1, 0]]
