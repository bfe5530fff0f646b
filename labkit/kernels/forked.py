"""Processes that are forked from a server which has imported what they need.

The server is started by the first who wants a child of it, and ends when nobody has wanted one for
ten minutes. It is one for each user, recipe and environment.
"""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from labkit.errors import ForkError
from labkit.kernels.fork_protocol import answers, ask, connect
from labkit.kernels.forked_process import Forked
from labkit.kernels.server_address import address

__all__ = ["ForkError", "Forked", "fork", "start", "status", "stop", "why_not"]

PATIENCE = 120.0
"""Seconds that a server may take to start; the first import of PyTorch from a cold disk is slow."""

TRIES = 3
_launched: list[subprocess.Popen] = []


def why_not() -> str:
    """Return why there are no fork servers on this machine; "" where there are.

    Examples
    --------
    >>> why_not() == ("" if sys.platform == "linux" else "fork servers need Linux")
    True
    """
    needed = [(os, "pidfd_open"), (os, "memfd_create"), (socket, "send_fds")]
    if sys.platform != "linux":
        return "fork servers need Linux"
    if missing := [name for module, name in needed if not hasattr(module, name)]:
        return f"fork servers need {', '.join(missing)}, which this Python lacks"
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        return f"fork servers need descriptors of processes, which this system lacks ({error})"
    return ""


def fork(
    recipe: str,
    request: Mapping[str, Any],
    *,
    stdin: int,
    stdout: int,
    stderr: int,
    env: Mapping[str, str],
    cwd: str | Path,
) -> Forked:
    """Fork a process from the server of a recipe, which is started if none answers.

    Parameters
    ----------
    recipe
        ``kernel`` or ``worker``.
    request
        ``argv``: the arguments of the process.
    stdin, stdout, stderr
        Its descriptors.
    env, cwd
        Its environment and its folder.

    Raises
    ------
    ForkError
        When there are no fork servers here, or none could be started, with the reason.
    """
    if why := why_not():
        raise ForkError(why)
    asked = {**request, **_circumstances(env, cwd)}
    environment = _absolute(env, cwd)
    path = address(recipe, environment)
    for _ in range(TRIES):
        connection = _connected(recipe, path, environment)
        try:
            ask(connection, "fork", asked, [stdin, stdout, stderr])
            process = Forked(connection, PATIENCE)
            _reap_launchers()
            return process
        except (EOFError, BrokenPipeError, ConnectionResetError):
            connection.close()  # it ended just now, as an idle one does; or cannot start
        except BaseException:
            connection.close()
            raise
    raise ForkError(f"the fork server ends instead of answering: {_last_words(path)}")


def start(recipe: str, env: Mapping[str, str], cwd: str | Path = ".") -> None:
    """Have the server of a recipe started if there is none, without waiting for it."""
    if why := why_not():
        raise ForkError(why)
    environment = _absolute(env, cwd)
    path = address(recipe, environment)
    try:
        connect(path).close()
    except OSError:
        if (lock := _lock(path)) is not None:
            _launch(recipe, path, environment, lock)


def stop(recipe: str, env: Mapping[str, str], cwd: str | Path = ".") -> bool:
    """Stop the server of a recipe; its children live on. Return whether there was one."""
    return _talk(recipe, env, cwd, "stop") is not None


def status(recipe: str, env: Mapping[str, str], cwd: str | Path = ".") -> dict[str, Any] | None:
    """Return a server's process number, its threads and its children; ``None`` without one."""
    return _talk(recipe, env, cwd, "status")


def _talk(recipe: str, env: Mapping[str, str], cwd: str | Path, word: str) -> dict | None:
    if why_not():
        return None
    with suppress(OSError, EOFError), connect(address(recipe, _absolute(env, cwd))) as connection:
        connection.settimeout(PATIENCE)
        ask(connection, word)
        return answers(connection)[0]
    return None


def _circumstances(env: Mapping[str, str], cwd: str | Path) -> dict[str, Any]:
    """Return what a child of this process would have inherited from it."""
    import resource  # not on Windows

    limits = [name for name in vars(resource) if name.startswith("RLIMIT_")]
    text = Path("/proc/self/status").read_text()
    umask = re.search(r"^Umask:\s*(\d+)", text, re.MULTILINE)
    return {
        "environment": dict(env),
        "folder": str(Path(cwd).absolute()),
        "umask": int(umask[1], 8) if umask else 0o022,
        "processors": sorted(os.sched_getaffinity(0)),
        "limits": {name: resource.getrlimit(getattr(resource, name)) for name in limits},
    }


def _absolute(env: Mapping[str, str], cwd: str | Path) -> dict[str, str]:
    """Return an environment for the server, which is in another folder than its children."""
    places = env.get("PYTHONPATH", "")
    if not places:
        return dict(env)
    absolute = [os.path.abspath(os.path.join(cwd, place)) for place in places.split(os.pathsep)]
    return {**env, "PYTHONPATH": os.pathsep.join(absolute)}


def _connected(recipe: str, path: Path, environment: Mapping[str, str]) -> socket.socket:
    """Connect to a server, starting it if need be; one that was started must not end."""
    launched = False
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with suppress(OSError):
            return connect(path)
        if (lock := _lock(path)) is not None:
            if launched:
                os.close(lock)
                break
            _launch(recipe, path, environment, lock)
            launched = True
        time.sleep(0.005)
    raise ForkError(f"the fork server does not start: {_last_words(path)}")


def _launch(recipe: str, path: Path, environment: Mapping[str, str], lock: int) -> None:
    """Start a server, and hand the lock over to it."""
    _reap_launchers()
    command = [sys.executable, "-m", "labkit.kernels.forkserver", "--recipe", recipe]
    try:
        with _log(path).open("wb") as log:
            process = subprocess.Popen(
                [*command, "--socket", str(path), "--lock", str(lock)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=path.parent,
                env=environment,
                pass_fds=[lock],
                start_new_session=True,
            )
    finally:
        os.close(lock)
    _launched.append(process)


def _reap_launchers() -> None:
    """Let go of processes that only started a server, which then belongs to nobody."""
    _launched[:] = [process for process in _launched if process.poll() is None]


def _lock(path: Path) -> int | None:
    """Take the lock of a socket; ``None`` when somebody has it: a server, or who is starting it.

    It is inherited, and free when the last who holds it has ended, in whatever way.
    """
    import fcntl  # not on Windows

    file = path.with_name(f"{path.name}.lock")
    lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), file.stat()):
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    # Or it is the file of a server that has just ended, and removed it.
    os.close(lock)
    return None


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}.log")


def _last_words(path: Path) -> str:
    with suppress(OSError):
        lines = _log(path).read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it says nothing")
    return "it says nothing"
