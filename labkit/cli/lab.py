"""`labkit lab`: JupyterLab on the lessons, on this machine only, with one clear address."""

import argparse
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from labkit.errors import ForkError, NotebookError
from labkit.execution.finding import find, lessons_folder
from labkit.kernels import forked

__all__ = ["can_open_browser", "command", "environment", "main"]

HOST = "127.0.0.1"
PATIENCE = 120
"""Seconds that JupyterLab may take to answer."""

PROVISIONER = "labkit"
CONTAINER = Path("/.dockerenv")
FIRST_LESSON = "00_start_here.ipynb"


def main(options: argparse.Namespace) -> int:
    """Start JupyterLab, say where it is, and stay until it ends; return the exit code."""
    notebook = _notebook(options.path)
    token = secrets.token_urlsafe(24)
    browser = not options.no_browser and can_open_browser(os.environ)
    started = command(notebook, browser=browser)
    chosen = environment(os.environ, token)
    with suppress(ForkError, OSError):  # then lessons start a little later
        forked.start("kernel", chosen)
    server = subprocess.Popen(started, env=chosen)
    with _passing_signals_to(server) as asked_to_stop:
        address = _address(server, token)
        if address:
            _say(address, notebook, token)
        code = server.wait()
    return 0 if asked_to_stop() else code


def command(notebook: Path, *, browser: bool) -> list[str]:
    """Return the command that starts JupyterLab on a notebook.

    It names no port: only then does Jupyter go on to the next one when its first is taken.
    """
    options = [
        f"--ip={HOST}",
        f"--ServerApp.root_dir={notebook.parent}",
        f"--LabApp.default_url=/lab/tree/{quote(notebook.name)}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.log_level=WARN",
        "--ServerApp.log_level=WARN",
        "-y",  # Ctrl-C stops at once
    ]
    if not browser:
        options.append("--no-browser")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--allow-root")
    return [sys.executable, "-m", "jupyterlab", *options]


def environment(given: Mapping[str, str], token: str) -> dict[str, str]:
    """Return the environment of JupyterLab, whose Python kernels are then forked."""
    chosen = {**given, "JUPYTER_TOKEN": token}
    # A name that Jupyter does not know, as where labkit is not installed, would start no kernel.
    if entry_points(group="jupyter_client.kernel_provisioners", name=PROVISIONER):
        chosen.setdefault("JUPYTER_DEFAULT_PROVISIONER_NAME", PROVISIONER)
    return chosen


def can_open_browser(environment: Mapping[str, str], platform: str = sys.platform) -> bool:
    """Tell whether somebody sits at this machine, in front of a browser."""
    remote = {"CI", "SSH_CONNECTION", "SSH_TTY", "KUBERNETES_SERVICE_HOST", "container"}
    if remote & environment.keys() or CONTAINER.exists():
        return False
    if platform == "linux" and not {"DISPLAY", "WAYLAND_DISPLAY"} & environment.keys():
        return False
    with suppress(webbrowser.Error):
        return webbrowser.get() is not None
    return False


def _notebook(path: str | None) -> Path:
    """Return what to open: a notebook, or the first of a folder."""
    folder = Path(path) if path else lessons_folder()
    first = folder / FIRST_LESSON
    return (first if first.exists() else find([folder])[0]).resolve()


def _address(server: subprocess.Popen, token: str) -> str | None:
    """Wait for the server, recognised by its token, to note its address; ``None`` if it ended."""
    deadline = time.monotonic() + PATIENCE
    while server.poll() is None:
        for note in _notes():
            if note.get("token") == token and _answers(note["url"], token):
                return note["url"]
        if time.monotonic() > deadline:
            server.terminate()
            raise NotebookError(
                f"JupyterLab did not start within {PATIENCE} s; see what it says above"
            )
        time.sleep(0.1)
    return None


def _notes() -> Iterator[dict[str, Any]]:
    """Read the notes that running Jupyter servers leave about themselves."""
    from jupyter_core.paths import jupyter_runtime_dir

    for path in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        with suppress(OSError, ValueError):
            yield json.loads(path.read_text(encoding="utf-8"))


def _answers(address: str, token: str) -> bool:
    """Tell whether our own server answers there: another one would not know the token."""
    request = Request(f"{address}api/status", headers={"Authorization": f"token {token}"})
    with suppress(OSError), urlopen(request, timeout=5) as reply:
        return reply.status == 200
    return False


def _say(address: str, notebook: Path, token: str) -> None:
    where = f"{address}lab/tree/{quote(notebook.name)}?token={token}"
    print(f"\n  JupyterLab is ready:\n\n    {where}\n\n  Stop it with Ctrl-C.\n", flush=True)


@contextmanager
def _passing_signals_to(server: subprocess.Popen) -> Iterator[Callable[[], bool]]:
    """Hand Ctrl-C and termination on to the server, and tell whether there were any."""
    received: list[int] = []

    def hand_on(number: int, _frame: object) -> None:
        received.append(number)
        server.terminate()

    numbers = [signal.SIGINT, signal.SIGTERM]
    previous = {number: signal.signal(number, hand_on) for number in numbers}
    try:
        yield lambda: bool(received)
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        if server.poll() is None:
            server.terminate()
            server.wait()
