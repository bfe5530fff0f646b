import pytest
import torch

from labkit.checks.banks import convolution_axes as bank
from labkit.checks.convolution import CONV2D
from labkit.checks.question import Arguments


def arguments(images=2, size=(4, 6), weight=(2, 2, 3, 2), **more):
    numbers = torch.Generator().manual_seed(0)
    x = torch.randn(images, weight[1], *size, generator=numbers)
    return CONV2D.complete(Arguments(x=x, weight=torch.randn(weight, generator=numbers), **more))


def answer(mistake, words, a):
    """Return the answer of the variant whose sentence contains these words."""
    (variant,) = (v for sentence, v in mistake.variants.items() if words in sentence)
    return variant(CONV2D.reference, a)


def close(one, other):
    return one.shape == other.shape and torch.allclose(one, other, atol=1e-5)


def test_swapping_the_image_is_swapping_the_kernel_and_the_result():
    a, swapped = arguments(), bank.HEIGHT_WIDTH_SWAPPED
    by_image = answer(swapped, "uses the image transposed", a)
    by_kernel = answer(swapped, "uses the kernel transposed", a)
    assert close(by_image, by_kernel.mT)
    assert not close(by_kernel, CONV2D.reference(a))
    assert close(answer(swapped, "returns the transposed image", a), CONV2D.reference(a).mT)


@pytest.mark.parametrize(
    ("words", "of"), [("height of the output", "result"), ("height of the kernel", "weight")]
)
def test_a_height_taken_for_the_width_moves_no_number(words, of):
    a = arguments()
    made = answer(bank.HEIGHT_WIDTH_SWAPPED, words, a)
    if of == "result":
        right = CONV2D.reference(a)
        assert made.shape == right.mT.shape
        assert made.flatten().tolist() == right.flatten().tolist()
    else:
        assert close(made, CONV2D.reference(a.but(weight=a.weight.reshape(2, 2, 2, 3))))


def test_a_weight_given_in_the_order_that_it_is_read_in_is_right():
    a = arguments(weight=(2, 3, 2, 2))
    right = CONV2D.reference(a)
    in_out = a.but(weight=a.weight.transpose(0, 1))
    (transposed, as_in_out, as_matrix) = bank.WEIGHT_TRANSPOSED.variants.values()
    assert close(transposed(CONV2D.reference, in_out), right)
    # The same numbers one after another, as they would lie in memory.
    stored = a.weight.transpose(0, 1).reshape(a.weight.shape)
    assert close(as_in_out(CONV2D.reference, a.but(weight=stored)), right)
    columns = a.weight.reshape(2, -1).T.reshape(a.weight.shape)
    assert close(as_matrix(CONV2D.reference, a.but(weight=columns)), right)


def test_a_bias_on_the_wrong_axis_fits_only_as_many_columns_as_kernels():
    bias = torch.tensor([10.0, 20.0])
    fits = arguments(size=(4, 3), bias=bias)
    made = answer(bank.BIAS_WRONG_AXIS, "", fits)
    added = made - CONV2D.reference(fits.but(bias=None))
    assert close(added, bias.expand_as(added))
    with pytest.raises(RuntimeError, match="must match"):
        answer(bank.BIAS_WRONG_AXIS, "", arguments(size=(4, 6), bias=bias))


@pytest.mark.parametrize("sentence", bank.BATCH_ONE_ONLY.variants)
def test_one_image_is_answered_right_by_everybody(sentence):
    a = arguments(images=1)
    assert close(answer(bank.BATCH_ONE_ONLY, sentence, a), CONV2D.reference(a))


def test_of_a_batch_the_images_that_the_sentence_names_are_answered():
    a, batch = arguments(images=3), bank.BATCH_ONE_ONLY
    first, second, third = CONV2D.reference(a).split(1)
    assert close(answer(batch, "the first image only", a), first)
    assert close(answer(batch, "the last image only", a), third)
    assert close(answer(batch, "every image", a), torch.cat([first, first, first]))
    assert close(answer(batch, "adds the images up", a), first + second + third)
    with pytest.raises(ValueError, match=r"^$"):
        answer(batch, "raises", a)


@pytest.mark.parametrize(
    ("words", "size", "kernel", "raises"),
    [
        ("oblong image", (4, 6), (2, 2), True),
        ("oblong image", (4, 4), (2, 3), False),
        ("oblong kernel", (4, 6), (2, 2), False),
        ("oblong kernel", (4, 4), (2, 3), True),
    ],
)
def test_only_the_oblong_thing_that_the_sentence_names_raises(words, size, kernel, raises):
    a = arguments(size=size, weight=(2, 2, *kernel))
    if raises:
        with pytest.raises(ValueError, match=r"^$"):
            answer(bank.SQUARE_ONLY, words, a)
    else:
        assert close(answer(bank.SQUARE_ONLY, words, a), CONV2D.reference(a))
