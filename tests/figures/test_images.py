import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from labkit.errors import OptionError, ShapeError
from labkit.figures.images import kernel, show
from labkit.figures.style import png


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def drawn(ax):
    """Return what an axes holds: its one image."""
    (image,) = ax.images
    return image


def test_the_pixels_are_the_tensors_values():
    tensor = torch.rand(2, 1, 4, 5)
    for ax, image in zip(show(tensor), tensor, strict=True):
        assert np.array_equal(drawn(ax).get_array(), image[0].numpy())


def test_colours_stay_in_place():
    photo = torch.rand(3, 4, 5)
    (ax,) = show(photo)
    assert np.allclose(drawn(ax).get_array()[1, 2], photo[:, 1, 2])


def test_images_of_one_call_share_their_scale():
    dark, bright = show([torch.zeros(2, 2), torch.tensor([[1.0, 9.0]])])
    assert drawn(dark).get_clim() == drawn(bright).get_clim() == (0, 9)


def test_zero_is_white_in_signed_pictures():
    (ax,) = show(torch.tensor([[-1.0, 0.0, 4.0]]), signed=True)
    negative, zero, positive = drawn(ax).to_rgba(np.array([-4.0, 0.0, 4.0]))[:, :3]
    assert drawn(ax).get_clim() == (-4, 4)
    assert (zero > 0.95).all()
    assert negative[2] > negative[0], "blue below zero"
    assert positive[0] > positive[2], "red above zero"


@pytest.mark.parametrize(("gray", "name"), [(False, "cividis"), (True, "gray")])
def test_magnitudes_grow_brighter(gray, name):
    (ax,) = show(torch.tensor([[0.0, 1.0]]), gray=gray)
    assert drawn(ax).get_cmap().name == name


def test_a_pixel_that_is_no_number_stands_out():
    (ax,) = show(torch.tensor([[0.0, torch.nan, 1.0]]))
    rgba = drawn(ax).to_rgba(drawn(ax).get_array())
    assert np.allclose(rgba[0, 1, :3], mpl.colors.to_rgb("#009E73"))


def test_small_images_show_their_pixels_and_large_ones_are_smoothed():
    assert drawn(show(torch.zeros(8, 8))[0]).get_interpolation() == "nearest"
    assert drawn(show(torch.zeros(300, 8))[0]).get_interpolation() != "nearest"


def test_titles_and_columns():
    axes = show(torch.zeros(5, 1, 2, 2), titles=list("abcde"), columns=3)
    assert [ax.get_title() for ax in axes] == list("abcde")
    assert len(axes[0].figure.axes) == 5, "no empty frames"
    rows = {ax.get_subplotspec().rowspan.start for ax in axes}
    assert rows == {0, 1}


def test_one_image_goes_where_it_is_told():
    _, (left, right) = plt.subplots(1, 2)
    assert show(torch.zeros(2, 2), titles="here", ax=left) == [left]
    assert left.get_title() == "here"
    assert not right.images


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"titles": ["one"]}, "one title for each of 2 images, got 1"),
        ({"columns": 0}, "at least one column, got 0"),
    ],
)
def test_options_that_do_not_fit(options, message):
    with pytest.raises(OptionError, match=message):
        show(torch.zeros(2, 1, 2, 2), **options)


def test_one_ax_has_no_room_for_two():
    with pytest.raises(OptionError, match="room for one image, got 2"):
        show(torch.zeros(2, 1, 2, 2), ax=plt.gca())


def test_a_row_of_digits_is_a_small_file():
    axes = show(torch.rand(6, 1, 8, 8), gray=True, titles=list("012345"))
    assert len(png(axes[0].figure)) < 30_000


def test_a_kernel_shows_its_numbers_where_they_stand():
    ax = kernel(torch.tensor([[-1.0, 0.0], [0.5, 1 / 3]])[None, None], title="weights")
    placed = {text.get_position(): text.get_text() for text in ax.texts}
    assert placed == {(0, 0): "−1", (1, 0): "0", (0, 1): "0.5", (1, 1): "0.33"}
    assert ax.get_title() == "weights"


def test_the_numbers_of_a_kernel_can_be_read_on_their_colour():
    def luminance(rgb):
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    weight = torch.linspace(-1, 1, 44).reshape(4, 11)
    ax = kernel(weight, size=4.0)
    cells = drawn(ax).to_rgba(drawn(ax).get_array())[..., :3].reshape(-1, 3)
    for cell, text in zip(cells, ax.texts, strict=True):
        ink = np.array(mpl.colors.to_rgb(text.get_color()))
        bright, dark = sorted([luminance(cell), luminance(ink)], reverse=True)
        assert (bright + 0.05) / (dark + 0.05) > 4.5, (text.get_text(), "is hard to read")


def test_the_numbers_of_a_kernel_stay_in_their_cells():
    ax = kernel(torch.full((5, 5), -0.0123))
    ax.figure.draw_without_rendering()
    cell = ax.bbox.width / 5
    assert all(text.get_window_extent().width < cell for text in ax.texts)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 3), (12, 12), (0, 3)])
def test_what_is_no_small_matrix_is_refused(shape):
    with pytest.raises(ShapeError, match=r"expected one matrix of at most 11×11"):
        kernel(torch.zeros(shape))


def test_a_kernel_has_no_negative_zero():
    ax = kernel(torch.tensor([[-0.0, 0.0], [-0.001, 1.0]]))
    assert [text.get_text() for text in ax.texts] == ["0", "0", "−0.001", "1"]
