"""Fixtures that every test may use."""

from collections import Counter

import jaxtyping
import pytest


@pytest.fixture
def as_learners_run_it():
    """Turn the shape checker of the test run off, so that labkit's own messages are tested."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Keep the tests of one file on one worker of pytest-xdist, and all browsers on one worker.

    The cells of a notebook need their order, fixtures of a module are worth sharing, and two
    browsers with their servers on two cores would measure each other.
    """
    for item in items:
        group = "browser" if item.get_closest_marker("browser") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


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
