import gc
import io
import json
import math
from base64 import b64decode

import pytest
import torch
from PIL import Image
from traitlets import TraitError

from labkit.errors import OptionError, ShapeError
from labkit.explorers.positional_encoding import PositionalEncodingExplorer
from labkit.ops.positional_encoding import sinusoidal_encoding


def test_by_hand():
    explorer = PositionalEncodingExplorer(8, 4, base=100.0, position=3, dimension=2)
    step = explorer.step()
    assert step.frequency == pytest.approx(100 ** (-2 / 4))
    assert step.angle == pytest.approx(3 * 0.1)
    assert step.value == pytest.approx(math.sin(0.3), abs=1e-6)
    explorer.dimension = 3
    assert explorer.step().value == pytest.approx(math.cos(0.3), abs=1e-6)
    explorer.kind = "rotary"  # (1, 0) turned by 0.3 radians
    assert explorer.step().value == pytest.approx(math.sin(0.3), abs=1e-6)
    explorer.kind = "learned"
    assert explorer.step()[2:4] == (None, None)
    assert explorer.step().value == explorer.table[3, 3]


@pytest.mark.parametrize("width", [2, 5, 8, 15])
@pytest.mark.parametrize("base", [2, 500.0, 10_000.0])
def test_sinusoids_and_turned_pairs_hold_the_same_angles(width, base):
    explorer = PositionalEncodingExplorer(20, width, base=base)
    encoding = explorer.encode("sinusoidal")
    torch.testing.assert_close(encoding, sinusoidal_encoding(20, width, base=base))
    even = width - width % 2
    turned = explorer.encode("rotary")[:, :even].unflatten(-1, (-1, 2))
    waves = sinusoidal_encoding(20, even, base=base).unflatten(-1, (-1, 2))
    torch.testing.assert_close(turned.flip(-1), waves, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", ["sinusoidal", "rotary", "learned"])
@pytest.mark.parametrize("width", [5, 6])
def test_every_step_is_a_number_of_the_encoding_and_of_its_angle(kind, width):
    explorer = PositionalEncodingExplorer(9, width, kind=kind)
    for position in range(9):
        for dimension in range(width):
            explorer.dimension = dimension
            step = explorer.step(position)
            assert step.value == explorer.encoding[position, dimension]
            if step.angle is not None:
                sine = (dimension % 2 == 0) == (kind == "sinusoidal")
                worked = (math.sin if sine else math.cos)(step.angle)
                assert step.value == pytest.approx(worked, abs=1e-5)


def test_similarity_depends_on_the_distance_alone_where_angles_encode():
    explorer = PositionalEncodingExplorer(16, 8)
    for kind in ("sinusoidal", "rotary"):
        explorer.kind = kind
        for distance in range(16):
            along = explorer.similarity.diagonal(distance)
            torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-5, rtol=0)
    explorer.kind = "learned"
    assert explorer.similarity.diagonal(1).std() > 0.1


def test_a_table_is_taken_as_it_is_and_a_random_one_is_called_random():
    table = torch.nn.Embedding(12, 6).weight
    explorer = PositionalEncodingExplorer(10, 6, kind="learned", table=table)
    assert torch.equal(explorer.encoding, table[:10].detach())
    assert (explorer.trained, "random" in repr(explorer)) == (True, False)
    other = PositionalEncodingExplorer(10, 6, kind="learned")
    assert (other.trained, "(random, not trained)" in repr(other)) == (False, True)
    assert torch.equal(other.table, PositionalEncodingExplorer(10, 6).table)


def test_the_table_travels_once_as_bytes():
    explorer = PositionalEncodingExplorer(8, 4)
    state = explorer.get_state()
    numbers = torch.frombuffer(bytearray(state["numbers"]), dtype=torch.float32)
    assert torch.equal(numbers.reshape(8, 4), explorer.table)
    small = {n: v for n, v in state.items() if n not in ("numbers", "_esm", "_css", "layout")}
    assert len(json.dumps(small)) < 1_000


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("position", 32, "position is 32; expected an index from 0 to 31"),
        ("dimension", 16, "dimension is 16; expected a whole number from 0 to 15"),
        ("base", 1.0, "base is 1.0; expected a number from 2 to 1,000,000"),
        ("base", float("nan"), "base is nan"),
        ("kind", "relative", "kind"),
        ("length", 8, "read-only"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_a_value_that_cannot_be_is_refused_and_changes_nothing(trait, value, message):
    explorer = PositionalEncodingExplorer()
    before = getattr(explorer, trait)
    with pytest.raises(TraitError, match=message):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"length": 1}, OptionError, "length is 1"),
        ({"d_model": 65}, OptionError, "d_model is 65"),
        ({"base": 0.5}, OptionError, "base is 0.5"),
        ({"dimension": -1}, OptionError, "dimension is -1"),
        ({"kind": "alibi"}, OptionError, "expected one of sinusoidal, rotary, learned"),
        ({"table": torch.zeros(31, 16)}, ShapeError, r"\(31, 16\); expected \(32, 16\)"),
        ({"table": torch.zeros(32, 15)}, ShapeError, "a row for each position"),
        ({"table": torch.full((32, 16), torch.nan)}, OptionError, "table holds NaN"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_constructor_refuses_with_labkits_errors(options, error, message):
    with pytest.raises(error, match=message):
        PositionalEncodingExplorer(**options)


def test_words_say_the_step():
    explorer = PositionalEncodingExplorer(8, 4, base=100.0, position=3, dimension=2)
    first, second = repr(explorer).splitlines()
    size = "8 positions × 4 dimensions"
    assert first == f"PositionalEncodingExplorer: sinusoidal, {size}, base 100"
    assert second == "position 3, dimension 2: sin(3 × 0.1) = sin(0.3) = 0.2955"
    explorer.predict = True
    assert repr(explorer).endswith("= ?")
    explorer.kind = "rotary"
    assert "cos(3 × 0.1) = cos(0.3)" in repr(explorer)


@pytest.mark.parametrize("sides", [(2, 2), (32, 16), (128, 64)])
def test_poster_is_a_small_picture_of_this_very_step(sides):
    explorer = PositionalEncodingExplorer(*sides)
    data, _ = explorer._repr_mimebundle_()
    poster = b64decode(data["image/png"])
    assert len(poster) < 60_000
    assert Image.open(io.BytesIO(poster)).width > 700
    explorer.position = 1
    moved = explorer.poster()
    explorer.kind = "learned"
    assert len({poster, moved, explorer.poster()}) == 3


def test_poster_leaves_no_figure_behind():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    PositionalEncodingExplorer(4, 4).poster()
    gc.collect()
    assert plt.get_fignums() == before
