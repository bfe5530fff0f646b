import gc
import io
import json
from base64 import b64decode

import ipywidgets
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from traitlets import TraitError, link

from labkit.errors import OptionError, ShapeError
from labkit.explorers.convolution import ConvolutionExplorer
from labkit.explorers.kernels import PRESETS


@pytest.fixture
def image():
    return torch.rand(9, 7, generator=torch.Generator().manual_seed(0))


def test_by_hand():
    image = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])
    explorer = ConvolutionExplorer(image, [[1, 0], [0, -1]])
    step = explorer.step(3)
    assert (step.row, step.column) == (1, 1)
    assert step.patch.tolist() == [[5, 6], [8, 9]]
    assert step.products.tolist() == [[5, 0], [0, -9]]
    assert step.sum == 5 - 9 == explorer.output[1, 1]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_every_step_is_a_cell_of_torchs_output(image, stride, padding, dilation):
    kernel = torch.randn(3, 2)
    options = {"stride": stride, "padding": padding, "dilation": dilation}
    explorer = ConvolutionExplorer(image, kernel, **options)
    expected = F.conv2d(image[None, None], kernel[None, None], **options)[0, 0]
    torch.testing.assert_close(explorer.output, expected)
    sums = [explorer.step(position).sum for position in range(expected.numel())]
    torch.testing.assert_close(torch.tensor(sums), expected.flatten())


def test_image_travels_once_as_bytes(image):
    state = ConvolutionExplorer(image).get_state()
    assert torch.equal(
        torch.frombuffer(bytearray(state["pixels"]), dtype=torch.float32), image.flatten()
    )
    small = {n: v for n, v in state.items() if n not in ("pixels", "_esm", "_css", "layout")}
    assert len(json.dumps(small)) < 2_000


def test_presets_come_with_the_learners_own(image):
    learned = torch.randn(5, 5)
    presets = dict(ConvolutionExplorer(image, presets={"learned": learned}).presets)
    assert list(presets) == [*PRESETS, "learned"]
    torch.testing.assert_close(torch.tensor(presets["learned"]), learned)


def test_traits_are_observed_and_linked(image):
    explorer = ConvolutionExplorer(image)
    slider = ipywidgets.IntSlider(max=34)
    seen = []
    explorer.observe(lambda change: seen.append(change.new), "position")
    link((slider, "value"), (explorer, "position"))
    slider.value = 5
    explorer.position = 6
    assert (seen, slider.value) == ([5, 6], 6)


def test_a_tensor_may_be_assigned_as_kernel(image):
    explorer = ConvolutionExplorer(image)
    explorer.kernel = torch.ones(2, 2)
    assert explorer.kernel == [[1.0, 1.0], [1.0, 1.0]]
    assert explorer.output.shape == (8, 6)


def test_window_stays_inside_a_smaller_output(image):
    explorer = ConvolutionExplorer(image, position=34)
    explorer.stride = 2
    assert explorer.position == 4 * 3 - 1


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("stride", 0, "stride is 0; expected a whole number from 1 to 16"),
        ("padding", -1, "padding is -1"),
        ("dilation", 17, "dilation is 17"),
        ("dilation", 4, "padding"),
        ("kernel", torch.zeros(8, 8), "from 1 to 7"),
        ("kernel", [[1.0, float("nan")]], "NaN"),
        ("position", 35, r"the output is 7 × 5: expected a row-major index from 0 to 34"),
        ("position", -1, "position is -1"),
        ("stride", 1.5, "int"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_a_value_that_cannot_be_is_refused_and_changes_nothing(image, trait, value, message):
    explorer = ConvolutionExplorer(image)
    before = getattr(explorer, trait)
    with pytest.raises(TraitError, match=message):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


def test_changes_from_the_screen_arrive_together_or_not_at_all(image):
    explorer = ConvolutionExplorer(image, position=30)
    explorer.set_state({"stride": 2, "position": 11})
    assert (explorer.stride, explorer.position) == (2, 11)
    with pytest.raises(TraitError):
        explorer.set_state({"dilation": 9, "position": 0})
    assert (explorer.dilation, explorer.position) == (1, 11)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"stride": 0}, OptionError),
        ({"dilation": 4}, ShapeError),
        ({"kernel": torch.zeros(9)}, ShapeError),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_constructor_refuses_with_labkits_errors(image, options, error):
    with pytest.raises(error):
        ConvolutionExplorer(image, **options)
    with pytest.raises(OptionError, match="position is 99"):
        ConvolutionExplorer(image).step(99)


def test_code_runs_and_gives_the_output(image, capsys):
    kernel = torch.randn(3, 3)
    explorer = ConvolutionExplorer(image, kernel, stride=2, padding=1, dilation=2, position=7)
    names = {"image": image}
    exec(explorer.code, names)
    torch.testing.assert_close(names["output"], explorer.output)
    assert capsys.readouterr().out == f"{explorer.output.flatten()[7]!s}\n"


def test_words_say_the_step():
    explorer = ConvolutionExplorer(torch.eye(3), [[1.0, -2.0]], position=1)
    first, second = repr(explorer).splitlines()
    assert first == "ConvolutionExplorer: 3 × 3 image, 1 × 2 kernel, 3 × 2 output"
    assert second == "output[0, 1] = 0 × 1 + 0 × (-2) = 0"
    explorer.predict = True
    assert repr(explorer).endswith("= ?")


@pytest.mark.parametrize(("side", "taps"), [(8, 3), (28, 7), (128, 3)])
def test_poster_is_a_small_picture_of_this_very_step(side, taps):
    explorer = ConvolutionExplorer(torch.rand(side, side), torch.randn(taps, taps), padding=1)
    data, _ = explorer._repr_mimebundle_()
    poster = b64decode(data["image/png"])
    assert len(poster) < 60_000
    assert Image.open(io.BytesIO(poster)).width > 700
    explorer.position = 9
    assert explorer.poster() != poster


def test_poster_leaves_no_figure_behind():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    ConvolutionExplorer(torch.eye(4)).poster()
    gc.collect()
    assert plt.get_fignums() == before
