import pytest
import torch

from labkit.checks.banks import pooling_axes as bank
from labkit.checks.pooling import MAX_POOL2D
from labkit.checks.question import Arguments

max_pool = MAX_POOL2D.reference


def arguments(shape=(2, 3, 6, 8), **options):
    x = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    return MAX_POOL2D.complete(Arguments({"kernel_size": 2} | options, x=x))


def made(mistake, a):
    return [variant(max_pool, a) for variant in mistake.variants.values()]


def test_height_and_width_change_places():
    transposed, reread = made(bank.HEIGHT_WIDTH_SWAPPED, arguments())
    right = max_pool(arguments())
    assert torch.equal(transposed.mT, right)
    assert reread.shape == transposed.shape
    assert torch.equal(reread.flatten(), right.flatten())


def test_the_axis_that_the_sentence_names_is_left_out():
    a = arguments(padding=1, stride=1, dilation=2)
    mistake = bank.one_axis_only(lambda patch: patch.amax((-2, -1)), -torch.inf)
    width_stays, height_stays, first_row, first_column = made(mistake, a)
    assert width_stays.shape[2:] == (6, 8)
    assert torch.equal(
        width_stays, max_pool(a.but(kernel_size=(2, 1), padding=(1, 0), dilation=(2, 1)))
    )
    assert torch.equal(
        height_stays, max_pool(a.but(kernel_size=(1, 2), padding=(0, 1), dilation=(1, 2)))
    )
    assert first_row.shape == first_column.shape == max_pool(a).shape
    # The first row of the windows at the top lies in the padding, that of the others does not.
    assert first_row[:, :, 0].isinf().all()
    row_of_x = max_pool(a.but(kernel_size=(1, 2), padding=(0, 1)))
    assert torch.equal(first_row[:, :, 1:], row_of_x[:, :, : first_row.shape[2] - 1])


@pytest.mark.parametrize(
    ("mistake", "axis", "name"),
    [(bank.BATCH_ONE_ONLY, 0, "batch"), (bank.CHANNEL_ONE_ONLY, 1, "channels")],
)
def test_right_for_one_only(mistake, axis, name):
    variants = list(mistake.variants.values())
    a, right = arguments(), max_pool(arguments())
    first, last, repeated = (variant(max_pool, a) for variant in variants[:3])
    assert torch.equal(first, right.narrow(axis, 0, 1))
    assert torch.equal(last, right.narrow(axis, right.shape[axis] - 1, 1))
    assert torch.equal(repeated, first.expand_as(right))
    with pytest.raises(ValueError, match=r"^$"):
        variants[3](max_pool, a)
    one = a.but(x=a.x.narrow(axis, 0, 1))
    assert all(torch.equal(variant(max_pool, one), max_pool(one)) for variant in variants)


@pytest.mark.parametrize(("mix", "axis"), [(bank.channels_mixed, 1), (bank.batch_mixed, 0)])
@pytest.mark.parametrize("reduce", [torch.amax, torch.mean])
def test_an_axis_is_reduced_to_one_to_none_or_repeated(mix, axis, reduce):
    right = max_pool(arguments())
    one, none, repeated = made(mix(reduce), arguments())
    assert torch.equal(none, reduce(right, axis))
    assert torch.equal(one, none.unsqueeze(axis))
    assert torch.equal(repeated, one.expand_as(right))


def test_the_whole_image_is_one_window():
    a = arguments()
    alone, as_pixel, everywhere = made(bank.global_pooling(torch.amax), a)
    assert torch.equal(alone, a.x.flatten(2).max(2).values)
    assert as_pixel.shape == (2, 3, 1, 1)
    assert torch.equal(everywhere, as_pixel.expand(2, 3, 3, 4))


def test_oblong_images_raise():
    with pytest.raises(ValueError, match=r"^$"):
        made(bank.SQUARE_ONLY, arguments())
    square = arguments((2, 3, 6, 6))
    assert torch.equal(*made(bank.SQUARE_ONLY, square), max_pool(square))
