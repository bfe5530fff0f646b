import gc
import io
import json
import math
from base64 import b64decode

import ipywidgets
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from traitlets import TraitError, link

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.explorers.attention import AttentionExplorer

OPTIONS = [
    {"mask": mask, "temperature": temperature, "scaled": scaled}
    for mask in ("none", "causal", "padding", "given")
    for temperature in (0.01, 1.0, 100.0)
    for scaled in (True, False)
]


@pytest.fixture
def heads():
    """Three heads of 5 queries, 7 keys of width 4 and values of width 3."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((3, 5, 4), (3, 7, 4), (3, 7, 3))
    return [torch.randn(shape, generator=generator) for shape in shapes]


@pytest.fixture
def mask():
    mask = torch.rand(3, 5, 7, generator=torch.Generator().manual_seed(1)) > 0.5
    mask[1, 2] = False
    return mask


def torchs(heads, mask, *, temperature, scaled):
    """Weights and output by torch's own function: values that are the identity give the weights."""
    queries, keys, values = (x.double() for x in heads)
    scale = 1 / ((queries.shape[-1] ** 0.5 if scaled else 1) * temperature)
    identity = torch.eye(keys.shape[-2], dtype=torch.float64).expand(len(keys), -1, -1)
    return [
        F.scaled_dot_product_attention(queries, keys, v, attn_mask=mask, scale=scale)
        for v in (identity, values)
    ]


def test_by_hand():
    """exp(ln 3) : exp(0) = 3 : 1."""
    explorer = AttentionExplorer([[math.log(3), 0.0]], [[1, 0], [0, 1]], [[8.0], [4.0]])
    explorer.scaled = False
    step = explorer.step()
    assert step.products.tolist() == pytest.approx([math.log(3), 0])
    assert step.weights.tolist() == pytest.approx([3 / 4, 1 / 4])
    assert step.output.tolist() == pytest.approx([3 / 4 * 8 + 1 / 4 * 4])
    assert step.entropy == pytest.approx(3 / 4 * math.log(4 / 3) + 1 / 4 * math.log(4))
    explorer.scaled = True
    assert explorer.step().scores.tolist() == pytest.approx([math.log(3) / 2**0.5, 0])
    explorer.temperature = 0.5
    assert explorer.step().scores.tolist() == pytest.approx([math.log(3) / 2**0.5 / 0.5, 0])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_weights_and_outputs_are_torchs(heads, mask, options):
    explorer = AttentionExplorer(*heads, mask=mask, padding=3)
    for name, value in options.items():
        setattr(explorer, name, value)
    looks = {
        "none": torch.ones(3, 5, 7, dtype=torch.bool),
        "causal": torch.ones(3, 5, 7, dtype=torch.bool).tril(7 - 5),
        "padding": torch.tensor([True] * 4 + [False] * 3).expand(3, 5, 7),
        "given": mask,
    }[options["mask"]]
    assert torch.equal(explorer.allowed, looks)
    weights, output = torchs(heads, looks, **{n: v for n, v in options.items() if n != "mask"})
    close = {"rtol": 1e-3, "atol": 1e-5} if options["temperature"] < 1 else {}
    torch.testing.assert_close(explorer.weights.double(), weights, check_dtype=False, **close)
    torch.testing.assert_close(explorer.output.double(), output, check_dtype=False, **close)
    for head in range(3):
        explorer.head = head
        for position in range(5):
            step = explorer.step(position)
            torch.testing.assert_close(step.weights.double(), weights[head, position], **close)
            assert torch.equal(step.scores.isfinite(), looks[head, position])


def test_a_row_that_is_wholly_masked_gives_zeros_and_says_so(heads, mask):
    explorer = AttentionExplorer(*heads, mask=mask, head=1, position=2)
    step = explorer.step()
    assert step.weights.tolist() == [0] * 7
    assert step.output.tolist() == [0] * 3
    assert step.entropy == 0
    assert repr(explorer).endswith("no key to look at; its weights and its output are 0")
    explorer.predict = True
    assert "no key to look at" in repr(explorer)


def test_more_queries_than_keys_leave_the_first_ones_without_a_key():
    explorer = AttentionExplorer(torch.ones(4, 2), torch.ones(2, 2), mask="causal")
    assert explorer.weights[0].tolist() == [[0, 0], [0, 0], [1, 0], [0.5, 0.5]]


def test_entropy_goes_from_none_to_that_of_an_even_look(heads):
    explorer = AttentionExplorer(*heads)
    explorer.temperature = 0.01
    sharp = explorer.entropy
    explorer.temperature = 100.0
    assert sharp.min() < 1e-3
    assert explorer.entropy.min() == pytest.approx(math.log(7), abs=1e-3)
    assert explorer.entropy.max() <= math.log(7) + 1e-6


def test_labels_of_queries_serve_the_keys_where_there_are_as_many():
    square, other = torch.ones(2, 3), torch.ones(4, 3)
    assert AttentionExplorer(square, square, tokens="ab").key_tokens == ["a", "b"]
    assert AttentionExplorer(square, other, tokens="ab").key_tokens == []
    assert AttentionExplorer(square, other, key_tokens="wxyz").key_tokens == list("wxyz")
    assert AttentionExplorer(square, square, tokens="ab", key_tokens="yz").key_tokens == ["y", "z"]


def test_numbers_travel_once_as_bytes(heads, mask):
    state = AttentionExplorer(*heads, mask=mask).get_state()
    for name, numbers in zip(("queries", "keys", "values"), heads, strict=True):
        read = torch.frombuffer(bytearray(state[f"{name}_bytes"]), dtype=torch.float32)
        assert torch.equal(read, numbers.flatten())
    read = torch.frombuffer(bytearray(state["allowed_bytes"]), dtype=torch.bool)
    assert torch.equal(read, mask.flatten())
    small = {n: v for n, v in state.items() if not n.endswith("_bytes")}
    small = {n: v for n, v in small.items() if n not in ("_esm", "_css", "layout")}
    assert len(json.dumps(small)) < 1_000


def test_traits_are_observed_and_linked(heads):
    explorer = AttentionExplorer(*heads)
    slider = ipywidgets.FloatSlider(value=1.0, min=0.1, max=10)
    link((slider, "value"), (explorer, "temperature"))
    slider.value = 4.0
    assert explorer.temperature == 4.0
    explorer.set_state({"head": 2, "position": 4, "mask": "causal"})
    assert (explorer.head, explorer.position, explorer.mask) == (2, 4, "causal")
    with pytest.raises(TraitError):
        explorer.set_state({"head": 1, "position": 99})
    assert (explorer.head, explorer.position) == (2, 4)


@pytest.mark.parametrize(
    ("trait", "value", "message"),
    [
        ("position", 5, "position is 5; expected an index from 0 to 4"),
        ("head", 3, "head is 3; expected a whole number from 0 to 2"),
        ("key", -1, "key is -1; expected a whole number from 0 to 6"),
        ("component", 3, "component is 3; expected a whole number from 0 to 2"),
        ("padding", 8, "padding is 8; expected a whole number from 0 to 7"),
        ("temperature", 0.0, r"temperature is 0.0; expected a number from 0.01 to 100"),
        ("temperature", math.nan, "temperature is nan"),
        ("mask", "given", "none was"),
        ("mask", "future", "future"),
        ("scaled", 3, "boolean"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_a_value_that_cannot_be_is_refused_and_changes_nothing(heads, trait, value, message):
    explorer = AttentionExplorer(*heads)
    before = getattr(explorer, trait)
    with pytest.raises(TraitError, match=message):
        setattr(explorer, trait, value)
    assert getattr(explorer, trait) == before


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"mask": "future"}, OptionError, "mask is 'future'; expected None, 'causal', 'padding'"),
        ({"mask": "given"}, OptionError, "mask is 'given'"),
        ({"mask": torch.zeros(5, 7)}, DTypeError, "mask has dtype torch.float32"),
        ({"mask": torch.ones(4, 7) > 0}, ShapeError, r"mask has shape \(4, 7\)"),
        ({"temperature": 0.0}, OptionError, "temperature is 0.0"),
        ({"tokens": "abc"}, ShapeError, "tokens has 3 labels for 5 queries"),
        ({"key_tokens": "abc"}, ShapeError, "key_tokens has 3 labels for 7 keys"),
    ],
)
@pytest.mark.usefixtures("as_learners_run_it")
def test_constructor_refuses_with_labkits_errors(heads, options, error, message):
    with pytest.raises(error, match=message):
        AttentionExplorer(*heads, **options)
    with pytest.raises(OptionError, match="position is 99"):
        AttentionExplorer(*heads).step(99)


def test_words_say_the_step():
    queries = torch.tensor([[1.0, 0.0], [0.0, 9.0]])
    explorer = AttentionExplorer(queries, torch.eye(2), tokens=["up", "on"], mask="causal")
    first, second = repr(explorer).splitlines()
    assert first == "AttentionExplorer: queries 2 × 2, keys 2 × 2, values 2 × 2, mask: causal"
    assert second == 'query 0 "up": most to key 0 "up" with 1, entropy 0 of at most 0'
    explorer.position = 1
    assert 'query 1 "on": most to key 1 "on" with 0.9983' in repr(explorer)
    explorer.predict = True
    assert repr(explorer).endswith("most to key ?")
    assert "head 1 of 2: " in repr(AttentionExplorer(torch.ones(2, 1, 1), [[1.0]], head=1))


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 6, 64), (8, 32, 64)])
def test_poster_is_a_small_picture_of_this_very_step(shape):
    explorer = AttentionExplorer(torch.randn(shape), torch.randn(shape))
    data, _ = explorer._repr_mimebundle_()
    poster = b64decode(data["image/png"])
    assert len(poster) < 60_000
    assert Image.open(io.BytesIO(poster)).width > 700
    explorer.mask, explorer.padding = "padding", 1
    assert explorer.poster() != poster


def test_poster_leaves_no_figure_behind(heads):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    AttentionExplorer(*heads, tokens="工智能学习").poster()
    gc.collect()
    assert plt.get_fignums() == before
