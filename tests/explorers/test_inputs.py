import numpy as np
import pytest
import torch

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.explorers.inputs import image_pixels, kernel_weights


@pytest.mark.parametrize(
    "image",
    [
        [[0, 1], [2, 3]],
        np.arange(4).reshape(2, 2),
        np.arange(4, dtype=np.uint8).reshape(2, 2)[::-1][::-1],
        torch.arange(4).reshape(2, 2),
        torch.arange(4.0, dtype=torch.float64, requires_grad=True).reshape(2, 2),
        torch.arange(4.0, dtype=torch.bfloat16).reshape(2, 2).T.contiguous().T,
    ],
)
def test_every_way_to_write_an_image_gives_the_same_pixels(image):
    pixels = image_pixels(image)
    assert torch.equal(pixels, torch.tensor([[0.0, 1.0], [2.0, 3.0]]))
    assert pixels.dtype == torch.float32
    assert pixels.is_contiguous()
    assert not pixels.requires_grad


def test_a_read_only_array_is_taken_without_a_warning():
    array = np.eye(3)
    array.setflags(write=False)
    assert torch.equal(image_pixels(array), torch.eye(3))


@pytest.mark.parametrize(
    ("image", "error", "way_out"),
    [
        (torch.zeros(3, 8, 8), ShapeError, r"\(3, 8, 8\); expected \(height, width\); pick one"),
        (torch.zeros(8), ShapeError, r"pick one image and one channel"),
        (torch.zeros(0, 4), ShapeError, r"\(0, 4\)"),
        (torch.zeros(129, 4), ShapeError, r"at most 128 a side; crop it.*pooling"),
        ([[1.0, 2.0], [3.0]], ShapeError, "rows of equal length"),
        ([["a", "b"]], ShapeError, "matrix of numbers"),
        (torch.zeros(2, 2, dtype=torch.complex64), DTypeError, r"\.real"),
        (torch.tensor([[1.0, torch.nan]]), OptionError, "nan_to_num"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_what_is_no_image_is_refused_with_a_way_out(image, error, way_out):
    with pytest.raises(error, match=way_out):
        image_pixels(image)


def test_kernel_keeps_double_precision_and_has_no_negative_zero():
    weights = kernel_weights([[1 / 9, -0.0]])
    assert weights == [[1 / 9, 0.0]]
    assert str(weights[0][1]) == "0.0"


@pytest.mark.parametrize("shape", [(8, 3), (3, 8), (1, 1, 3, 3), (9,), (0, 3)])
@pytest.mark.usefixtures("as_learners_run_it")
def test_a_kernel_of_the_wrong_shape_is_refused(shape):
    with pytest.raises(ShapeError, match=r"weight\[0, 0\]"):
        kernel_weights(torch.zeros(shape))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_what_lies_on_a_gpu_can_be_explored():
    image = torch.arange(4.0, device="cuda", requires_grad=True).reshape(2, 2)
    assert image_pixels(image).tolist() == kernel_weights(image) == [[0, 1], [2, 3]]
