import pytest
import torch

from labkit.checks.banks import rotary_places as bank
from labkit.checks.question import Arguments
from labkit.checks.rotary_embedding import ROTARY_EMBEDDING
from labkit.ops.positional_encoding import rotary_embedding

X = torch.randn(2, 3, 4, 6, generator=torch.Generator().manual_seed(0))
ASKED = torch.tensor([3, 0, 8, 5])


def made(mistake, sentence="", x=X, **options):
    given = ROTARY_EMBEDDING.complete(Arguments(x=x, **options))
    return mistake.variants[sentence](ROTARY_EMBEDDING.reference, given)


def along(axis, x=X):
    """Turn by the index along an axis."""
    return rotary_embedding(x.transpose(axis, -2)).transpose(axis, -2)


def whole(**options):
    return rotary_embedding(X, **options)


PART = {"rotary_dim": 4}
RESULTS = [
    (bank.WRONG_AXIS, "Yours counts heads, in (batch, heads, length, width).", {}, along(1)),
    (bank.WRONG_AXIS, "Yours counts the axis before it, wherever there is one.", {}, along(1)),
    (
        bank.WRONG_AXIS,
        "Yours counts the axis before it, wherever there is one.",
        {"x": X[0]},
        along(0, X[0]),
    ),
    (bank.WRONG_AXIS, "Yours counts sequences, the first axis.", {}, along(0)),
    (
        bank.WRONG_AXIS,
        "Yours counts sequences where there are no heads.",
        {"x": X[0]},
        along(0, X[0]),
    ),
    (bank.WRONG_AXIS, "Yours counts sequences where there are no heads.", {}, whole()),
    (bank.WRONG_AXIS, "Yours counts features, the last axis.", {}, along(-1)),
    (
        bank.POSITIONS_IGNORED,
        "Yours counts from 0 whatever they are.",
        {"positions": ASKED},
        whole(),
    ),
    (
        bank.POSITIONS_IGNORED,
        "Yours counts on from the first of them.",
        {"positions": ASKED},
        whole(positions=torch.arange(3, 7)),
    ),
    (bank.LAYOUT_IGNORED, "", {"layout": "half"}, whole()),
    (bank.ROTARY_DIM_IGNORED, "Yours turns all features.", PART, whole()),
    (
        bank.ROTARY_DIM_IGNORED,
        "Yours has the frequencies of the whole width.",
        PART,
        torch.cat((whole()[..., :4], X[..., 4:]), -1),
    ),
    (
        bank.ROTARY_DIM_IGNORED,
        "Yours turns the last features instead of the first.",
        PART,
        torch.cat((X[..., :2], rotary_embedding(X[..., 2:])), -1),
    ),
    (
        bank.ROTARY_DIM_IGNORED,
        "Yours leaves out those that are not turned.",
        PART,
        rotary_embedding(X[..., :4]),
    ),
    (
        bank.ROTARY_DIM_IGNORED,
        "Yours makes those zero that are not turned.",
        PART,
        torch.cat((rotary_embedding(X[..., :4]), 0 * X[..., 4:]), -1),
    ),
    (bank.SCALE_IGNORED, "Yours ignores it.", {"scale": 0.5}, whole()),
    (bank.SCALE_IGNORED, "Yours divides by it.", {"scale": 0.5}, whole(scale=2)),
    (bank.SCALE_IGNORED, "Yours multiplies the result with it.", {"scale": 0.5}, whole() / 2),
]


@pytest.mark.parametrize(
    ("mistake", "sentence", "options", "expected"),
    RESULTS,
    ids=[f"{m.name}: {s}" for m, s, *_ in RESULTS],
)
def test_the_result_is_the_one_of_the_sentence(mistake, sentence, options, expected):
    torch.testing.assert_close(made(mistake, sentence, **options), expected)


RAISING = [
    (bank.LEADING_AXES, "Yours raises unless x is (length, width).", X[0], X[0, 0]),
    (bank.LEADING_AXES, "Yours raises unless x is (batch, length, width).", X, X[0]),
    (bank.LEADING_AXES, "Yours raises unless x is (batch, heads, length, width).", X[0], X),
    (bank.LEADING_AXES, "Yours raises for (batch, heads, length, width).", X, X[0]),
    (bank.LEADING_AXES, "Yours raises for (length, width).", X[0, 0], X),
]


@pytest.mark.parametrize(
    ("mistake", "sentence", "wrong", "right"), RAISING, ids=[s for _, s, *_ in RAISING]
)
def test_it_raises_where_the_sentence_says(mistake, sentence, wrong, right):
    with pytest.raises(ValueError, match=r"^$"):
        made(mistake, sentence, wrong)
    torch.testing.assert_close(made(mistake, sentence, right), rotary_embedding(right))


RAISING_OPTIONS = [
    (bank.LAYOUT_IGNORED, "Yours raises for 'half'.", {"layout": "half"}, {"scale": 0.5}),
    (bank.ROTARY_DIM_IGNORED, "Yours raises.", PART, {"rotary_dim": 6}),
]


@pytest.mark.parametrize(
    ("mistake", "sentence", "wrong", "right"),
    RAISING_OPTIONS,
    ids=[f"{m.name}: {s}" for m, s, *_ in RAISING_OPTIONS],
)
def test_it_raises_for_the_options_that_the_sentence_says(mistake, sentence, wrong, right):
    with pytest.raises(ValueError, match=r"^$"):
        made(mistake, sentence, **wrong)
    expected = rotary_embedding(**{"x": X} | right)
    torch.testing.assert_close(made(mistake, sentence, **right), expected)


def test_every_sentence_is_proved():
    told = {
        (mistake.name, sentence)
        for mistake in (getattr(bank, name) for name in bank.__all__)
        for sentence in mistake.variants
    }
    assert told == {(m.name, s) for m, s, *_ in (*RESULTS, *RAISING, *RAISING_OPTIONS)}
