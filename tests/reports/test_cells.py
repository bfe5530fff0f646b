import base64

import pytest

from labkit.reports.cells import FOLDED_FROM, cells_html, folded_source

PNG = base64.b64encode(b"a picture").decode()
LONG = "\n".join(f"x{i} = {i}" for i in range(FOLDED_FROM))
ERROR = {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["E"]}


def code(source, *outputs, **metadata):
    return {
        "cell_type": "code",
        "source": source,
        "outputs": list(outputs),
        "metadata": metadata,
        "execution_count": 1,
    }


def notebook(*cells):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@pytest.mark.parametrize(
    "cell",
    [
        code(LONG),
        code("a = 1\nb", tags=["folded"]),
        code("a = 1\nb", tags=["other", "hide-input"]),
        code("a = 1\nb", jupyter={"source_hidden": True}),
    ],
)
def test_long_and_marked_sources_are_folded(cell):
    assert folded_source(cell) == cell["source"].splitlines()[0]


@pytest.mark.parametrize(
    "cell",
    [
        code("\n".join(LONG.splitlines()[1:])),
        code("\n\n", tags=["folded"]),
        code(LONG, ERROR),
        code("a", ERROR, tags=["folded"]),
    ],
)
def test_short_empty_and_failing_sources_are_not(cell):
    assert folded_source(cell) == ""


def test_a_folded_source_says_how_it_begins_and_how_long_it_is():
    html = cells_html(notebook(code("a < b\nsecret", tags=["folded"]), code("c")))
    assert html.count("<details") == 1
    summary = html.partition("<summary>")[2].partition("</summary>")[0]
    assert "<code>a &lt; b</code>" in summary
    assert "2 lines" in summary
    assert "secret" in html.partition("</summary>")[2].partition("</details>")[0]


def test_each_cell_shows_its_time_where_it_is_known():
    html = cells_html(notebook(code("a"), code("b"), code("c")), seconds={0: 1.25, 2: 0.042})
    assert html.count('class="took"') == 2
    first, second, third = html.split('id="cell-id=')[1:]
    assert "1.2 s" in first
    assert "took" not in second
    assert "42 ms" in third


def test_markup_in_sources_and_printed_text_is_escaped():
    printed = {"output_type": "stream", "name": "stdout", "text": "<b>printed</b>"}
    html = cells_html(notebook(code("'<i>source</i>'", printed, tags=["folded"])))
    assert "<b>" not in html
    assert "<i>" not in html


def test_what_is_too_large_stays_in_the_executed_notebook():
    figure = {"image/png": PNG * 1_000_000, "text/plain": "<Figure>"}
    large = {"output_type": "display_data", "data": figure, "metadata": {}}
    flood = {"output_type": "stream", "name": "stdout", "text": "x" * 10_000_000}
    html = cells_html(notebook(code("a", large, flood)), executed="../executed/n.ipynb")
    assert len(html) < 10_000
    assert html.count('<a href="../executed/n.ipynb">') == 2
    assert "9 MB" in html
    assert "10 MB" in html


def test_code_is_highlighted_in_the_language_of_the_notebook():
    julia = notebook(code("function f end"))
    assert '<span class="k">function</span>' not in cells_html(julia)
    julia["metadata"]["language_info"] = {"name": "julia"}
    assert '<span class="k">function</span>' in cells_html(julia)
    assert '<span class="k">function</span>' not in cells_html(notebook(code("function f end")))


def test_a_notebook_that_is_not_quite_valid_is_shown():
    odd = notebook({**code("a"), "unknown": 1})
    odd["metadata"]["kernelspec"] = {"name": "python3"}
    assert 'id="cell-id=0"' in cells_html(odd)
