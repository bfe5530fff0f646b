import base64
import re
from pathlib import Path

import pytest

from labkit.execution import documents
from labkit.execution.outcomes import Failure, Outcome
from labkit.reports import live
from labkit.reports.page import page, title_of

PNG = base64.b64encode(b"a picture").decode()

TEXT = r"""#md # The *first* `lesson`

Inline $a_i < b$ and `$not math$`, costs \$5.

$$\sum_{i} x_i$$

\begin{align} a &= b \end{align}

Broken: $\frac{1}{$

## One
## Two
## Three & more

![](https://example.org/remote.png) ![local](local.png)
"""


@pytest.fixture
def notebook(write_notebook, tmp_path):
    path = write_notebook("n.ipynb", TEXT, "print('a < b')", "figure")
    (tmp_path / "local.png").write_bytes(b"a picture")
    notebook = documents.read(path)
    notebook["cells"][1]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "a < b\n"},
        {"output_type": "display_data", "data": {"text/latex": "$x^2$"}, "metadata": {}},
        {
            "output_type": "display_data",
            "data": {"text/html": '<script src="https://cdn.example/a.js"></script><b>bold</b>'},
            "metadata": {},
        },
        {
            "output_type": "display_data",
            "data": {"application/javascript": "alert(1)", "text/plain": "plain"},
            "metadata": {},
        },
    ]
    notebook["cells"][2]["outputs"] = [
        {
            "output_type": "display_data",
            "data": {"image/png": PNG, "text/plain": "<Figure size 640x480 with 1 Axes>"},
            "metadata": {},
        }
    ]
    return notebook


def test_formulas_are_mathml_and_code_is_not(notebook):
    html = page(notebook, name="n")
    assert html.count("<math") == 4, "inline, display, align and the output"
    assert "<code>$not math$</code>" in html
    assert "costs $5" in html
    assert '<code class="formula">\\frac{1}{</code>' in html


def test_nothing_is_loaded(notebook, tmp_path):
    html = page(notebook, name="n", folder=tmp_path)
    loading = re.findall(
        r"<(?!a\b)[^>]*\b(?:src|href|srcset|data)\s*=\s*[\"']?(?:https?:)?//", html
    )
    assert loading == []
    assert "@import" not in html
    assert 'href="https://example.org/remote.png"' in html, "a link says what was left out"
    assert html.count(f"data:image/png;base64,{PNG}") == 2, (
        "the figure, and the picture in the text"
    )


def test_outputs_are_shown(notebook):
    html = page(notebook, name="n")
    assert "a &lt; b" in html
    assert "<b>bold</b>" in html
    assert "alert(1)" not in html
    assert re.search(r"<pre>\s*plain", html)
    assert 'alt="Figure"' in html


def test_sections_are_listed_from_three_on(notebook):
    html = page(notebook, name="n")
    assert re.search(r'<nav class="contents".*Three &amp; more</a>', html)
    notebook["cells"][0]["source"] = "# Title\n\n## One\n\n## Two"
    assert "<nav" not in page(notebook, name="n")


def test_the_title_is_the_first_heading_without_markup(notebook, write_notebook):
    assert title_of(notebook) == "The first lesson"
    assert "<title>The first lesson</title>" in page(notebook, name="n")
    bare = documents.read(write_notebook("bare.ipynb", "# a comment"))
    assert title_of(bare) is None
    assert "<title>bare</title>" in page(bare, name="bare")


def test_a_failure_is_explained_at_the_top_and_linked(notebook):
    failure = Failure("ValueError", "3 < 4", "line 1\n----> 1", cell=2)
    outcome = Outcome(Path("n.ipynb"), "failed", failure=failure, parameters={"seed": 3})
    html = page(notebook, name="n", outcome=outcome, home="../index.html")
    top = html[: html.index("The <em>first</em>")]
    assert "3 &lt; 4" in top
    assert "seed = 3" in top
    assert '<a href="#cell-id=2">' in top
    assert '<a href="../index.html">' in top
    assert 'id="cell-id=2"' in html


def test_a_page_has_the_scripts_it_needs_and_no_other(notebook):
    assert "<script" not in page(notebook, name="n")
    notebook["cells"][1]["metadata"]["tags"] = ["folded"]
    html = page(notebook, name="n")
    assert html.count("<script") == 1
    assert 'id="unfold"' in html


def test_times_come_from_the_outcome_or_from_the_notebook(notebook):
    assert 'class="took"' not in page(notebook, name="n")
    outcome = Outcome(Path("n.ipynb"), "passed", cell_seconds={1: 1.5})
    assert "1.5 s</span>" in page(notebook, name="n", outcome=outcome)
    times = {
        "iopub.status.busy": "2026-01-02T10:00:00Z",
        "iopub.status.idle": "2026-01-02T10:00:02.500000Z",
    }
    notebook["cells"][1]["metadata"]["execution"] = times
    assert "2.5 s</span>" in page(notebook, name="n")


def test_what_is_too_large_leads_to_the_executed_notebook(notebook):
    flood = {"output_type": "stream", "name": "stdout", "text": "x" * 5_000_000}
    notebook["cells"][1]["outputs"] = [flood]
    html = page(notebook, name="n", executed="../executed/n.ipynb")
    assert '<a href="../executed/n.ipynb">' in html
    assert len(html) < 200_000


def test_data_in_the_page_cannot_end_its_script(notebook):
    state = {"text": "</script><!-- <script>", "_esm": "export default '</script>'"}
    model = {"model_module": "anywidget", "model_name": "AnyModel", "state": state}
    notebook["metadata"]["widgets"] = {live.STATE: {"state": {"m": model}}}
    view = {live.VIEW: {"model_id": "m"}, "image/png": PNG, "text/plain": "explorer"}
    notebook["cells"][2]["outputs"][0]["data"] = view
    html = page(notebook, name="n")
    data = re.search(r'<script type="application/json" id="live">(.*?)</script>', html, re.S)[1]
    assert "<" not in data
    assert html.count("</script>") == 2
    assert html.count('class="explorer"') == 1


def test_the_notebook_is_not_changed(notebook):
    before = documents.dumps(notebook)
    page(notebook, name="n")
    assert documents.dumps(notebook) == before
