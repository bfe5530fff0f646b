from pathlib import Path

from labkit.execution.outcomes import Outcome
from labkit.reports.masthead import about, masthead

FULL = Outcome(
    Path("n.ipynb"),
    "passed",
    seconds=12.5,
    parameters={"device": "cuda", "text": "<b>"},
    started="2025-03-01T09:05:00+00:00",
    kernel="forked",
    device="NVIDIA <GPU>",
    peak_memory=712_000_000,
    gpu_memory=1_500_000_000,
    versions={"python": "3.11.7", "torch": "2.11.0"},
    warnings=("cell 3: UserWarning: a < b", "cell 4: FutureWarning: c"),
    notes=("cell 4: 198 MB were left out",),
    resumed=True,
    host="build-7",
)


def test_the_line_above_has_the_way_back_the_verdict_and_the_device():
    html = masthead("n<1>", FULL, "../index.html")
    assert '<a href="../index.html">' in html
    for words in ("n&lt;1&gt;", "passed", "12.5 s", "NVIDIA &lt;GPU&gt;"):
        assert words in html


def test_the_button_is_there_where_something_is_folded():
    assert "<button" not in masthead("n", FULL, None)
    assert '<button type="button" id="unfold" hidden>' in masthead("n", FULL, None, folds=True)


def test_without_an_outcome_only_the_name_is_known():
    assert masthead("n", None, None) == "<header><span><code>n</code></span></header>"
    assert about(None) == ""


def test_all_that_is_known_of_a_run_is_told():
    html = about(FULL)
    for words in (
        "device = &#x27;cuda&#x27;",
        "text = &#x27;&lt;b&gt;&#x27;",
        "Taken over from the run of 2025-03-01 09:05 UTC",
        "198 MB were left out",
        "2 warnings",
        "a &lt; b",
        "712 MB",
        "1.5 GB",
        "python 3.11.7, torch 2.11.0",
        "build-7",
        "forked",
    ):
        assert words in html


def test_what_is_not_known_leaves_no_trace():
    assert about(Outcome(Path("n.ipynb"), "passed")) == ""
    html = about(Outcome(Path("n.ipynb"), "passed", peak_memory=5_000_000))
    assert "Peak memory" in html
    for words in ("warning", "GPU", "Versions", "Taken over", "Started"):
        assert words not in html
