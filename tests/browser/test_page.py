"""The page of a notebook in a real browser: folded code, a failure, paper, keys alone."""

from pathlib import Path

import pytest

from labkit.execution.outcomes import Failure, Outcome
from labkit.reports.page import page

from .visiting import brightness_of_paper, tab_to, visiting

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LONG = "\n".join(f"value_{i} = compute({i}, argument={i}, another_argument={i})" for i in range(20))
TRACEBACK = "\n".join(f"line {i} of a traceback that is wider than a telephone" for i in range(40))


def code(source, *outputs, count=1):
    return {
        "cell_type": "code",
        "source": source,
        "outputs": list(outputs),
        "metadata": {},
        "execution_count": count,
    }


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Write the page of a notebook with two folded sources, whose last cell failed."""
    error = {"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": [TRACEBACK]}
    printed = {"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"}
    title = {"cell_type": "markdown", "source": "# A page\n\nText.", "metadata": {}}
    cells = [title, code(LONG), code("x = 1"), code(LONG), code(LONG, printed, error)]
    outcome = Outcome(
        Path("n.ipynb"),
        "failed",
        seconds=2.0,
        cell_seconds=dict.fromkeys(range(1, 5), 0.5),
        failure=Failure("ValueError", "too large", TRACEBACK, cell=4),
        parameters={"device": "cpu", "a_parameter_with_a_long_name": "and a value as long as it"},
        warnings=("cell 1: UserWarning: something",),
        versions={"torch": "2.11.0"},
    )
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path = tmp_path_factory.mktemp("page") / "n.html"
    path.write_text(page(notebook, name="n", outcome=outcome), encoding="utf-8")
    return path


def open_sources(visited):
    return visited.locator("details.source[open]").count()


def test_all_code_is_unfolded_and_folded_by_one_key(browser, file):
    with visiting(browser, file) as visited:
        button = visited.get_by_role("button", name="code")
        assert visited.locator("details.source").count() == 2, "a failing cell is never folded"
        assert open_sources(visited) == 0
        tab_to(visited, button)
        visited.keyboard.press("Enter")
        assert open_sources(visited) == 2
        assert button.inner_text() == "Fold long code"
        visited.keyboard.press("Space")
        assert open_sources(visited) == 0
        assert button.inner_text() == "Unfold all code"


def test_one_source_is_unfolded_by_itself(browser, file):
    with visiting(browser, file) as visited:
        summary = visited.locator("details.source summary").first
        tab_to(visited, summary)
        visited.keyboard.press("Enter")
        assert open_sources(visited) == 1
        assert visited.get_by_role("button", name="Unfold all code").count() == 1
        visited.locator("details.source summary").last.click()
        assert visited.get_by_role("button", name="Fold long code").count() == 1


def test_without_scripts_sources_unfold_and_no_dead_button_shows(browser, file):
    with visiting(browser, file, java_script_enabled=False) as visited:
        assert not visited.locator("#unfold").is_visible()
        visited.locator("details.source summary").first.click()
        assert visited.get_by_text("value_19 =").first.is_visible()


def test_paper_shows_what_the_screen_folds(browser, file):
    with visiting(browser, file, color_scheme="dark") as visited:
        closed = "document.querySelectorAll('details:not([open])').length"
        before = visited.evaluate(closed)
        assert before > 2, "code, warnings, and facts of the run"
        visited.evaluate(f"addEventListener('beforeprint', () => (window.printed = {closed}))")
        visited.emulate_media(media="print")
        assert brightness_of_paper(visited) == 255
        assert visited.pdf().startswith(b"%PDF")
        assert visited.evaluate("window.printed") == 0
        assert visited.evaluate(closed) == before


@pytest.mark.parametrize("width", [400, 1280])
def test_a_failure_is_explained_at_the_top_and_its_cell_is_one_key_away(browser, file, width):
    with visiting(browser, file, viewport={"width": width, "height": 900}) as visited:
        failure = visited.get_by_role("region", name="ValueError in cell 4")
        assert failure.bounding_box()["y"] < 120
        for words in ("too large", "value_19 =", "one\ntwo", "line 39 of a traceback"):
            assert words in failure.inner_text()
        tab_to(visited, failure.get_by_role("link", name="cell 4"))
        visited.keyboard.press("Enter")
        cell, header = visited.locator('[id="cell-id=4"]'), visited.locator("header")
        hidden = header.bounding_box()["height"]
        assert hidden <= cell.bounding_box()["y"] < 900
        assert cell.get_by_text("value_19 =").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_the_page_fits_the_screen_and_follows_its_colours(browser, file, width, scheme):
    size = {"width": width, "height": 900}
    with visiting(browser, file, viewport=size, color_scheme=scheme) as visited:
        visited.get_by_role("button", name="Unfold all code").click()
        assert visited.evaluate("document.documentElement.scrollWidth") == width
        assert (brightness_of_paper(visited) > 200) == (scheme == "light")
