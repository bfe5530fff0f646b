import asyncio
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from jupyter_client.provisioning import KernelProvisionerFactory

from labkit.kernels import forked, provisioner
from labkit.kernels.forked import ForkError
from labkit.kernels.provisioner import ForkServerProvisioner

from ..waiting import is_alive, soon
from .starting import printed, started, started_in_a_loop, usual

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")

CELLS = ["import torch\nx = torch.ones(3)", "print(x.sum().item())"]
FORKED = "import os, pathlib\nb'forkserver' in pathlib.Path('/proc/self/cmdline').read_bytes()"


@pytest.fixture
def notebook(write_notebook, tmp_path):
    return write_notebook("n.ipynb", *CELLS, FORKED)


def outputs(path):
    cells = nbformat.read(path, 4).cells
    return [o.get("text") or o["data"]["text/plain"] for c in cells for o in c.get("outputs", [])]


def command(*words, **options):
    """Run a command of this environment from a shell, outside any test."""
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=120,
        env=usual()["env"] | options.pop("env", {}), **options,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done


# Every tool of Jupyter reaches it, unchanged.


def test_papermill(notebook, tmp_path):
    out = tmp_path / "out.ipynb"
    command("-m", "papermill", "-k", "labkit", str(notebook), str(out), "--no-progress-bar")
    assert outputs(out) == ["3.0\n", "True"]


def test_jupyter_execute_and_nbconvert(notebook, tmp_path):
    command("-m", "jupyter", "execute", "--kernel_name=labkit", "--inplace", str(notebook))
    assert outputs(notebook) == ["3.0\n", "True"]
    options = ["--execute", "--ExecutePreprocessor.kernel_name=labkit", "--output", "out"]
    command("-m", "nbconvert", "--to", "notebook", *options, str(notebook))
    assert outputs(tmp_path / "out.ipynb") == ["3.0\n", "True"]


def test_nbval(notebook, tmp_path):
    command("-m", "jupyter", "execute", "--kernel_name=labkit", "--inplace", str(notebook))
    options = ["--nbval", "--nbval-kernel-name", "labkit", "-p", "no:cacheprovider", "-q"]
    done = command("-m", "pytest", *options, str(notebook), cwd=tmp_path)
    assert "3 passed" in done.stdout


def test_any_python_kernel_where_the_environment_asks_for_it(notebook, tmp_path):
    chosen = {"JUPYTER_DEFAULT_PROVISIONER_NAME": "labkit"}
    command(
        "-m", "jupyter", "execute", "--kernel_name=python3", "--inplace", str(notebook), env=chosen
    )
    assert outputs(notebook) == ["3.0\n", "True"]


def test_from_an_event_loop():
    async def talk():
        async with started_in_a_loop() as (manager, client):
            said = await printed(client, "print(1 + 1)")
            return said, manager.provisioner.forked

    assert asyncio.run(talk()) == ("2\n", True)


# Life and death


def test_interrupt_reaches_the_cell_and_the_processes_it_started():
    with started() as kernel:
        for code in ("import time; time.sleep(60)", "!sleep 60", "while True: pass"):
            # Else a kernel drops what is asked in the moment after a cell has failed.
            asked = kernel.client.execute(code, stop_on_error=False)
            soon(lambda: kernel.client.get_iopub_msg(timeout=30)["msg_type"] == "execute_input")
            time.sleep(0.2)
            kernel.manager.interrupt_kernel()
            reply = kernel.client.get_shell_msg(timeout=30)
            assert reply["parent_header"]["msg_id"] == asked
        assert kernel.run("print('alive')") == "alive\n"


@pytest.mark.parametrize("now", [True, False])
def test_restarted_it_is_fresh(now):
    with started() as kernel:
        kernel.run("x = 1")
        first = kernel.provisioner.pid
        kernel.manager.restart_kernel(now=now)
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.run("x") == "NameError"
        assert kernel.provisioner.forked
        assert kernel.provisioner.pid != first
        assert not is_alive(first)


def test_shut_down_it_runs_its_exit_hooks(tmp_path):
    with started() as kernel:
        kernel.run(f"import atexit, pathlib; p = pathlib.Path({str(tmp_path / 'hook')!r})")
        kernel.run("atexit.register(p.write_text, 'ran');")
        assert kernel.provisioner.exit_code is None
        kernel.manager.shutdown_kernel()
        assert (tmp_path / "hook").read_text() == "ran"
        assert kernel.provisioner.exit_code == 0
        assert kernel.provisioner.peak_memory > 100_000_000


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV),
        ("import os; os._exit(7)", 7),
    ],
)
def test_how_a_kernel_died_is_told(code, ending):
    with started() as kernel:
        assert kernel.provisioner.exit_code is None
        assert kernel.provisioner.peak_memory is None
        kernel.client.execute(code)
        soon(lambda: not kernel.manager.is_alive())
        assert kernel.provisioner.exit_code == ending
        assert kernel.provisioner.peak_memory > 100_000_000


def test_killed_it_takes_its_processes_along():
    with started() as kernel:
        pids = kernel.run(
            "import subprocess\nprint(*[subprocess.Popen(['sleep', '60']).pid for _ in range(2)])"
        ).split()
        kernel.manager.shutdown_kernel(now=True)
        for pid in map(int, pids):
            soon(lambda pid=pid: not is_alive(pid))


def test_a_kernel_ends_with_its_client():
    script = (
        "import sys; from jupyter_client.manager import start_new_kernel\n"
        "manager, client = start_new_kernel(kernel_name='labkit')\n"
        "print(manager.provisioner.pid, flush=True); sys.stdin.read()"
    )
    client = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    with client:
        pid = int(client.stdout.readline())
        assert is_alive(pid)
        client.kill()
        soon(lambda: not is_alive(pid))


def test_a_kernel_outlives_its_server(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_RUNTIME_DIR", str(tmp_path / "sockets"))
    environment = {**usual()["env"], "OMP_WAIT_POLICY": "passive"}
    with started() as kernel:
        server = forked.status("kernel", environment)["server"]
        asked = kernel.client.execute("import time; time.sleep(0.5); print('done')")
        os.kill(server, signal.SIGKILL)
        assert kernel.client.get_shell_msg(timeout=30)["parent_header"]["msg_id"] == asked
        assert kernel.run("print('still here')") == "still here\n"
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=120)
        assert kernel.provisioner.forked
        assert forked.status("kernel", environment)["server"] != server
        kernel.manager.shutdown_kernel()
    forked.stop("kernel", environment)


def test_streams_are_those_of_popen():
    environment = {**usual()["env"], "PYTEST_CURRENT_TEST": "ipykernel catches no descriptor"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with started(**streams, env=environment) as kernel:
        pipe = kernel.provisioner.process.stdout
        kernel.run("import sys; print('out', file=sys.__stdout__, flush=True)")
        kernel.run("print('error', file=sys.__stderr__)")
        assert os.read(pipe.fileno(), 10_000).endswith(b"out\nerror\n")
        kernel.manager.shutdown_kernel(now=True)
        assert pipe.closed


# What is not for it, and what hinders it


@pytest.fixture
def said(caplog):
    """Read what Jupyter's log says."""
    return lambda: [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


@pytest.mark.parametrize("error", [ForkError("no forks today"), OSError("no room")])
def test_whatever_hinders_a_fork_an_ordinary_kernel_starts(monkeypatch, said, error):
    def fork(*_, **__):
        raise error

    monkeypatch.setattr(forked, "fork", fork)
    with started() as kernel:
        assert kernel.run("print(1 + 1)") == "2\n"
        assert not kernel.provisioner.forked
        assert kernel.provisioner.exit_code is None
        kernel.manager.shutdown_kernel()
        assert kernel.provisioner.exit_code == 0
        assert kernel.provisioner.peak_memory is None
    assert said() == [f"labkit: {error}; an ordinary kernel is started"]


def test_where_there_is_no_fork_it_says_so(monkeypatch, said):
    monkeypatch.setattr(forked, "why_not", lambda: "fork servers need Linux")
    with started() as kernel:
        assert kernel.run("print(1 + 1)") == "2\n"
    assert said() == ["labkit: fork servers need Linux; an ordinary kernel is started"]


def test_a_kernel_that_does_not_get_ready_is_replaced(monkeypatch, said):
    monkeypatch.setattr(forked.Forked, "ready", lambda *_: None)
    with started() as kernel:
        assert kernel.run("print(1 + 1)") == "2\n"
        assert not kernel.provisioner.forked
    [line] = said()
    assert "was not ready" in line


def test_only_kernels_of_this_python_are_forked(tmp_path):
    module = ["-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (tmp_path / "python3").symlink_to(os.path.realpath(sys.executable))
    arguments = provisioner._kernel_arguments
    assert arguments([sys.executable, *module]) == module[2:]
    assert arguments([sys.executable, "-Xfrozen_modules=off", *module]) == module[2:]
    for other in (
        [str(tmp_path / "python3"), *module],  # another environment, the same Python
        [str(Path(sys.executable).with_name("jupyter")), *module],
        [sys.executable, "-O", *module],
        [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"],
        [sys.executable, "kernel.py"],
        [shutil.which("sh"), "-m", "ipykernel_launcher"],
    ):
        assert arguments(other) is None


def test_options_that_a_fork_cannot_follow_start_an_ordinary_kernel(said):
    with started(umask=0o027) as kernel:
        assert kernel.run("import os; print(os.umask(0))") == f"{0o027}\n"
        assert not kernel.provisioner.forked
    assert said() == []


def test_it_waits_for_the_end_without_looking_again_and_again():
    """Two wait at once, as Jupyter's restarter and a client may."""

    async def both():
        async with started_in_a_loop() as (manager, client):
            assert not await manager.provisioner._ends_within(0.05)
            waiting = [asyncio.create_task(manager.provisioner._ends_within(60)) for _ in range(2)]
            client.execute("import os; os._exit(3)")
            return await asyncio.gather(*waiting), manager.provisioner.exit_code

    assert asyncio.run(both()) == ([True, True], 3)


def test_it_is_registered_with_jupyter():
    factory = KernelProvisionerFactory.instance()
    assert factory.provisioners["labkit"].load() is ForkServerProvisioner
