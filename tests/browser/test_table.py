"""The table of all notebooks in a real browser: sorted, filtered, read on any screen, printed."""

import re
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from labkit.execution.outcomes import Failure, Outcome
from labkit.reports import report

from ..reports.runs import random_run
from .visiting import brightness_of_paper, tab_to, visiting

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

CONTRAST = """() => {
  const channels = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = (colour) => {
    const [r, g, b] = colour.map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const paper = (node) => {
    const found = channels(getComputedStyle(node).backgroundColor);
    return found[3] === 0 ? paper(node.parentElement) : found;
  };
  const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const low = new Set();
  while (words.nextNode()) {
    const node = words.currentNode.parentElement;
    if (!words.currentNode.data.trim() || !node.checkVisibility()) continue;
    const pair = [channels(getComputedStyle(node).color), paper(node)].map(light);
    const [darker, lighter] = pair.sort((a, b) => a - b);
    if ((lighter + 0.05) / (darker + 0.05) < 4.5) low.add(`${node.tagName}.${node.className}`);
  }
  return [...low];
}"""
"""Returns what has less contrast than the Web Content Accessibility Guidelines ask of text."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Write the report of a run of 300 notebooks that say anything; give its folder."""
    folder = tmp_path_factory.mktemp("a table")
    run = random_run(7, size=300)
    differing = dict.fromkeys(run.differences[0].runs, run.differences)
    report.write(folder, run.outcomes, previous=run.previous, differences=differing)
    return folder


@pytest.fixture
def small(tmp_path):
    """Write the report of four notebooks; give its folder."""
    a = Outcome(Path("b_slow.ipynb"), "passed", seconds=70.0, warnings=("cell 1: beware",))
    b = Outcome(Path("a_fast.ipynb"), "passed", seconds=9.0, peak_memory=10**9)
    c = Outcome(Path("c_broken.ipynb"), "failed", seconds=10.5, failure=Failure("KeyError", "'x'"))
    again = replace(b, name="a_fast--run-2", repetition=2, seconds=11.0)
    report.write(tmp_path, [a, b, again, c])
    return tmp_path


def names(page):
    """Return the notebooks that are shown, from top to bottom."""
    return page.locator("tbody:visible .name").all_inner_texts()


@pytest.fixture
def visit(browser):
    """Give ``visit(path, **context)``: a page that must not ask or complain until the test ends."""
    with ExitStack() as stack:
        yield lambda path, **given: stack.enter_context(visiting(browser, path, **given))


def test_columns_sort_by_the_keyboard(small, visit):
    page = visit(small / "index.html")
    as_it_ran = ["c_broken", "b_slow", "a_fast"]
    assert names(page) == as_it_ran
    tab_to(page, page.get_by_role("button", name="Time"))
    head = page.locator("th", has_text="Time")
    orders = [
        ("descending", ["b_slow", "a_fast", "c_broken"]),  # of repetitions the longest counts
        ("ascending", ["c_broken", "a_fast", "b_slow"]),
        (None, as_it_ran),
    ]
    for order, expected in orders:
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == order
        assert names(page) == expected
    tab_to(page, page.get_by_role("button", name="Memory"))
    page.keyboard.press("Space")
    assert names(page)[0] == "a_fast", "what is not known comes last"
    page.get_by_role("button", name="Notebook").click()
    assert names(page) == ["a_fast", "b_slow", "c_broken"]
    assert page.locator("[aria-sort]").all_inner_texts() == ["Notebook"]
    assert page.get_by_role("button", name="Results").count() == 0


def test_rows_stay_with_their_remarks(small, visit):
    page = visit(small / "index.html")
    page.get_by_role("button", name="Notebook").click()
    bodies = page.locator("tbody").all_inner_texts()
    assert ["run 2" in text for text in bodies] == [True, False, False]
    assert ["KeyError" in text for text in bodies] == [False, False, True]


def test_what_is_typed_and_chosen_narrows_the_table(small, visit):
    page = visit(small / "index.html")
    tab_to(page, page.get_by_role("searchbox"))
    page.keyboard.type("KEYERROR brok")
    assert names(page) == ["c_broken"]
    assert page.get_by_role("status").inner_text() == "1 of 3 shown"
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    assert len(names(page)) == 3
    assert page.get_by_role("status").inner_text() == ""
    tab_to(page, page.locator("input:checked"))
    shown = {}
    for _ in range(4):
        shown[page.locator("input:checked").get_attribute("value")] = names(page)
        page.keyboard.press("ArrowRight")
    assert shown == {
        "": ["c_broken", "b_slow", "a_fast"],
        "passed": ["b_slow", "a_fast"],
        "failed": ["c_broken"],
        "warnings": ["b_slow"],
    }


def test_enter_in_the_search_leaves_the_page_where_it_is(small, visit):
    page = visit(small / "index.html")
    page.get_by_role("searchbox").fill("slow")
    page.get_by_role("searchbox").press("Enter")
    assert names(page) == ["b_slow"]
    assert page.url == (small / "index.html").resolve().as_uri()


def test_warnings_unfold_by_the_keyboard(small, visit):
    page = visit(small / "index.html")
    assert not page.get_by_text("cell 1: beware").is_visible()
    tab_to(page, page.locator("summary", has_text="1 warning"))
    page.keyboard.press("Enter")
    assert page.get_by_text("cell 1: beware").is_visible()


def test_without_scripts_everything_is_there(small, visit):
    page = visit(small / "index.html", java_script_enabled=False)
    assert names(page) == ["c_broken", "b_slow", "a_fast"]
    assert not page.locator(".filters").is_visible()
    assert page.locator("thead button").count() == 0


def test_whatever_is_said_a_notebook_has_one_body(folder, visit):
    assert visit(folder / "index.html").locator("tbody").count() == 300


def test_the_filters_count_what_they_show(folder, visit):
    page = visit(folder / "index.html")
    for choice in page.locator(".filters fieldset label").all():
        choice.click()
        count = int(re.search(r"\d+$", choice.inner_text())[0])
        assert page.locator("tbody:visible").count() == count


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_whatever_is_said_fits_and_can_be_read(folder, visit, width, scheme):
    size = {"width": width, "height": 900}
    page = visit(folder / "index.html", viewport=size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert (brightness_of_paper(page) > 200) == (scheme == "light")
    assert page.evaluate(CONTRAST) == []


def test_the_head_stays_in_sight(folder, visit):
    page = visit(folder / "index.html", viewport={"width": 1280, "height": 900})
    page.locator("tbody").nth(200).scroll_into_view_if_needed()
    assert page.locator("thead th").first.bounding_box()["y"] == pytest.approx(0, abs=1)


def test_a_printed_table_is_whole_and_white(small, visit):
    page = visit(small / "index.html", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert brightness_of_paper(page) == 255
    assert not page.locator(".filters").is_visible()
    assert len(names(page)) == 3
    assert page.get_by_text("cell 1: beware").is_visible(), "paper cannot be unfolded"
    assert page.evaluate(CONTRAST) == []
    assert page.pdf().startswith(b"%PDF")
