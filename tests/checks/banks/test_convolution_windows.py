import pytest
import torch

from labkit.checks.banks import convolution_windows as bank
from labkit.checks.convolution import CONV2D
from labkit.checks.question import Arguments

BIAS = torch.tensor([10.0, 20.0, 30.0])
KERNEL = (2, 3)


def arguments(size=(6, 9), **options):
    numbers = torch.Generator().manual_seed(0)
    x = torch.randn(2, 2, *size, generator=numbers)
    weight = torch.randn(3, 2, *KERNEL, generator=numbers)
    return CONV2D.complete(Arguments(x=x, weight=weight, bias=BIAS, **options))


def answer(variant, a):
    return variant(CONV2D.reference, a)


def is_corner(image, whole):
    """Whether an image is the top left of another one, or all of it."""
    height, width = image.shape[2:]
    return torch.allclose(image, whole[:, :, :height, :width])


@pytest.mark.parametrize("stride", [2, 3])
def test_without_the_stride_every_right_window_is_there_among_others(stride):
    a = arguments(stride=stride)
    made = answer(bank.STRIDE_IGNORED.variants[""], a)
    assert torch.allclose(made[:, :, ::stride, ::stride], CONV2D.reference(a))


def test_without_the_dilation_a_kernel_spread_by_hand_is_right():
    a = arguments(dilation=2)
    spread = a.weight.new_zeros(3, 2, *(2 * k - 1 for k in KERNEL))
    spread[:, :, ::2, ::2] = a.weight
    made = answer(bank.DILATION_IGNORED.variants[""], a.but(weight=spread))
    assert torch.allclose(made, CONV2D.reference(a), atol=1e-5)


@pytest.mark.parametrize("option", ["stride", "dilation"])
def test_an_option_is_used_along_the_axis_that_the_sentence_names(option):
    a = arguments(**{option: 2})
    for sentence, variant in getattr(bank, f"{option.upper()}_ONE_AXIS").variants.items():
        along = (2, 1) if "uses it for rows" in sentence else (1, 2)
        made, whole = answer(variant, a), CONV2D.reference(a.but(**{option: along}))
        assert is_corner(made, whole), sentence
        assert ("right size" in sentence) == (made.shape != whole.shape)


@pytest.mark.parametrize(
    "mistake",
    [bank.STRIDE_IGNORED, bank.STRIDE_ONE_AXIS, bank.DILATION_IGNORED, bank.DILATION_ONE_AXIS],
    ids=lambda mistake: mistake.name,
)
def test_the_size_is_right_just_where_the_sentence_says_so(mistake):
    a = arguments(stride=2, dilation=2)
    shape = CONV2D.reference(a).shape
    for sentence, variant in mistake.variants.items():
        assert (answer(variant, a).shape == shape) == ("size" in sentence), sentence


@pytest.mark.parametrize("sentence", [s for s in bank.OUTPUT_TOO_SMALL.variants if "missing" in s])
def test_the_line_that_the_sentence_names_is_missing(sentence):
    a = arguments()
    right, made = CONV2D.reference(a), answer(bank.OUTPUT_TOO_SMALL.variants[sentence], a)
    gone = ("row" in sentence, "column" in sentence)
    assert tuple(made.shape[2:]) == tuple(n - g for n, g in zip(right.shape[2:], gone, strict=True))
    kept = right if "last" in sentence else right.flip(2, 3)
    assert is_corner(made if "last" in sentence else made.flip(2, 3), kept)


@pytest.mark.parametrize(
    "sentence", [s for s in bank.OUTPUT_TOO_LARGE.variants if "stride" not in s]
)
def test_the_lines_too_many_hold_what_the_sentence_says(sentence):
    a = arguments()
    right, made = CONV2D.reference(a), answer(bank.OUTPUT_TOO_LARGE.variants[sentence], a)
    more = ("row" in sentence, "column" in sentence)
    assert tuple(made.shape[2:]) == tuple(n + m for n, m in zip(right.shape[2:], more, strict=True))
    assert is_corner(right, made)
    height, width = right.shape[2:]
    added = torch.cat([made[:, :, height:].flatten(2), made[:, :, :, width:].flatten(2)], 2)
    expected = BIAS[:, None] if "bias" in sentence else torch.zeros(1)
    assert bool((added == expected).all()) == ("hang over" not in sentence)


DEPEND = {
    words: variant
    for mistake in (bank.OUTPUT_TOO_SMALL, bank.OUTPUT_TOO_LARGE)
    for words, variant in mistake.variants.items()
    if "stride" in words
}


@pytest.mark.parametrize("sentence", DEPEND)
def test_what_depends_on_the_remainder_is_wrong_only_if_there_is_one(sentence):
    # A stride of 2 divides size - kernel of (6, 9); size - kernel + 1 of (7, 10).
    sizes = ((7, 10), (6, 9)) if "+ 1" in sentence else ((6, 9), (7, 10))
    divided, remaining = (arguments(size, stride=2) for size in sizes)
    assert torch.equal(answer(DEPEND[sentence], divided), CONV2D.reference(divided))
    assert answer(DEPEND[sentence], remaining).shape != CONV2D.reference(remaining).shape
