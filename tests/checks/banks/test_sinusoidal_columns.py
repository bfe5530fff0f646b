import pytest
import torch

from labkit.checks.banks import sinusoidal_columns as bank
from labkit.checks.question import Arguments
from labkit.ops.positional_encoding import sinusoidal_encoding

T = 4
WIDER = sinusoidal_encoding(T, 6, base=10_000 ** (6 / 5), dtype=torch.float64)


def right(a):
    return sinusoidal_encoding(a.positions, a.d_model, base=a.base, dtype=torch.float64)


def made(mistake, sentence="", d_model=5):
    return mistake.variants[sentence](right, Arguments(positions=T, d_model=d_model, base=10_000))


def table(d_model=5):
    return right(Arguments(positions=T, d_model=d_model, base=10_000))


SINES, COSINES = WIDER[:, 0::2], WIDER[:, 1::2]  # of the three angles of five columns


def alternating(even, odd):
    return torch.stack((even, odd), dim=-1).flatten(1)[:, :5]


NOTHING = torch.zeros(T, 3, dtype=torch.float64)
TABLES = [
    (bank.SIN_COS_SWAPPED, "", alternating(COSINES, SINES)),
    (bank.CONCATENATED, "", torch.cat((SINES, COSINES[:, :2]), 1)),
    (bank.CONCATENATED, "Yours puts the cosines first.", torch.cat((COSINES, SINES[:, :2]), 1)),
    (bank.ODD_WIDTH, "Yours has a column too few then.", table()[:, :4]),
    (bank.ODD_WIDTH, "Yours has a column too many then.", WIDER),
    (bank.ODD_WIDTH, "Yours encodes the next even width then.", table(6)),
    (
        bank.ODD_WIDTH,
        "Yours leaves the last column zero then.",
        torch.cat((table()[:, :4], NOTHING[:, :1]), 1),
    ),
    (
        bank.ODD_WIDTH,
        "Yours ends in a cosine then.",
        torch.cat((table()[:, :4], COSINES[:, 2:]), 1),
    ),
    (bank.AXES_SWAPPED, "Yours returns the table transposed.", table().T),
    (
        bank.AXES_SWAPPED,
        "Yours takes the number of positions for d_model.",
        sinusoidal_encoding(5, T, dtype=torch.float64),
    ),
    (
        bank.AXES_SWAPPED,
        "Yours takes the number of positions for d_model, and transposes.",
        sinusoidal_encoding(5, T, dtype=torch.float64).T,
    ),
    (bank.EXTRA_AXIS, "Yours begins with it.", table()[None]),
    (bank.EXTRA_AXIS, "Yours has it between positions and features.", table()[:, None]),
    (bank.EXTRA_AXIS, "Yours ends with it.", table()[..., None]),
    (bank.ONE_POSITION, "", sinusoidal_encoding(T + 1, 5, dtype=torch.float64)[T]),
    (bank.ONE_POSITION, "Yours encodes the last one.", table()[T - 1]),
    (
        bank.LENGTH_OFF_BY_ONE,
        "Yours has one too many.",
        sinusoidal_encoding(T + 1, 5, dtype=torch.float64),
    ),
    (bank.LENGTH_OFF_BY_ONE, "Yours lacks the last.", table()[:-1]),
    (bank.LENGTH_OFF_BY_ONE, "Yours lacks the first.", table()[1:]),
    (bank.ONLY_SINES, "Yours has the sine in both columns.", alternating(SINES, SINES)),
    (bank.ONLY_SINES, "Yours has the cosine in both columns.", alternating(COSINES, COSINES)),
    (bank.ONLY_SINES, "Yours has the sines alone, and half the columns.", SINES),
    (bank.ONLY_SINES, "Yours has the cosines alone, and half the columns.", COSINES),
    (
        bank.ONLY_SINES,
        "Yours leaves the columns of the cosines zero.",
        alternating(SINES, NOTHING),
    ),
    (
        bank.ONLY_SINES,
        "Yours leaves the columns of the sines zero.",
        alternating(NOTHING, COSINES),
    ),
    (bank.FIRST_ROW_ZERO, "", torch.cat((0 * table()[:1], table()[1:]))),
]


@pytest.mark.parametrize(
    ("mistake", "sentence", "expected"), TABLES, ids=[f"{m.name}: {s}" for m, s, _ in TABLES]
)
def test_the_table_is_the_one_of_the_sentence(mistake, sentence, expected):
    torch.testing.assert_close(made(mistake, sentence), expected)


@pytest.mark.parametrize("sentence", bank.ODD_WIDTH.variants)
def test_an_even_width_is_right(sentence):
    torch.testing.assert_close(made(bank.ODD_WIDTH, sentence, d_model=4), table(4))


def test_every_sentence_is_proved():
    told = {
        (mistake.name, sentence)
        for mistake in (getattr(bank, name) for name in bank.__all__)
        for sentence in mistake.variants
    }
    raising = "Yours raises for an odd one."
    assert told == {(m.name, s) for m, s, _ in TABLES} | {("odd_width", raising)}
    with pytest.raises(ValueError, match=r"^$"):
        made(bank.ODD_WIDTH, raising)
