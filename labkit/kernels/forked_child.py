"""What a forked process does first: it becomes a process of its own, as if freshly started.

What it has inherited and a fresh Python would not have is put right here: descriptors, environment,
seeds, numbers of threads, and what libraries noted down about the process they were loaded in.
"""

import atexit
import gc
import importlib
import io
import os
import shutil
import signal
import socket
import sys
import threading
import traceback
import types
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

from labkit.kernels.fork_protocol import read_request, tell
from labkit.kernels.fork_requests import Request
from labkit.kernels.threads import set_threads

__all__ = ["MEMORY_LIMIT", "announce", "become"]

MEMORY_LIMIT = "LABKIT_MEMORY_LIMIT"
"""Environment variable: bytes that a child may allocate on top of what it inherits."""

FIRST_TO_GO = 500
"""Added to the kernel's inclination to end this process when memory runs out: not the server."""

_lifeline: socket.socket | None = None


def become(request: Request, target: str) -> NoReturn:
    """Become what a request describes, run ``module:function``, and end."""
    global _lifeline
    _lifeline = request.connection
    code = 1
    try:
        asked = _settle(request)
        _separate(asked)
        _watch(request.connection)
        code = _run(target)
    except KeyboardInterrupt:  # whoever sent it knows
        code = 128 + signal.SIGINT
    except BaseException:
        traceback.print_exc(file=sys.__stderr__)
    _end(code)


def announce(**facts: Any) -> None:
    """Tell the one who asked for this process that it is ready, and with what."""
    if _lifeline is not None:
        tell(_lifeline, {"ready": facts})


def _settle(request: Request) -> dict[str, Any]:
    """Take over the descriptors of the request, close all others; return what is asked for."""
    os.setsid()
    asked = read_request(request.descriptors[0])
    for number, descriptor in enumerate(request.descriptors[1:]):
        os.dup2(descriptor, number)
    kept = {0, 1, 2, request.connection.fileno()}
    for descriptor in {int(name) for name in os.listdir("/proc/self/fd")} - kept:
        with suppress(OSError):  # the listing itself needed one
            os.close(descriptor)
    sys.stdin = sys.__stdin__ = _stream(0, "r", sys.__stdin__)
    sys.stdout = sys.__stdout__ = _stream(1, "w", sys.__stdout__)
    sys.stderr = sys.__stderr__ = _stream(2, "w", sys.__stderr__)
    return asked


def _stream(descriptor: int, mode: str, like: Any) -> Any:
    buffering = 1 if descriptor == 2 or os.isatty(descriptor) else -1
    return open(
        descriptor, mode, buffering, encoding=like.encoding, errors=like.errors, closefd=False
    )


def _separate(asked: Mapping[str, Any]) -> None:
    """Have nothing in common with the server and its other children but what was imported."""
    environment = asked["environment"]
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(asked["folder"])
    os.umask(asked["umask"])
    _limit(asked)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    sys.argv = list(asked["argv"])
    sys.orig_argv = [sys.executable, *sys.argv]
    sys.modules["__main__"] = types.ModuleType("__main__")
    gc.enable()
    _forget_the_server()
    _reseed()
    set_threads(environment)
    _limit_memory(environment)


def _limit(asked: Mapping[str, Any]) -> None:
    """Have the limits of the one who asked; those that only the system may raise stay."""
    import resource  # not on Windows

    with suppress(OSError):
        os.sched_setaffinity(0, asked["processors"])
    for name, limits in asked["limits"].items():
        with suppress(OSError, ValueError):
            resource.setrlimit(getattr(resource, name), limits)


def _forget_the_server() -> None:
    """Correct what libraries noted down about their process when they were loaded."""
    from multiprocessing import process

    process.ORIGINAL_DIR = os.getcwd()
    process.current_process().authkey = os.urandom(32)
    # matplotlib's way of removing its temporary folder, which is the server's.
    atexit.unregister(shutil.rmtree)
    # What the imports left to be taken down at the end is the server's too: 0.1 s for PyTorch's.
    for finalizer in list(getattr(weakref.finalize, "_registry", ())):
        finalizer.atexit = False
    if dynamo := sys.modules.get("torch._dynamo.utils"):
        atexit.unregister(dynamo.dump_compile_times)


def _reseed() -> None:
    """Make every generator as random as in a fresh process; Python's own is so already."""
    if numbers := sys.modules.get("numpy.random"):
        numbers.seed()
    if torch := sys.modules.get("torch"):
        torch.default_generator.seed()


def _limit_memory(environment: Mapping[str, str]) -> None:
    # The kernel's killer shall take this process, not the server with all its other children.
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write(str(FIRST_TO_GO))
    if limit := environment.get(MEMORY_LIMIT):
        import resource  # not on Windows

        # Not the address space: a GPU's driver reserves far more of it than there is memory.
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        resource.setrlimit(resource.RLIMIT_DATA, (_inherited_data() + int(limit), most))


def _inherited_data() -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData:"))


def _watch(connection: socket.socket) -> None:
    """End with the one who asked for this process, even when the server is gone too."""

    def wait() -> None:
        with suppress(OSError):
            connection.recv(1)  # nothing is ever sent this way, so it waits for the end
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def _run(target: str) -> int:
    module, _, function = target.partition(":")
    try:
        code = getattr(importlib.import_module(module), function)()
    except SystemExit as leaving:
        code = leaving.code
        if not isinstance(code, int | None):
            print(code, file=sys.__stderr__)
            return 1
    return code or 0


def _flush_files() -> None:
    """Write out what open files hold back, as Python does when it takes itself down."""
    kinds = {io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom}
    files = [thing for thing in gc.get_objects() if type(thing) in kinds]
    # Text files first: they write into buffered ones.
    files.sort(key=lambda file: type(file) is not io.TextIOWrapper)
    for file in [*files, sys.__stdout__, sys.__stderr__]:
        with suppress(BaseException):
            file.flush()


def _end(code: int) -> NoReturn:
    """End as Python does, but without taking down every module: PyTorch needs 0.5 s for that."""
    with suppress(BaseException):
        threading._shutdown()  # waits for threads that are not daemons
    with suppress(BaseException):
        atexit._run_exitfuncs()
    _flush_files()
    if _lifeline is not None:
        tell(_lifeline, {"leaving": code})  # for the case that the server is gone
    os._exit(code & 0xFF)
