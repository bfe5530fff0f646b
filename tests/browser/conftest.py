"""JupyterLab for the tests of this folder."""

import pytest

from .jupyterlab import running_jupyterlab


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """Serve an empty folder in JupyterLab: ``folder`` to put notebooks in, and ``address``."""
    folder = tmp_path_factory.mktemp("lab")
    with running_jupyterlab(folder) as address:
        yield folder, address
