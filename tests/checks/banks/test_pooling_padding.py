import pytest
import torch
import torch.nn.functional as F

from labkit.checks.banks import pooling_padding as bank
from labkit.checks.pooling import AVG_POOL2D, MAX_POOL2D
from labkit.checks.question import Arguments

max_pool, average = MAX_POOL2D.reference, AVG_POOL2D.reference


def arguments(operation=MAX_POOL2D, **options):
    x = torch.randn(2, 3, 6, 8, generator=torch.Generator().manual_seed(0))
    return operation.complete(Arguments({"kernel_size": 4, "padding": 2} | options, x=x))


def padded_by_hand(a, left, right, top, bottom, edge):
    return a.but(x=F.pad(a.x, (left, right, top, bottom), value=edge), padding=0)


def test_without_padding_or_around_the_result():
    unpadded, around = (v(max_pool, arguments()) for v in bank.padding_ignored().variants.values())
    assert torch.equal(unpadded, max_pool(arguments(padding=0)))
    assert torch.equal(around, F.pad(unpadded, (2, 2, 2, 2)))


@pytest.mark.parametrize("edge", [0.0, -torch.inf])
def test_the_padding_is_on_the_sides_that_the_sentence_names(edge):
    a = arguments()
    for sentence, variant in list(bank.padding_one_side(edge).variants.items())[:-1]:
        amount = 4 if "all of it" in sentence else 2
        sides = [amount * (side in sentence) for side in ("left", "right", "top", "bottom")]
        assert 0 < sum(sides) < 16
        assert torch.equal(variant(max_pool, a), max_pool(padded_by_hand(a, *sides, edge)))


def test_padding_that_both_ends_share():
    *_, shared = bank.padding_one_side(0.0).variants.values()
    a = arguments(kernel_size=6, padding=3)
    assert torch.equal(shared(max_pool, a), max_pool(padded_by_hand(a, 1, 2, 1, 2, 0.0)))


def test_twice_as_much_padding():
    a = arguments()
    twice = bank.padding_twice(-torch.inf).variants[""](max_pool, a)
    assert torch.equal(twice, max_pool(padded_by_hand(a, 4, 4, 4, 4, -torch.inf)))


def test_padding_that_wins():
    a = arguments()
    a = a.but(x=-a.x.abs() - 2)
    zeros, ones, mirrored, opposite = (
        variant(max_pool, a) for variant in bank.PADDING_NOT_INFINITE.variants.values()
    )
    inside = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    for edge, made in ((0.0, zeros), (-1.0, ones)):
        assert (made[:, :, 0] == edge).all()
        assert (made[:, :, :, -1] == edge).all()
        assert torch.equal(made[inside], max_pool(a)[inside])
    assert torch.equal(mirrored, max_pool(a.but(x=F.pad(a.x, (2,) * 4, "reflect"), padding=0)))
    assert torch.equal(opposite, max_pool(a.but(x=F.pad(a.x, (2,) * 4, "circular"), padding=0)))


def test_means_with_another_padding():
    a = arguments(AVG_POOL2D)
    made = [variant(average, a) for variant in bank.PADDING_NOT_ZEROS.variants.values()]
    for mode, wrong in zip(("replicate", "reflect", "circular"), made, strict=True):
        assert torch.equal(wrong, average(a.but(x=F.pad(a.x, (2,) * 4, mode), padding=0)))
    endless = bank.PADDING_MINUS_INFINITY.variants[""](average, a)
    assert endless[:, :, 0].isinf().all()
    assert torch.equal(endless[:, :, 1:-1, 1:-1], average(a)[:, :, 1:-1, 1:-1])


def test_the_padding_is_counted_or_not():
    a = arguments(AVG_POOL2D)
    alone = average(a.but(count_include_pad=False))
    assert torch.equal(bank.PADDING_NOT_COUNTED.variants[""](average, a), alone)
    always, inverted = bank.PADDING_ALWAYS_COUNTED.variants.values()
    assert torch.equal(always(average, a.but(count_include_pad=False)), average(a))
    assert torch.equal(inverted(average, a.but(count_include_pad=False)), average(a))
    assert torch.equal(inverted(average, a), alone)


def test_what_lies_beyond_the_padding_is_counted_with_ceil_mode_only():
    variant = bank.BEYOND_COUNTED.variants[""]
    a = arguments(AVG_POOL2D, padding=0)
    assert torch.equal(variant(average, a), average(a))
    up = a.but(ceil_mode=True)
    # Two of the four rows of the last windows lie outside.
    assert torch.allclose(variant(average, up)[:, :, 1], average(up)[:, :, 1] / 2)
    assert torch.equal(variant(average, up)[:, :, 0], average(up)[:, :, 0])
