import re

import pytest

from labkit.execution import documents
from labkit.reports.comparison import compare
from labkit.reports.comparison_details import details

from .test_pictures import BLACK, GREY, shows
from .two_runs import ran, summary


def told(old, new, tmp_path, folders=(None, None)):
    labels = ("old <run>", "new")
    comparison = compare(summary(old), summary(new), labels=labels, folders=folders)
    return details(comparison.pairs[0], "anchor", comparison, tmp_path / "elsewhere")


@pytest.fixture
def folders(tmp_path):
    """Two reports, each with one executed notebook and its page."""
    for name, *pictures in (("one", BLACK, BLACK), ("two", BLACK, GREY)):
        cell = {**shows(*pictures), "execution_count": 1}
        notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        documents.write(notebook, tmp_path / name / "executed" / "a.ipynb")
        documents.write_text("page", tmp_path / name / "pages" / "a.html")
    return tmp_path / "one", tmp_path / "two"


def test_each_result_stands_in_a_row_with_its_verdict(tmp_path):
    old = ran("a", "passed", ("x<y", 1.0), ("near", 1.0), ("far", 1.0), ("gone", 1.0))
    new = ran("a", "passed", ("x<y", 1.5), ("near", 1.1, 0.2), ("far", 0.5, 0.2))
    html = told(old, new, tmp_path)
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r"<tr.*?</tr>", html)[1:]]
    assert rows == [
        ["x&lt;y", "1", "1.5", "+0.5", "none", "promised"],
        ["near", "1", "1.1", "+0.1", "✓", "within", "±", "0.2"],
        ["far", "1", "0.5", "−0.5", "✗", "beyond", "±", "0.2"],
    ]
    assert html.count('<tr class="beyond">') == 1
    assert "Only in old &lt;run&gt;: gone." in html


def test_why_a_notebook_no_longer_passes_is_told(tmp_path):
    assert "ValueError: too &lt;large&gt;" in told(ran("a"), ran("a", "failed"), tmp_path)
    assert "ValueError" not in told(ran("a", "failed"), ran("a", "failed"), tmp_path)


def test_other_parameters_are_told(tmp_path):
    html = told(ran("a"), ran("a", parameters={"seed": 7}), tmp_path)
    assert "<code>seed</code> as the notebook has it → <code>7</code>" in html


def test_pictures_that_differ_stand_side_by_side_and_others_once(folders, tmp_path):
    html = told(ran("a"), ran("a"), tmp_path, folders)
    assert html.count(f"base64,{BLACK}") == 2, "once as the same, once beside the other"
    assert html.count(f"base64,{GREY}") == 1
    assert html.count("<img") == 4, "the difference is one too"
    assert "mean difference 20 %" in html
    assert "1 picture is the same" in html


def test_what_is_too_large_or_no_picture_harms_no_page(folders, tmp_path):
    flood, markup = "A" * 5_000_000, '"><script>'
    for folder, more in zip(folders, ("", "B"), strict=True):
        cell = {**shows(flood, flood + more, markup + more), "execution_count": 1}
        notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        documents.write(notebook, folder / "executed" / "a.ipynb")
    html = told(ran("a"), ran("a"), tmp_path, folders)
    assert len(html) < 10_000
    assert "too large" in html
    assert "<script" not in html


def test_links_lead_from_the_page_to_both_pages(folders, tmp_path):
    html = told(ran("a"), ran("a"), tmp_path, folders)
    links = re.findall(r'href="([^"#]+)"', html)
    assert links == ["../one/pages/a.html", "../two/pages/a.html"]


def test_without_folders_there_are_neither_links_nor_pictures(tmp_path):
    html = told(ran("a"), ran("a"), tmp_path)
    assert "<img" not in html
    assert "href" not in html


def test_a_missing_or_damaged_notebook_costs_its_pictures_only(folders, tmp_path):
    (folders[0] / "executed" / "a.ipynb").write_text("{")
    assert "<img" not in told(ran("a"), ran("a"), tmp_path, folders)
    (folders[0] / "executed" / "a.ipynb").unlink()
    assert "<img" not in told(ran("a"), ran("a"), tmp_path, folders)
