import re
from pathlib import Path

import pytest

from labkit.execution.printed import LONGEST, differing

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("loss 0.5", "loss 0.50"),
        ("0.001", "1e-3"),
        ("nan", "-nan"),
        ("0.0", "-0"),
        ("[ 1.  10.]", "[1.0 10.0]"),
        ("<f at 0x7f1c2d3e4f50>", "<f at 0x7fffffffffff>"),
        ("took 12 ms", "took 1.5 s"),
        ("3.2 µs ± 1.1 ns per loop (7 runs, 100,000 loops each)",
         "950 ns ± 2 ns per loop (7 runs, 1,000,000 loops each)"),
        ("Wall time: 1min 3s", "Wall time: 2min 10s"),
        ("123.4 images/s", "99 images/s"),
        ("at 12:30:59 on 2024-05-01", "at 01:02:03 on 2025-06-02"),
        ("\r 10%|█   | 1/10\r100%|████| 10/10 [00:01, 9it/s]", "100%|████| 10/10 [00:09, 1it/s]"),
        (" 50%|██  |\n100%|████|\ndone", "100%|████|\n\ndone"),
        ("10 %\r100 %\n", "50 %\r100 %\n"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("/tmp/ipykernel_12/345.py:3: UserWarning", "/tmp/ipykernel_99/678.py:3: UserWarning"),
        ("", "\n"),
    ],
)  # fmt: skip
def test_two_honest_runs(one, other):
    assert differing([one, other]) == []


@pytest.mark.parametrize(
    ("texts", "what", "values"),
    [
        (["loss 0.5", "loss 0.51"], "loss …", ("0.5", "0.51")),
        (["step 10: 0.5", "step 10: 0.6", "step 10: 0.5"], "step 10: …", ("0.5", "0.6", "0.5")),
        (["x=-1", "x=1"], "x=…", ("-1", "1")),
        (["1e-3 2 3", "2e-3 2 4"], "… 2 …", ("1e-3, 3", "2e-3, 4")),
        (["loss nan", "loss 0.5"], "loss …", ("nan", "0.5")),
        (["nan 1", "nan 2"], "nan …", ("1", "2")),
        (
            ["1234567890123456789", "1234567890123456788"],
            "…",
            ("1234567890123456789", "1234567890123456788"),
        ),
        (
            ["1e99999999999999999999", "2e99999999999999999999"],
            "…",
            ("1e99999999999999999999", "2e99999999999999999999"),
        ),
        (["inf", "-inf"], "…", ("inf", "-inf")),
        (["[ 9.5 1. ]", "[10.5 1. ]"], "[ … 1. ]", ("9.5", "10.5")),
        (["97.5% of 100", "98% of 100"], "…% of 100", ("97.5", "98")),
        (["2-3", "2-4"], "2-…", ("3", "4")),
        (["{'a', 'b'}", "{'b', 'a'}"], "text", ("{'a', 'b'}", "{'b', 'a'}")),
        (["conv2d", "conv3d"], "text", ("conv2d", "conv3d")),
        (["3 smiles", "4 smiles"], "… smiles", ("3", "4")),
        (["0x12", "0x34"], "text", ("0x12", "0x34")),
        (["same\nsaid", "same"], "text", ("said", "")),
    ],
)
def test_what_differs(texts, what, values):
    assert differing(texts) == [(what, values)]


def test_every_line_is_told_where_lines_can_be_set_side_by_side():
    found = differing(["a 1\nb 2\nc\nd 3", "a 9\nb 2\nC\nd 8"])
    assert found == [("a …", ("1", "9")), ("text", ("c", "C")), ("d …", ("3", "8"))]


def test_after_a_line_too_many_nothing_is_compared():
    assert differing(["a 1\nb\nc", "a 2\nnew\nb\nc"]) == [
        ("a …", ("1", "2")),
        ("text", ("b", "new")),
    ]


def test_equal_texts_and_one_text_differ_in_nothing():
    assert differing(["a", "a", "a"]) == []
    assert differing(["a"]) == []


def test_of_long_lines_the_part_is_told_that_differs():
    one, other = ("x" * 500 + end + "y" * 500 for end in ("one", "two"))
    ((what, values),) = differing([one, other])
    assert what == "text"
    assert all(len(value) <= LONGEST for value in values)
    assert "one" in values[0]
    assert "two" in values[1]
    ((what, values),) = differing(["1" * 500, "1" * 501])
    assert what == "…"
    assert values[0] != values[1]
    ((what, values),) = differing([" ".join("1" * 500), " ".join("2" * 500)])
    assert len(what) <= LONGEST
    assert all(len(value) <= LONGEST for value in values)


def test_what_nbval_forgives_is_forgiven_here():
    """Both read the same outputs, each in its own way."""
    text = (ROOT / "tests" / "nbval_sanitize.cfg").read_text(encoding="utf-8")
    forgiven = [line.partition(": ")[2] for line in text.splitlines() if line.startswith("regex")]
    samples = {
        "0x7f1c2d3e4f50": "0x000000000000",
        "12.5 ms": "3 µs",
        "/tmp/ipykernel_1/2.py": "/var/ipykernel_3/4.py",
    }
    assert len(forgiven) == len(samples), "give a sample of what nbval forgives besides"
    for (one, other), pattern in zip(samples.items(), forgiven, strict=True):
        assert re.fullmatch(pattern, one)
        assert differing([one, other]) == []
