import gc
import io
import json
from base64 import b64decode

import ipywidgets
import pytest
import torch
from PIL import Image
from torch import nn
from traitlets import TraitError, link

from labkit.errors import OptionError, ShapeError
from labkit.explorers.neural_network import NeuralNetworkExplorer
from labkit.ops.backpropagation import Layer

from .network_by_autograd import both_passes, descended, network

HIDDEN = Layer(torch.tensor([[0.5, 1.0], [1.0, -1.5]]), torch.tensor([0.0, 0.5]))
LAST = Layer(torch.tensor([[1.0, -1.0]]), torch.tensor([0.5]))
X, TARGET = torch.tensor([2.0, 1.0]), torch.tensor([1.0])


def lesson(**options):
    return NeuralNetworkExplorer([HIDDEN, LAST], X, TARGET, activation="relu", **options)


def test_the_lessons_network():
    explorer = lesson()
    assert explorer.passes.output.tolist() == [1.5]
    assert explorer.loss == 0.25
    for lr, loss in ((0.01, 0.103), (0.1, 1.538)):
        explorer.lr = lr
        explorer.take_step()
        assert round(explorer.loss, 3) == loss
        assert explorer.losses == [0.25]
        explorer.back_to_start()
        assert (explorer.loss, explorer.losses) == (0.25, [])


def test_gradients_and_steps_are_torchs():
    sizes = (3, 4, 2)
    layers, x, target = network(sizes)
    explorer = NeuralNetworkExplorer(layers, x, target, activation="tanh", lr=0.05)
    expected = both_passes(layers, x, target, "tanh")
    torch.testing.assert_close(
        [tuple(layer) for layer in explorer.gradients], expected["gradients"]
    )
    for _ in range(5):
        explorer.take_step()
    after, losses = descended(layers, x, target, "tanh", 0.05, 5)
    torch.testing.assert_close([tuple(layer) for layer in explorer.layers], after)
    assert explorer.losses == pytest.approx(losses)


def test_a_run_stays_beside_the_next_one_and_a_new_example_starts_anew():
    explorer = lesson()
    explorer.take_step()
    explorer.take_step()
    first = [*explorer.losses, explorer.loss]
    explorer.back_to_start()
    assert (explorer.earlier, explorer.losses) == (first, [])
    explorer.lr = 0.1
    explorer.take_step()
    assert explorer.earlier == first
    explorer.target = [2]
    assert (explorer.earlier, explorer.losses) == ([], [])
    assert explorer.parameters != explorer.start


def test_weights_may_be_set_observed_and_linked():
    explorer, other, seen = lesson(), lesson(), []
    explorer.observe(lambda change: seen.append(change.new), "parameters")
    link((explorer, "parameters"), (other, "parameters"))
    explorer.take_step()
    assert len(seen) == 1
    assert other.loss == explorer.loss != 0.25
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    explorer.layers = [tuple(model[k].parameters()) for k in (0, 2)]
    assert explorer.passes.output.item() == pytest.approx(model(X).item(), abs=1e-6)
    assert explorer.losses == []
    slider = ipywidgets.IntSlider(max=15)
    link((slider, "value"), (explorer, "position"))
    slider.value = 9
    assert explorer.position == 9


def test_the_state_is_small():
    sizes = (6, 6, 6, 6)
    explorer = NeuralNetworkExplorer(*network(sizes), activation="tanh")
    state = explorer.get_state()
    numbers = {name: state[name] for name in state if name not in ("_esm", "_css", "layout")}
    assert len(json.dumps(numbers)) < 8_000


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("position", 16, "position is 16; expected an index from 0 to 15"),
        ("x", [1.0], r"x has shape \(1,\) for a network of 2 inputs"),
        ("target", [1.0, 2.0], r"target has shape \(2,\) for a network of 1 outputs"),
        ("x", [float("nan"), 0.0], "x holds NaN"),
        ("target", ["one"], "target"),
        ("lr", 0.0, "lr is 0.0; expected a learning rate above 0, at most 10"),
        ("lr", float("nan"), "lr is nan"),
        ("activation", "gelu", "gelu"),
        ("parameters", [[[[1.0, 2.0]], [0.0]]], r"\[2, 1\] neurons; this network has \[2, 2, 1\]"),
        ("parameters", [1.0], "len"),
        ("parameters", [[[[1e9]], [0.0]]], "beyond 1,000,000"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_a_value_that_cannot_be_is_refused_and_changes_nothing(trait, value, message):
    explorer = lesson()
    before = getattr(explorer, trait)
    with pytest.raises(TraitError, match=message):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


def test_changes_from_the_screen_arrive_together_or_not_at_all():
    explorer = lesson()
    moved = [[[[0, 0], [0, 0]], [0, 0]], [[[1, 1]], [2]]]
    explorer.set_state({"parameters": moved, "losses": [0.25]})
    assert (explorer.passes.output.item(), explorer.losses) == (2.0, [0.25])
    with pytest.raises(TraitError):
        explorer.set_state({"x": [5, 5], "target": []})
    assert explorer.x == [2.0, 1.0]


@pytest.mark.parametrize(
    ("network", "x", "options", "error"),
    [
        ([LAST, HIDDEN], X, {}, ShapeError),
        ([HIDDEN, LAST], X[None], {}, ShapeError),
        ([HIDDEN, LAST], X, {"activation": "gelu"}, OptionError),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_constructor_refuses_with_labkits_errors(network, x, options, error):
    with pytest.raises(error):
        NeuralNetworkExplorer(network, x, TARGET, **options)
    with pytest.raises(OptionError, match="position is 99"):
        lesson().step(99)


def test_a_step_too_far_is_refused_and_so_is_a_curve_too_long():
    explorer = lesson(lr=10.0)
    explorer.activation = "identity"
    explorer.layers = [([[1e5, 1e5]] * 2, [0.0, 0.0]), LAST]
    before = explorer.parameters
    with pytest.raises(OptionError, match=r"beyond 1,000,000; call back_to_start\(\) and take"):
        explorer.take_step()
    assert (explorer.parameters, explorer.losses) == (before, [])
    explorer.back_to_start()
    explorer.lr, explorer.losses = 0.01, [1.0] * 500
    with pytest.raises(OptionError, match="500 steps were taken"):
        explorer.take_step()


def test_words_say_the_step():
    explorer = lesson(position=9)
    first, second = repr(explorer).splitlines()
    assert first == "NeuralNetworkExplorer: 2 inputs, 2 neurons with relu, 1 output; loss 0.25"
    assert second == "step 9 of 16: gradient of x₁ → h₁ = slope at h₁ × x₁ = 1 × 2 = 2"
    explorer.predict = True
    assert "loss" not in repr(explorer).splitlines()[0]
    assert repr(explorer).endswith("= ?")


@pytest.mark.parametrize("sizes", [(1, 1), (2, 2, 1), (6, 6, 6, 6)], ids=str)
def test_poster_is_a_small_picture_of_this_very_step(sizes):
    explorer = NeuralNetworkExplorer(*network(sizes), activation="tanh")
    seen = set()
    for position in (0, explorer._places()[0] // 2, explorer._places()[0] - 1):
        explorer.position = position
        data, _ = explorer._repr_mimebundle_()
        poster = b64decode(data["image/png"])
        assert len(poster) < 60_000
        assert Image.open(io.BytesIO(poster)).width > 700
        seen.add(poster)
    explorer.predict = True
    assert len(seen | {explorer.poster()}) == 4


def test_poster_leaves_no_figure_behind():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    lesson(position=7).poster()
    gc.collect()
    assert plt.get_fignums() == before
