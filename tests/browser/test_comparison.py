"""Two runs side by side in a real browser: on any screen, on paper, with keys alone."""

import base64
import io

import pytest

from labkit.execution import documents
from labkit.execution.outcomes import Failure, Outcome, as_data
from labkit.reports.comparison import compare
from labkit.reports.comparison_page import page
from labkit.reports.history import SCHEMA
from labkit.results import Result

from .visiting import brightness_of_paper, tab_to, visiting

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

NAMES = ["a_notebook_with_a_rather_long_name_that_has_no_spaces", "second", "third"]


def png(width, tone):
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (width, 200), (tone, tone, tone)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def executed(*pictures):
    outputs = [
        {"output_type": "display_data", "data": {"image/png": p}, "metadata": {}} for p in pictures
    ]
    cell = {"cell_type": "code", "source": "plot()", "outputs": outputs, "metadata": {}}
    cells = [{**cell, "execution_count": 1}]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def run(folder, tone, value, last_status):
    """Write a report of three notebooks and return its summary."""
    outcomes = []
    for name in NAMES:
        documents.write(
            executed(png(300, 0), png(300, tone)), folder / "executed" / f"{name}.ipynb"
        )
        documents.write_text(f"<title>{name}</title>", folder / "pages" / f"{name}.html")
        status = last_status if name == NAMES[-1] else "passed"
        results = (
            Result("share of the digits that were read", value, "", 0.02),
            Result("time", value * 1000, "ms"),
        )
        failure = None if status == "passed" else Failure("ValueError", "x" * 300, cell=0)
        outcomes.append(
            Outcome(
                folder / f"{name}.ipynb",
                status,
                seconds=value,
                peak_memory=700_000_000,
                results=results,
                failure=failure,
                versions={"torch": f"2.{tone}"},
            )
        )
    return {"schema": SCHEMA, "notebooks": [as_data(o) for o in outcomes]}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two runs")
    folders = folder / "old", folder / "new one"
    old = run(folders[0], 10, 0.97, "passed")
    new = run(folders[1], 200, 0.9, "failed")
    path = folder / "compare.html"
    path.write_text(page([compare(old, new, folders=folders)], at=folder), encoding="utf-8")
    return path


def tops(visited):
    pictures = visited.locator("figure.pictures").first.locator("img")
    return [picture.bounding_box()["y"] for picture in pictures.all()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_it_fits_the_screen_and_follows_its_colours(browser, file, width, scheme):
    size = {"width": width, "height": 900}
    with visiting(browser, file, viewport=size, color_scheme=scheme) as visited:
        assert visited.evaluate("document.documentElement.scrollWidth") == width
        assert (brightness_of_paper(visited) > 200) == (scheme == "light")
        rows = visited.locator("tr.beyond td, tr.beyond th").all()
        assert len(rows) == 15
        for row in rows:
            assert row.bounding_box()["width"] > 20


def test_pictures_stand_side_by_side_and_on_a_telephone_below_each_other(browser, file):
    with visiting(browser, file) as visited:
        assert len(tops(visited)) == 3, "old, new, and the difference"
        assert len(set(tops(visited))) == 1
        drawn = "() => [...document.images].every((i) => i.complete && i.naturalWidth === 300)"
        assert visited.evaluate(drawn)
    with visiting(browser, file, viewport={"width": 400, "height": 900}) as visited:
        assert len(set(tops(visited))) == 3


def test_what_is_worse_is_read_first(browser, file):
    with visiting(browser, file) as visited:
        assert visited.locator(".headline").bounding_box()["y"] < 200
        assert visited.locator(".pairs tbody tr").first.inner_text().startswith("third")
        assert "passed →" in visited.locator(".pairs tbody tr").first.inner_text()


def test_keys_alone_reach_every_part(browser, file):
    with visiting(browser, file) as visited:
        tab_to(visited, visited.get_by_role("link", name="second"))
        visited.keyboard.press("Enter")
        heading = visited.get_by_role("heading", name="second")
        assert heading.evaluate("(h) => h.getBoundingClientRect().top") < 900
        same = visited.get_by_role("region", name="second").locator("details.pictures")
        tab_to(visited, same.locator("summary"))
        visited.keyboard.press("Enter")
        assert same.locator("img").is_visible()
        tab_to(visited, visited.get_by_role("link", name="the new run").last)
        visited.keyboard.press("Enter")
        visited.wait_for_url("**/new%20one/pages/*.html")


def test_it_prints(browser, file):
    with visiting(browser, file, color_scheme="dark") as visited:
        visited.emulate_media(media="print")
        assert brightness_of_paper(visited) == 255
        assert visited.pdf().startswith(b"%PDF")
