import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from labkit.cli import lab
from labkit.cli.lab import can_open_browser, command, environment

ADDRESS = re.compile(r"http://\S+")


@contextmanager
def running(path, **options):
    """Start ``labkit lab`` and give the process and the address it prints."""
    started = [sys.executable, "-m", "labkit", "lab", "--no-browser", str(path)]
    process = subprocess.Popen(started, stdout=subprocess.PIPE, text=True, **options)
    watch = threading.Timer(90, process.kill)
    watch.start()
    try:
        yield process, next((m[0] for line in process.stdout if (m := ADDRESS.search(line))), "")
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()
        watch.cancel()


def listening(address):
    try:
        with urlopen(address, timeout=10) as reply:
            return reply.status
    except OSError:
        return None


def test_two_at_a_time_serve_their_lessons_at_their_own_ports(write_notebook):
    paths = [write_notebook(f"{name}/00_start_here.ipynb", "x = 1") for name in ("one", "the 2nd")]
    with ExitStack() as stack:
        servers = [stack.enter_context(running(path.parent)) for path in paths]
        addresses = [urlsplit(address) for _, address in servers]
        assert {a.hostname for a in addresses} == {"127.0.0.1"}
        assert addresses[0].port != addresses[1].port
        for process, address in servers:
            assert "/lab/tree/00_start_here.ipynb?token=" in address
            assert listening(address) == 200
            contents = address.partition("/lab/tree")[0] + "/api/contents"
            assert listening(contents) is None, "nobody reads files without the token"
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) in {0, 1}
            assert listening(address) is None, "the server ends with the command"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to a process")
def test_ctrl_c_is_the_usual_way_to_stop(write_notebook):
    with running(write_notebook("n.ipynb", "x = 1")) as (process, address):
        assert address.partition("?")[0].endswith("/lab/tree/n.ipynb")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert listening(address) is None


def test_the_command_is_for_this_machine_only(tmp_path, monkeypatch):
    with_browser = command(tmp_path / "a b.ipynb", browser=True)
    assert with_browser[:3] == [sys.executable, "-m", "jupyterlab"]
    assert "--ip=127.0.0.1" in with_browser
    assert "--LabApp.default_url=/lab/tree/a%20b.ipynb" in with_browser
    assert "--no-browser" not in with_browser
    assert "--no-browser" in command(tmp_path / "n.ipynb", browser=False)
    for user, allowed in [(0, True), (1000, False)]:
        monkeypatch.setattr(os, "geteuid", lambda user=user: user, raising=False)
        assert ("--allow-root" in command(tmp_path / "n.ipynb", browser=False)) is allowed


def test_its_python_kernels_are_forked_unless_the_user_has_chosen(monkeypatch):
    choice = "JUPYTER_DEFAULT_PROVISIONER_NAME"
    assert environment({"HOME": "/home"}, "secret") == {
        "HOME": "/home",
        "JUPYTER_TOKEN": "secret",
        choice: "labkit",
    }
    assert environment({choice: "local-provisioner"}, "secret")[choice] == "local-provisioner"
    monkeypatch.setattr(lab, "entry_points", lambda **_: ())
    assert choice not in environment({}, "secret"), "Jupyter would know no such provisioner"


@pytest.mark.parametrize(
    ("environment", "platform", "able"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
        ({"DISPLAY": ":0", "SSH_CONNECTION": "1"}, "linux", False),
        ({"CI": "true"}, "darwin", False),
        ({"KUBERNETES_SERVICE_HOST": "1"}, "win32", False),
    ],
)
def test_a_browser_is_opened_only_where_somebody_sits(environment, platform, able, monkeypatch):
    monkeypatch.setattr(lab, "CONTAINER", lab.Path("no such file"))
    monkeypatch.setattr(lab.webbrowser, "get", lambda: object())
    assert can_open_browser(environment, platform) is able


def test_no_browser_at_all(monkeypatch):
    def none():
        raise lab.webbrowser.Error

    monkeypatch.setattr(lab.webbrowser, "get", none)
    assert can_open_browser({"DISPLAY": ":0"}, "linux") is False
