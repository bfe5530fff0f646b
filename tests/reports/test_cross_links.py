from pathlib import Path

import pytest

from labkit.reports.cross_links import among_pages

ROOT = Path("lessons").resolve()
PAGES = {str(ROOT / "one.ipynb"): "one", str(ROOT / "deep" / "two x.ipynb"): "deep/two x"}


def led(link, source="one.ipynb", page="one"):
    html = f'<p><a href="{link}">x</a></p>'
    return among_pages(html, source=ROOT / source, page=page, pages=PAGES)[
        len('<p><a href="') :
    ].split('"')[0]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("deep/two%20x.ipynb", "deep/two%20x.html"),
        ("./deep/../deep/two%20x.ipynb#Part-1", "deep/two%20x.html#Part-1"),
        ("one.ipynb", "one.html"),
        ("three.ipynb", "three.ipynb"),  # it has no page here
        ("https://example.org/one.ipynb", "https://example.org/one.ipynb"),
        ("one.html", "one.html"),
        ("#one.ipynb", "#one.ipynb"),
    ],
)
def test_a_link_to_a_notebook_leads_to_its_page_where_it_has_one(link, target):
    assert led(link) == target


def test_links_start_from_the_page_not_from_the_notebook():
    assert led("../one.ipynb", "deep/two x.ipynb", "deep/two x") == "../one.html"
    assert led("../one.ipynb", "deep/two x.ipynb", "a/b/two") == "../../one.html"
