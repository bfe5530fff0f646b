"""Fixtures that every test may use."""

import json
import os
import signal
from collections import Counter
from functools import cache

import jaxtyping
import pytest

from .browser.chromium import CHROMIUM_NAMES, find_chromium, open_chromium


@pytest.fixture
def as_learners_run_it():
    """Turn the shape checker of the test run off, so that labkit's own messages are tested."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def pytest_configure():
    """Let Ctrl-C reach the tests of it: what a shell starts in its background is deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of one file on one worker of pytest-xdist, and all browsers on one worker.

    The cells of a notebook need their order, fixtures of a module are worth sharing, and two
    browsers with their servers on two cores would slow each other. (xdist's own way, the mark
    ``xdist_group``, does nothing with pytest 9.2: pytest-dev/pytest-xdist#1386.)
    """
    from xdist.scheduler import LoadFileScheduling

    class OneBrowserAtATime(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            return "browser" if _uses_a_browser(config.rootpath / file) else file

    return OneBrowserAtATime(config, log)


@cache
def _uses_a_browser(path):
    return path.suffix == ".py" and "pytest.mark.browser" in path.read_text(encoding="utf-8")


def pytest_terminal_summary(terminalreporter):
    """Say what kinds of checks passed, as one closing line cannot."""
    reports = terminalreporter.stats.get("passed", [])
    kinds = Counter(map(_kind, reports))
    terminalreporter.section("what passed")
    for kind, count in sorted(kinds.items()):
        terminalreporter.write_line(f"{count:6,}  {kind}")


def _kind(report):
    folder, _, _ = report.nodeid.partition("/")
    if "browser" in report.keywords:
        return "in a real browser"
    if folder == "notebooks":
        return "notebook cells whose stored output is true"
    if folder == "labkit":
        return "examples in docstrings"
    return "tests"


@pytest.fixture(scope="module")
def browser():
    """Start a headless Chromium; skip where none is installed, unless LABKIT_REQUIRE_BROWSER=1.

    One for each file of tests, not for the session: while Playwright runs, no other test in the
    same process could start an event loop.
    """
    if find_chromium() is None:
        reason = f"no Chromium on PATH (looked for {', '.join(CHROMIUM_NAMES)})"
        if os.environ.get("LABKIT_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason}, and LABKIT_REQUIRE_BROWSER=1", pytrace=False)
        pytest.skip(reason)
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture
def write_notebook(tmp_path):
    """Give ``write(name, *cells)``, which writes a notebook of code cells that has not run.

    A cell is its source, or ``(source, tag)``; one that starts with ``#md`` is text.
    """

    def cell(number, content):
        source, *tags = (content,) if isinstance(content, str) else content
        metadata = {"tags": tags} if tags else {}
        common = {"id": f"cell-{number}", "metadata": metadata}
        if source.startswith("#md"):
            return common | {"cell_type": "markdown", "source": source[3:].lstrip()}
        code = {"cell_type": "code", "execution_count": None, "outputs": []}
        return common | code | {"source": source}

    def write(name, *cells):
        content = {"cells": [cell(i, c) for i, c in enumerate(cells)], "metadata": {}}
        content |= {"nbformat": 4, "nbformat_minor": 5}
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        return path

    return write
