"""`labkit lab` as a learner meets it: the kernel of a lesson is there at once."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from .jupyterlab import NOTEBOOK, SETTINGS, ask_kernel, close, errors, open_notebook

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux"),
]

LESSON = Path(__file__).parents[2] / "notebooks" / "02_convolution.ipynb"
WHOSE = """
import json as _json, pathlib as _pathlib
print(_json.dumps({"forked": "labkit.kernels.forkserver" in
    _pathlib.Path("/proc/self/cmdline").read_text(), "folder": str(_pathlib.Path.cwd())}))
"""


@contextmanager
def labkit_lab(folder):
    """Run the command on a folder; give JupyterLab's address and token."""
    home = folder / ".home"
    for name, settings in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")
    (home / "config").mkdir()
    exposed = {"LabApp": {"expose_app_in_browser": True}}
    (home / "config" / "jupyter_lab_config.json").write_text(json.dumps(exposed))
    places = {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "labkit", "lab", "--no-browser", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **places},
    )
    with process:
        try:
            said = next(m[0] for line in process.stdout if (m := re.search(r"http://\S+", line)))
            [token] = parse_qs(urlsplit(said).query)["token"]
            yield said.partition("lab/tree")[0], token
        finally:
            process.terminate()


def test_a_lesson_runs_on_a_forked_kernel(browser, tmp_path):
    shutil.copy(LESSON, tmp_path)
    with labkit_lab(tmp_path) as address:
        page = open_notebook(browser, address, LESSON.name)
        page.evaluate(
            f"""() => {{
                const cells = {NOTEBOOK}.content;
                const last = cells.widgets.filter((cell) => cell.model.type === "code")[1];
                cells.activeCellIndex = cells.widgets.indexOf(last) + 1;
                return window.jupyterapp.commands.execute("notebook:run-all-above");
            }}"""
        )
        page.wait_for_function(
            f"""() => {NOTEBOOK}.content.widgets.filter((cell) => cell.model.type === "code")
                .slice(0, 2).every((cell) => cell.model.executionCount)"""
        )
        assert errors(page) == []
        assert ask_kernel(page, WHOSE) == {"forked": True, "folder": str(tmp_path)}
        before = ask_kernel(page, "import os; print(os.getpid())")
        page.evaluate(f"() => {NOTEBOOK}.sessionContext.session.kernel.restart()")
        page.wait_for_function(f"{NOTEBOOK}.sessionContext.session.kernel.status === 'idle'")
        assert ask_kernel(page, "import os; print(os.getpid())") != before
        assert ask_kernel(page, WHOSE)["forked"]
        close(page)
