from html.parser import HTMLParser

from labkit.reports.index import index


class Texts(HTMLParser):
    """Collects the text of each row of a table, and every link."""

    def __init__(self):
        super().__init__()
        self.rows, self.links = [], []

    def handle_starttag(self, tag, attributes):
        if tag == "tr":
            self.rows.append("")
        if tag == "a":
            self.links.append(dict(attributes)["href"])

    def handle_data(self, data):
        if self.rows:
            self.rows[-1] += data + " "


def test_each_notebook_has_a_row_and_a_failure_one_more(outcomes):
    pages = {outcomes[0].path: "pages/good%20one.html", outcomes[1].path: "pages/deep/bad.html"}
    table = Texts()
    table.feed(index(outcomes, pages))
    _, good, bad, error, later, reason = table.rows
    for word in ("good one", "passed", "2.5 s", "cell 1", "500 ms", "accuracy = 0.97", "seed = 3"):
        assert word in good
    assert "failed" in bad
    assert "TypeError" in error
    assert "<b>" in error, "a traceback is text, not markup"
    assert "skipped" in later
    assert "bad did not pass" in reason
    assert table.links == [
        "pages/good%20one.html",
        "pages/good%20one.html#cell-id=1",
        "pages/deep/bad.html",
        "pages/deep/bad.html#cell-id=1",
        "pages/deep/bad.html#cell-id=1",
    ]
