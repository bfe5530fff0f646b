import pytest
import torch

from labkit.checks.banks import pooling_windows as bank
from labkit.checks.pooling import AVG_POOL2D, MAX_POOL2D
from labkit.checks.question import Arguments

max_pool = MAX_POOL2D.reference


def arguments(size=(9, 8), operation=MAX_POOL2D, **options):
    x = torch.randn(2, 3, *size, generator=torch.Generator().manual_seed(0))
    return operation.complete(Arguments({"kernel_size": 3} | options, x=x))


def made(mistake, sentence, a, op=max_pool):
    return mistake.variants[sentence](op, a)


def test_steps_of_one_hold_every_right_window_among_others():
    a = arguments()
    every = made(bank.STRIDE_LEFT_AT_ONE, "Yours does so whatever stride says.", a)
    assert torch.equal(every[:, :, ::3, ::3], max_pool(a))
    same_size = made(bank.STRIDE_LEFT_AT_ONE, "The size of the output is right.", a)
    assert torch.equal(same_size, every[:, :, :3, :2])


def test_a_default_of_one_is_right_where_a_stride_is_given():
    variant = bank.STRIDE_LEFT_AT_ONE.variants["Yours does so where no stride is given."]
    given = arguments(stride=2)
    assert torch.equal(variant(max_pool, given), max_pool(given))
    assert torch.equal(variant(max_pool, arguments()), max_pool(arguments(stride=1)))


def test_an_ignored_stride_leaves_windows_side_by_side():
    ignored = made(bank.STRIDE_IGNORED, "", arguments(stride=1))
    assert torch.equal(ignored, max_pool(arguments()))


@pytest.mark.parametrize(
    ("sentence", "stride"),
    [
        ("Along the width yours moves by one pixel.", (2, 1)),
        ("Along the height yours moves by one pixel.", (1, 2)),
        ("Along the width yours moves by the window's own size.", (2, 3)),
        ("Along the height yours moves by the window's own size.", (3, 2)),
    ],
)
def test_the_stride_is_used_along_the_axis_that_the_sentence_leaves(sentence, stride):
    wrong = made(bank.STRIDE_ONE_AXIS, sentence, arguments(stride=2))
    assert torch.equal(wrong, max_pool(arguments(stride=stride)))


def test_the_dilation_is_used_along_the_axis_that_the_sentence_names():
    a = arguments(dilation=2, stride=1)
    rows, columns = bank.DILATION_ONE_AXIS.variants
    right = {rows: (2, 1), columns: (1, 2)}
    for sentence, dilation in right.items():
        wrong = made(bank.DILATION_ONE_AXIS, sentence, a)
        assert torch.equal(wrong, max_pool(a.but(dilation=dilation)))
    ignored = made(bank.DILATION_IGNORED, "", a)
    assert torch.equal(ignored, max_pool(a.but(dilation=1)))


@pytest.mark.parametrize("sentence", [s for s in bank.OUTPUT_TOO_SMALL.variants if "missing" in s])
def test_the_line_that_the_sentence_names_is_missing(sentence):
    right, wrong = max_pool(arguments()), made(bank.OUTPUT_TOO_SMALL, sentence, arguments())
    rows, columns = 3 - ("row" in sentence), 2 - ("column" in sentence)
    assert torch.equal(wrong, right[:, :, :rows, :columns])


def test_the_plus_one_before_the_division_counts_only_where_a_remainder_is_left():
    sentence = "The + 1 belongs after the division by stride."
    # Of 10 places of a window of 3 pixels in 12, every second is taken: 5. Of 9 it should be 5 too.
    divided, remaining = arguments((12, 12), stride=2), arguments((11, 11), stride=2)
    assert torch.equal(made(bank.OUTPUT_TOO_SMALL, sentence, divided), max_pool(divided))
    assert made(bank.OUTPUT_TOO_SMALL, sentence, remaining).shape[2:] == (4, 4)
    assert max_pool(remaining).shape[2:] == (5, 5)


def test_rounding_up_and_not_rounding_up():
    a = arguments((8, 8))
    up = max_pool(a.but(ceil_mode=True))
    assert torch.equal(made(bank.ROUNDED_UP, "", a), up)
    zeros = made(bank.ROUNDED_UP, "Yours leaves zeros in its place.", a)
    assert torch.equal(zeros[:, :, :2, :2], max_pool(a))
    assert (zeros[:, :, 2:] == 0).all()
    assert torch.equal(made(bank.CEIL_IGNORED, "", a.but(ceil_mode=True)), max_pool(a))
    with pytest.raises(ValueError, match=r"^$"):
        made(bank.CEIL_IGNORED, "Yours raises as soon as ceil_mode is set.", a.but(ceil_mode=True))


@pytest.mark.parametrize("edge", [0.0, -torch.inf])
def test_a_window_in_the_padding_holds_nothing_else(edge):
    variant = bank.ceil_too_far(edge).variants[""]
    # Windows begin at -1, 1 and 3: the last one after the three pixels.
    a = arguments((3, 4), kernel_size=2, padding=1, ceil_mode=True)
    wrong = variant(max_pool, a)
    assert wrong.shape[2:] == (3, 3)
    assert torch.equal(wrong[:, :, :2], max_pool(a))
    assert (wrong[:, :, 2] == edge).all()


def test_windows_that_are_counted_without_the_kernel_are_cut_at_the_edge():
    variant = bank.kernel_not_counted(lambda patch: patch.amax((-2, -1)), -torch.inf).variants[""]
    # Windows begin at 0, 2, 4 and 6, of 8 rows, and at 0, 2 and 4, of 7 columns; 3 pixels each.
    a = arguments((8, 7), stride=2)
    wrong = variant(max_pool, a)
    assert wrong.shape[2:] == (8 // 2, 7 // 2)
    assert torch.equal(wrong[:, :, :3, :3], max_pool(a))
    assert torch.equal(wrong[:, :, 3, 0], a.x[:, :, 6:, :3].amax((2, 3)))


def test_a_remainder_raises():
    variant = bank.REMAINDER.variants["Elsewhere yours raises."]
    assert torch.equal(variant(max_pool, arguments((9, 6))), max_pool(arguments((9, 6))))
    with pytest.raises(ValueError, match=r"^$"):
        variant(max_pool, arguments((9, 8)))


def test_a_window_that_is_off_by_one():
    variants = bank.window_off_by_one(lambda patch: patch.mean((-2, -1)), 0.0).variants
    a = arguments((9, 9), AVG_POOL2D)
    smaller = variants["Yours is one pixel too small."](AVG_POOL2D.reference, a)
    assert torch.allclose(smaller, AVG_POOL2D.reference(a.but(kernel_size=2, stride=3)))
    late = variants["Yours begins one pixel too late."](AVG_POOL2D.reference, a)
    shifted = AVG_POOL2D.reference(a.but(x=a.x[:, :, 1:, 1:]))
    assert torch.allclose(late[:, :, :2, :2], shifted)
    larger = variants["Yours is one pixel too large."](AVG_POOL2D.reference, a)
    right = AVG_POOL2D.reference(a.but(kernel_size=4, stride=3))
    assert torch.allclose(larger[:, :, :2, :2], right)
