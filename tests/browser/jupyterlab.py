"""A real JupyterLab, as a learner has it: its own server on a free port, driven in a browser."""

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import contextmanager

from .frames import painted

SETTINGS = {
    # Cells outside the window are real too, not placeholders.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    },
}
NOTEBOOK = "window.jupyterapp.shell.currentWidget"


@contextmanager
def running_jupyterlab(folder):
    """Serve ``folder``, with settings and kernels of its own; stop the server at the end."""
    home = folder / ".jupyterlab"
    for name, settings in SETTINGS.items():
        path = home / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings), encoding="utf-8")
    places = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    environment = {**os.environ, **{name: str(home / place) for name, place in places.items()}}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    options = [
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",  # the system picks a free one
        f"--ServerApp.root_dir={folder}",
        f"--IdentityProvider.token={secrets.token_hex(16)}",
        "--LabApp.expose_app_in_browser=True",
    ]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen([*command, *options], env=environment, stdout=log, stderr=log)
        try:
            yield _address(server, home)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _address(server, home, seconds=90):
    """Wait until the server says where it listens; return its URL and token."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        for path in (home / "runtime").glob(f"jpserver-{server.pid}.json"):
            try:
                told = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:  # half written
                break
            return told["url"], told["token"]
        time.sleep(0.1)
    log = (home / "server.log").read_text(encoding="utf-8", errors="replace")
    raise RuntimeError(f"JupyterLab did not start:\n{log[-3000:]}")


def open_notebook(browser, address, name, **page_options):
    """Open a notebook in a new page, and wait until its kernel is idle."""
    url, token = address
    page = browser.new_page(**{"viewport": {"width": 1400, "height": 1000}, **page_options})
    page.set_default_timeout(120_000)
    page.goto(f"{url}lab/tree/{name}?token={token}&reset", wait_until="domcontentloaded")
    page.wait_for_function(f"window.jupyterapp && {NOTEBOOK}?.context?.isReady")
    page.wait_for_function(f"{NOTEBOOK}.sessionContext.session?.kernel?.status === 'idle'")
    return page


def run_all(page, timeout=240_000):
    """Run all cells; wait until the kernel is idle and every code cell has its number."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(
        f"""() => {{
            const notebook = {NOTEBOOK};
            const code = notebook.content.widgets.filter(
                (cell) => cell.model.type === "code" && cell.model.sharedModel.getSource().trim());
            return notebook.sessionContext.session.kernel.status === "idle"
                && code.every((cell) => cell.model.executionCount);
        }}""",
        timeout=timeout,
    )


def ask_kernel(page, code):
    """Run code in the notebook's kernel, beside its cells; return what it prints as JSON."""
    printed = page.evaluate(
        f"""async (code) => {{
            const kernel = {NOTEBOOK}.sessionContext.session.kernel;
            const future = kernel.requestExecute({{ code, store_history: false }});
            let printed = "";
            future.onIOPub = ({{ header, content }}) => {{
                if (content.name === "stdout") printed += content.text;
                if (header.msg_type === "error") printed += content.evalue;
            }};
            await future.done;
            return printed;
        }}""",
        code,
    )
    return json.loads(printed) if printed else None


def wait_for_kernel(page, truth, **expected):
    """A change on the screen is drawn and reaches Python: return what the code ``truth`` prints."""
    for _ in range(50):
        there = ask_kernel(page, truth)
        if {name: there[name] for name in expected} == expected:
            painted(page)
            return there
        page.wait_for_timeout(50)
    raise AssertionError(f"the kernel has {there}, the screen {expected}")


def errors(page):
    """Return the errors that the notebook's cells show."""
    return page.evaluate(
        f"""() => {NOTEBOOK}.content.widgets.flatMap((cell) => cell.model.type !== "code" ? [] :
            cell.model.outputs.toJSON().filter((output) => output.output_type === "error")
                .map((output) => `${{output.ename}}: ${{output.evalue}}`))"""
    )


def close(page):
    """Shut the notebook's kernel down, then close the page: kernels outlive their page."""
    page.evaluate(f"() => {NOTEBOOK}.sessionContext.shutdown()")
    page.close()
