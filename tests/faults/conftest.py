"""A folder of notebooks for each file of faults, and fork servers that nobody else uses."""

import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from labkit.kernels import forked

from .black_box import Bench, stop_servers


def pytest_collection_modifyitems(items):
    """Leave these tests out where a run has no fork servers, or processes cannot be looked at."""
    if (why := forked.why_not()) or sys.platform != "linux":
        for item in items:
            if "faults" in item.path.parts:
                item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def runtime():
    """Give the folder of fork servers that only the tests of faults use."""
    # In the system's own folder: the path of a socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="lk-"))
    yield folder
    stop_servers(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def bench(tmp_path_factory, runtime):
    """Give a folder of notebooks, and the command that runs them."""
    return Bench(tmp_path_factory.mktemp("bench"), runtime)
