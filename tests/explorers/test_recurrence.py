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
from labkit.explorers.recurrence import RecurrenceExplorer

CLASSES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


@pytest.fixture
def inputs():
    return torch.randn(6, 3, generator=torch.Generator().manual_seed(0))


@pytest.fixture(params=CLASSES)
def kind(request):
    return request.param


def layer(kind, width=3, hidden=4):
    torch.manual_seed(1)
    return CLASSES[kind](width, hidden)


def test_states_differences_and_gradients_are_torchs(inputs, kind):
    module = layer(kind)
    explorer = RecurrenceExplorer(
        inputs, module.state_dict(), kind=kind, perturbed=2, feature=1, amount=0.5
    )
    torch.testing.assert_close(explorer.states, module(inputs)[0])
    changed = inputs.clone()
    changed[2, 1] += 0.5
    expected = module(changed)[0] - module(inputs)[0]
    torch.testing.assert_close(explorer.differences.float(), expected, rtol=1e-4, atol=1e-6)
    assert torch.equal(explorer.differences[:2], torch.zeros(2, 4, dtype=torch.float64))
    assert explorer.gradient_norms[-1] == 2.0


def test_reach_is_the_distance_at_which_the_change_has_faded_for_good():
    """h' = tanh(x + h / 2): the change at least halves with each step."""
    weights = {"weight_ih_l0": torch.ones(1, 1), "weight_hh_l0": torch.tensor([[0.5]])}
    explorer = RecurrenceExplorer(torch.zeros(12, 1), weights, perturbed=2, amount=1e-3)
    for threshold, steps in ((0.6, 1), (0.3, 2), (0.05, 5), (0.01, 7), (0.001, None)):
        explorer.threshold = threshold  # 1/2, 1/4, … of the first change
        assert (threshold, explorer.reach) == (threshold, steps)
    explorer.amount = 0.0
    assert explorer.reach == 0


def test_numbers_travel_once_as_bytes(inputs, kind):
    explorer = RecurrenceExplorer(inputs, layer(kind).state_dict(), kind=kind, tokens="abcdef")
    state = explorer.get_state()
    read = {
        n: torch.frombuffer(bytearray(state[n]), dtype=torch.float32)
        for n in ("sequence", "parameters")
    }
    assert torch.equal(read["sequence"], inputs.flatten())
    assert read["parameters"].numel() == sum(
        weight.numel() for one in explorer.layers.values() for weight in one.weights.values()
    )
    arrays = ("sequence", "parameters", "_esm", "_css", "layout")
    assert len(json.dumps({n: v for n, v in state.items() if n not in arrays})) < 2_000


def test_traits_are_observed_and_linked(inputs):
    explorer = RecurrenceExplorer(inputs)
    slider = ipywidgets.IntSlider(max=5)
    seen = []
    explorer.observe(lambda change: seen.append(change.new), "position")
    link((slider, "value"), (explorer, "position"))
    slider.value = 4
    explorer.position = 5
    assert (seen, slider.value) == ([4, 5], 5)


def test_the_unit_stays_inside_a_smaller_layer(inputs):
    weights = {"lstm": layer("lstm", hidden=7).state_dict(), "rnn": layer("rnn").state_dict()}
    explorer = RecurrenceExplorer(inputs, weights, kind="lstm", unit=6)
    explorer.kind = "rnn"
    assert explorer.unit == 3
    assert explorer.weights.keys() == layer("rnn").state_dict().keys()


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("position", 6, "position is 6; expected an index from 0 to 5"),
        ("unit", 8, "unit is 8; expected an index from 0 to 7 into the 8 units"),
        ("perturbed", -1, "perturbed is -1; .* the 6 steps"),
        ("feature", 3, "feature is 3; expected an index from 0 to 2 into the 3 inputs"),
        ("amount", float("inf"), "amount is inf; expected a finite number"),
        ("threshold", 5, "threshold is 5.0; expected a share between 0 and 1"),
        ("kind", "elman", "elman"),
        ("position", 1.5, "int"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_a_value_that_cannot_be_is_refused_and_changes_nothing(inputs, trait, value, message):
    explorer = RecurrenceExplorer(inputs)
    before = getattr(explorer, trait)
    with pytest.raises(TraitError, match=message):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


def test_changes_from_the_screen_arrive_together_or_not_at_all(inputs):
    weights = {"lstm": layer("lstm", hidden=7).state_dict(), "rnn": layer("rnn").state_dict()}
    explorer = RecurrenceExplorer(inputs, weights, kind="rnn")
    explorer.set_state({"kind": "lstm", "unit": 6})
    assert (explorer.kind, explorer.unit) == ("lstm", 6)
    with pytest.raises(TraitError):
        explorer.set_state({"unit": 2, "position": 99})
    assert (explorer.unit, explorer.position) == (6, 0)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"kind": "elman"}, OptionError),
        ({"tokens": "abc"}, ShapeError),
        ({"weights": nn.GRU(3, 4).state_dict()}, ShapeError),
        ({"weights": nn.RNN(3, 17).state_dict()}, ShapeError),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_constructor_refuses_with_labkits_errors(inputs, options, error):
    with pytest.raises(error):
        RecurrenceExplorer(inputs, **options)
    with pytest.raises(OptionError, match="position is 99"):
        RecurrenceExplorer(inputs).step(99)
    with pytest.raises(OptionError, match="unit is 99"):
        RecurrenceExplorer(inputs).step(0, 99)


@pytest.mark.parametrize("bias", [True, False])
def test_code_runs_and_gives_states_and_differences(inputs, kind, bias, capsys):
    weights = CLASSES[kind](3, 4, bias=bias).state_dict()
    options = {"position": 4, "unit": 2, "perturbed": 1, "feature": 2, "amount": -0.5}
    explorer = RecurrenceExplorer(inputs, weights, kind=kind, **options)
    names = {"inputs": explorer.inputs, "weights": explorer.weights}
    exec(explorer.code, names)
    torch.testing.assert_close(names["states"], explorer.states)
    torch.testing.assert_close(
        names["differences"], explorer.differences.float(), rtol=1e-4, atol=1e-6
    )
    assert capsys.readouterr().out.startswith(f"{names['states'][4, 2]!s}\n")


def test_words_say_the_step(inputs):
    weights = {"weight_ih_l0": torch.ones(1, 3), "weight_hh_l0": torch.ones(1, 1)}
    explorer = RecurrenceExplorer([[0, 0, 0], [1, 1, -2]], weights, tokens=["a", "b"], position=1)
    first, second = repr(explorer).splitlines()
    assert first == "RecurrenceExplorer: RNN of 1 unit, 2 steps of 3 inputs"
    assert second == 'step 1 "b", unit 0: h = tanh(0 + 0) = 0'
    explorer.predict = True
    assert repr(explorer).endswith("= ?")


@pytest.mark.parametrize(("steps", "width"), [(1, 1), (8, 8), (64, 16)])
def test_poster_is_a_small_picture_of_this_very_step(steps, width):
    explorer = RecurrenceExplorer(torch.randn(steps, width))
    data, _ = explorer._repr_mimebundle_()
    poster = b64decode(data["image/png"])
    assert len(poster) < 60_000
    assert Image.open(io.BytesIO(poster)).width > 700
    explorer.unit = 3
    assert explorer.poster() != poster


def test_poster_leaves_no_figure_behind(inputs):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    RecurrenceExplorer(inputs, tokens="工智能学习人").poster()
    gc.collect()
    assert plt.get_fignums() == before
