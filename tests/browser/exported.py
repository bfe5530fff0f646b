"""The page of an executed notebook, opened as its reader does: from a file, without a network."""

import re
from contextlib import contextmanager

from labkit.execution import documents
from labkit.execution.running import run
from labkit.reports import report


def export(folder, name, *sources):
    """Run a notebook of these cells and write its page; return where it lies."""
    common = {"metadata": {}, "cell_type": "code", "outputs": [], "execution_count": None}
    cells = [common | {"id": f"c{i}", "source": source} for i, source in enumerate(sources)]
    path = folder / f"{name}.ipynb"
    documents.write({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, path)
    outcome = run(path, output=folder / report.EXECUTED / path.name)
    assert outcome.status == "passed"
    report.write(folder, [outcome])
    return folder / "pages" / f"{name}.html"


@contextmanager
def offline(browser, path, **options):
    """Open a page without a network; in the end it has complained of nothing and asked nobody."""
    context = browser.new_context(viewport={"width": 1000, "height": 900}, **options)
    context.set_offline(True)
    page = context.new_page()
    said, asked = [], []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.resolve().as_uri())
    page.locator(".explorer[data-ready=true]").first.wait_for()
    yield page
    assert said == []
    assert [url for url in asked if not re.match(r"file:|blob:|data:", url)] == []
    context.close()


def soon(page, read, expected):
    """Read until it is what is expected, two seconds at most: on a busy machine a frame is late."""
    for _ in range(40):
        if read() == expected:
            break
        page.wait_for_timeout(50)
    return read()
