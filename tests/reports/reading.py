"""HTML as a strict reader sees it: every element closed, every text apart."""

from html.parser import HTMLParser

VOID = {"br", "img", "input", "link", "meta", "wbr"}


class Element:
    """An element with its attributes, children and text."""

    def __init__(self, tag, attributes=()):
        self.tag, self.attributes, self.children = tag, dict(attributes), []

    def __getitem__(self, name):
        return self.attributes.get(name)

    @property
    def text(self):
        """All text within, white space collapsed."""
        parts = (c if isinstance(c, str) else f" {c.text} " for c in self.children)
        return " ".join("".join(parts).split())

    def all(self, tag=None, of_class=None):
        """Return the elements within, in their order."""
        found = []
        for child in self.children:
            if isinstance(child, str):
                continue
            classes = (child["class"] or "").split()
            if tag in {None, child.tag} and (of_class is None or of_class in classes):
                found.append(child)
            found += child.all(tag, of_class)
        return found


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = [Element("document")]

    def handle_starttag(self, tag, attrs):
        element = Element(tag, attrs)
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.open[-1].children.append(Element(tag, attrs))

    def handle_endtag(self, tag):
        closed = self.open.pop()
        assert closed.tag == tag, f"</{tag}> closes <{closed.tag}> with {closed.text[:80]!r}"

    def handle_data(self, data):
        self.open[-1].children.append(data)


def read(html):
    """Return the document, after every element in it was found to be closed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert [e.tag for e in reader.open] == ["document"]
    return reader.open[0]
