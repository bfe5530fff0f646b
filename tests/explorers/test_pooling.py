import gc
import io
import itertools
import json
from base64 import b64decode

import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from traitlets import TraitError

from labkit.errors import OptionError, ShapeError
from labkit.explorers.pooling import PoolingExplorer

OPTIONS = [
    {"kernel_size": k, "stride": s, "padding": p, "ceil_mode": ceil}
    for k, s, p, ceil in itertools.product([1, 2, 3], [1, 2, 4], [0, 1], [False, True])
    if 2 * p <= k
]


@pytest.fixture
def image():
    return torch.randn(9, 7, generator=torch.Generator().manual_seed(0))


def test_by_hand():
    explorer = PoolingExplorer([[1, 2, 0, 1], [4, 3, 1, 5]], position=1)
    step = explorer.step()
    assert (step.row, step.column) == (0, 1)
    assert step.cells == [(0, 2), (0, 3), (1, 2), (1, 3)]
    assert step.values.tolist() == [0, 1, 1, 5]
    assert step.shares.tolist() == [0, 0, 0, 1]
    assert step.output == 5
    explorer.kind = "average"
    assert explorer.step().output == (0 + 1 + 1 + 5) / 4
    assert explorer.step().shares.tolist() == [1 / 4] * 4


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", ["max", "average"])
def test_every_step_is_a_cell_of_torchs_output_and_shares_its_gradient(image, kind, options):
    explorer = PoolingExplorer(image, kind=kind, count_include_pad=False, **options)
    more = {} if kind == "max" else {"count_include_pad": False}
    function = F.max_pool2d if kind == "max" else F.avg_pool2d
    leaf = image.clone().requires_grad_()
    output = function(leaf[None], **options, **more)[0]
    (gradient,) = torch.autograd.grad(output.sum(), leaf)
    torch.testing.assert_close(explorer.output, output.detach())
    torch.testing.assert_close(explorer.gradient, gradient)
    collected, read = torch.zeros(9, 7), torch.zeros(9, 7, dtype=torch.int64)
    for position in range(output.numel()):
        step = explorer.step(position)
        assert step.output == pytest.approx(output.flatten()[position].item())
        worked = step.values.max() if kind == "max" else step.values.mean()
        assert step.output == pytest.approx(worked.item(), abs=1e-6)
        for cell, share in zip(step.cells, step.shares, strict=True):
            collected[cell] += share
            read[cell] += 1
    torch.testing.assert_close(collected, gradient)
    assert torch.equal(explorer.readers, read)


@pytest.mark.parametrize("shift", [(0, 1), (0, -1), (2, 0), (-3, 4), (0, 0), (8, -8)])
def test_a_shift_moves_the_image_and_lets_zeros_in(image, shift):
    explorer = PoolingExplorer(image, view="shift", shift=shift)
    down, right = shift
    for y, x in itertools.product(range(9), range(7)):
        there = 0 <= y - down < 9 and 0 <= x - right < 7
        assert explorer.shifted[y, x] == (image[y - down, x - right] if there else 0)
    after = F.max_pool2d(explorer.shifted[None], 2)[0]
    assert torch.equal(explorer.shifted_output, after)


def test_image_travels_once_as_bytes(image):
    state = PoolingExplorer(image).get_state()
    pixels = torch.frombuffer(bytearray(state["pixels"]), dtype=torch.float32)
    assert torch.equal(pixels, image.flatten())
    small = {n: v for n, v in state.items() if n not in ("pixels", "_esm", "_css", "layout")}
    assert len(json.dumps(small)) < 1_000


def test_window_stays_inside_a_smaller_output(image):
    explorer = PoolingExplorer(image, position=11)
    assert explorer.output.shape == (4, 3)
    explorer.kernel_size = 5
    assert (tuple(explorer.output.shape), explorer.position) == ((3, 2), 5)
    explorer.ceil_mode = True
    assert explorer.output.shape == (3, 2)
    explorer.stride = 4
    assert explorer.output.shape == (2, 2)


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("kernel_size", 0, "kernel_size is 0; expected a whole number from 1 to 7"),
        ("stride", 17, "stride is 17"),
        ("padding", 2, "expected at most half of kernel_size, 1, as in PyTorch"),
        ("shift", (0, 9), "shift right is 9; expected a whole number from -8 to 8"),
        ("position", 12, r"the output is 4 × 3: expected a row-major index from 0 to 11"),
        ("kind", "median", "kind"),
        ("view", "heat", "view"),
        ("ceil_mode", 3, "boolean"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_a_value_that_cannot_be_is_refused_and_changes_nothing(image, trait, value, message):
    explorer = PoolingExplorer(image)
    before = getattr(explorer, trait)
    with pytest.raises(TraitError, match=message):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"kind": "median"}, OptionError, "kind is 'median'; expected one of max, average"),
        ({"view": "heat"}, OptionError, "view is 'heat'"),
        ({"stride": 0}, OptionError, "stride is 0"),
        ({"padding": 2}, OptionError, "at most half"),
        ({"kernel_size": 8}, OptionError, "kernel_size is 8"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_constructor_refuses_with_labkits_errors(image, options, error, message):
    with pytest.raises(error, match=message):
        PoolingExplorer(image, **options)
    with pytest.raises(OptionError, match="position is 99"):
        PoolingExplorer(image).step(99)
    with pytest.raises(ShapeError, match="does not fit"):
        PoolingExplorer(image[:3, :3], kernel_size=4)


def test_words_say_the_step():
    explorer = PoolingExplorer([[1.0, -2.0], [0.5, 1.0]])
    first, second = repr(explorer).splitlines()
    sizes = "2 × 2 image, maximum of 2 × 2 cells, stride 2, 1 × 1 output"
    assert first == f"PoolingExplorer: {sizes}"
    assert second == "output[0, 0] = max(1, (-2), 0.5, 1) = 1"
    explorer.kind = "average"
    assert repr(explorer).splitlines()[1] == "output[0, 0] = (1 + (-2) + 0.5 + 1) / 4 = 0.125"
    explorer.predict = True
    assert repr(explorer).endswith("= ?")


@pytest.mark.parametrize(("side", "taps"), [(8, 2), (28, 7), (128, 2)])
def test_poster_is_a_small_picture_of_this_very_step(side, taps):
    explorer = PoolingExplorer(torch.rand(side, side), kernel_size=taps, stride=2, padding=1)
    data, _ = explorer._repr_mimebundle_()
    poster = b64decode(data["image/png"])
    assert len(poster) < 60_000
    assert Image.open(io.BytesIO(poster)).width > 700
    explorer.position = 9
    moved = explorer.poster()
    explorer.kind = "average"
    assert len({poster, moved, explorer.poster()}) == 3


def test_poster_leaves_no_figure_behind():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    PoolingExplorer(torch.eye(4)).poster()
    gc.collect()
    assert plt.get_fignums() == before
