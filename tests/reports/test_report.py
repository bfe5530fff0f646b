import json
import re
from urllib.parse import unquote

from labkit.reports import report


def test_everything_is_written_and_every_link_leads_somewhere(outcomes, tmp_path):
    folder = tmp_path / "report"
    table = report.write(folder, outcomes)
    assert table == folder / "index.html"
    for name in ("summary.json", "summary.md", "junit.xml"):
        assert (folder / name).read_text(encoding="utf-8")
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["notebooks"]
    pages = [folder / "pages" / "good one.html", folder / "pages" / "deep" / "bad.html"]
    for page in [table, *pages]:
        html = page.read_text(encoding="utf-8")
        for link in re.findall(r'<a href="([^"]+)"', html):
            path, _, anchor = unquote(link).partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), f"{page} links to {link}"
            if anchor.startswith("cell-id"):
                assert f'id="{anchor}"' in target.read_text(encoding="utf-8")


def test_the_executed_notebooks_are_not_touched(outcomes, tmp_path):
    before = {o.output: o.output.read_bytes() for o in outcomes if o.output}
    report.write(tmp_path / "report", outcomes)
    assert {path: path.read_bytes() for path in before} == before


def test_links_between_notebooks_lead_to_their_pages(outcomes, write_notebook, tmp_path):
    links = "[next](deep/bad.ipynb#Part) [other](not-run.ipynb) [far](https://example.org/a.ipynb)"
    write_notebook("report/executed/good one.ipynb", f"#md {links}", "x")
    back = "#md [back](../good%20one.ipynb)"
    write_notebook("report/executed/deep/bad.ipynb", back, "1 < 'a'", "y")
    report.write(tmp_path / "report", outcomes)
    pages = tmp_path / "report" / "pages"
    good = (pages / "good one.html").read_text(encoding="utf-8")
    assert '<a href="deep/bad.html#Part">next</a>' in good
    assert '<a href="not-run.ipynb">other</a>' in good, "it has no page here"
    assert '<a href="https://example.org/a.ipynb">far</a>' in good
    bad = (pages / "deep" / "bad.html").read_text(encoding="utf-8")
    assert '<a href="../good%20one.html">back</a>' in bad
