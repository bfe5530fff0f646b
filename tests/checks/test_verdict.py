import base64
import json
import re

import pytest
import torch.nn.functional as F

from labkit.checks import check
from labkit.checks.verdict import MIME, Verdict

WRONG = {
    "flipped": lambda x, weight: F.conv2d(x, weight.flip(2, 3)),
    "small": lambda x, weight: F.conv2d(x, weight)[..., :-1],
    "large": lambda x, weight: F.pad(F.conv2d(x, weight), (0, 1, 0, 1)),
    "axes": lambda x, weight: F.conv2d(x, weight)[None],
    "nan": lambda x, weight: F.conv2d(x, weight) * float("nan"),
}


@pytest.mark.parametrize("function", [F.conv2d, *WRONG.values()], ids=["right", *WRONG])
def test_a_notebook_is_given_words_and_a_small_picture_with_its_words(function):
    verdict = check.conv2d(function)
    bundle = verdict._repr_mimebundle_()
    assert bundle["text/plain"] == str(verdict) == repr(verdict)
    (source,) = re.findall(r'src="data:image/png;base64,([^"]+)"', bundle["text/html"])
    assert 1_000 < len(base64.b64decode(source)) < 60_000
    (alt,) = re.findall(r'alt="([^"]+)"', bundle["text/html"])
    assert "output[" in alt


@pytest.mark.parametrize("name", ["right", "flipped", "small"])
def test_a_notebook_stores_the_verdict_for_reports_each_time_the_same(name):
    function = WRONG.get(name, F.conv2d)
    verdict = check.conv2d(function)
    entry = verdict._repr_mimebundle_(include=None, exclude=None)[MIME]
    assert entry == {
        "operation": "conv2d",
        "passed": name == "right",
        "mistake": {"flipped": "kernel_flipped"}.get(name, verdict.mistake),
        "asked": verdict.asked,
    }
    assert (entry["mistake"] is None) == entry["passed"]
    assert json.dumps(entry) == json.dumps(check.conv2d(function)._repr_mimebundle_()[MIME])


def test_what_a_learner_wrote_cannot_break_the_page():
    def raises(x, weight):
        raise ValueError("<script>alert(1)</script>")

    html = check.conv2d(raises)._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_words_for_a_terminal():
    text = str(check.conv2d(WRONG["flipped"]))
    assert text.startswith("✗ conv2d: kernel flipped\n")
    assert re.search(r"output\[0, 0, 0, 0\] should be .*\*.* = -?\d+, yours is -?\d+", text)
    assert "image 0, output channel 0, row 0, column 0" in text
    assert "→" in text
    assert "cross-correlation" in text


def test_shapes_are_shown_where_they_differ():
    message = check.conv2d(WRONG["small"]).message
    assert "should have the shape (1, 1, 2, 2), yours has (1, 1, 2, 1)" in message
    assert "yours ends before it" in message


@pytest.mark.parametrize(
    ("besides", "words"),
    [
        (("dtype", "device", "gradients"), "right, and so are dtype, device and gradients; noth"),
        (("dtype", "device"), "right, and so are dtype and device; nothing"),
        ((), "right; nothing that was given has been changed."),
    ],
)
def test_what_is_right_besides_is_what_was_looked_at(besides, words):
    verdict = Verdict("conv2d", 5, besides=besides)
    assert verdict.message.startswith("All 5 answers are " + words)


def test_two_mistakes_are_both_told():
    verdict = check.conv2d(lambda x, w, b=None: F.conv2d(x, w.flip(2, 3)))
    assert verdict.mistake == "kernel_flipped+bias_forgotten"
    assert "flipped" in verdict.message
    assert "bias is forgotten" in verdict.message
