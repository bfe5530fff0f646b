"""What a child of the fork server runs as a Jupyter kernel: ipykernel, as it would start itself."""

import errno
import logging
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import ipykernel
import zmq
from ipykernel import ipkernel
from ipykernel.kernelapp import IPKernelApp
from IPython.core import shellapp

from labkit.kernels import kernel_arguments
from labkit.kernels.forked_child import announce
from labkit.kernels.forked_output import WholeOutput

__all__ = ["ForkedKernelApp", "main"]

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
HAS_A_LIFELINE = 1
"""The number of a parent that ipykernel does not ask every second whether it still lives."""


OWN_PACKAGES = {
    *("IPython", "comm", "debugpy", "decorator", "ipykernel", "jedi", "jupyter_client"),
    *("jupyter_core", "parso", "prompt_toolkit", "psutil", "pygments", "tornado", "traitlets"),
    *("zmq", *sys.stdlib_module_names),
}
_FILES = [
    module.__file__
    for name, module in list(sys.modules.items())
    if name.partition(".")[0] in OWN_PACKAGES and getattr(module, "__file__", None)
]
OWN_MODULES = {
    number: SimpleNamespace(__file__=file)
    # Copies that lie side by side: to use the names all over the memory is to write to all of it.
    for number, file in enumerate("\0".join(_FILES).split("\0"))
}
"""Of the kernel itself, as they were when this module was imported."""
LABKITS_MODULES = [name for name in sys.modules if name.partition(".")[0] == "labkit"]
"""To find them in a forked process would be to write to the name of every module."""


class ForkedKernelApp(IPKernelApp):
    """ipykernel's application, but a port that was taken meanwhile is replaced by a free one."""

    outstream_class = f"{WholeOutput.__module__}.{WholeOutput.__qualname__}"

    def _try_bind_socket(self, s: Any, port: int) -> int:
        try:
            return super()._try_bind_socket(s, port)
        except zmq.ZMQError as error:
            if error.errno != errno.EADDRINUSE or self.transport != "tcp":
                raise
            return super()._try_bind_socket(s, 0)

    def init_iopub(self, context: Any) -> None:
        """Open the channel for outputs; who listens slowly slows the kernel, and loses nothing."""
        context.xpub_nodrop = True  # else, when a thousand messages wait, the next are dropped
        super().init_iopub(context)
        del context.xpub_nodrop

    def init_kernel(self) -> None:
        """Make the kernel; only its own modules are closed to a debugger, not those of the server.

        To note them, ipykernel reads every module there is. In a forked process that would also
        copy the memory in which they lie.
        """
        with _showing(OWN_MODULES, ipkernel):
            super().init_kernel()
        # ipykernel lets outputs get ahead of each reply by half a millisecond; ours are waited for.
        self.kernel._execute_sleep = 0

    def init_code(self) -> None:
        """Run what its user has asked for at the start, and do not note the names of all modules.

        To put a name into a set is to write to it, and so to copy the page where it lies. What the
        set is for, ``%reset --aggressive``, has it from ``_FirstModules``.
        """
        with _showing({}, shellapp):
            super().init_code()

    def _configure_logging(self) -> None:
        """Set up the log of this application alone, as if no library had a log yet.

        traitlets would close the handlers that libraries have opened, and visit all their loggers.
        """
        if self.logging_config:
            super()._configure_logging()
            return
        log = logging.getLogger(type(self).__name__)
        handler = logging.StreamHandler()
        handler.setLevel(self.log_level)
        handler.setFormatter(self._log_formatter_cls(self.log_format, self.log_datefmt))
        log.handlers[:] = [handler]
        log.level = self.log_level  # not with setLevel, which visits all loggers, too
        self._logging_configured = True

    def start(self) -> None:
        """Be a kernel until it is shut down, and has said so.

        The thread that was asked to shut it down says at last that it is idle, through the thread
        for outputs. Should that have ended before, as in ipykernel, both would wait for ever.
        """
        super().start()
        if self.control_thread and self.control_thread.is_alive():
            self.control_thread.stop()
            self.control_thread.join()

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Understand the arguments, without building a parser for them where they are plain."""
        config = kernel_arguments.plain(argv or [])
        if config is None:
            super().parse_command_line(argv)
        else:
            self.update_config(config)

    def init_heartbeat(self) -> None:
        """Start the heartbeat, which binds its port in a thread of its own."""
        if self.transport == "tcp" and _is_taken(self.ip, self.hb_port):
            self.hb_port = 0
        super().init_heartbeat()


@contextmanager
def _showing(modules: Mapping[str, Any], place: ModuleType) -> Iterator[None]:
    """Show the code of one module other modules in ``sys`` than there are."""
    place.sys = _Sys(modules)
    try:
        yield
    finally:
        place.sys = sys


class _Sys:
    """``sys``, except for its modules."""

    def __init__(self, modules: Mapping[str, Any]) -> None:
        object.__setattr__(self, "modules", modules)

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(sys, name, value)


class _FirstModules:
    """The names of the modules there are now: they stay the first, whatever is imported later."""

    def __init__(self) -> None:
        self._count = len(sys.modules)

    def __rsub__(self, names: set[str]) -> set[str]:
        return names - set(islice(sys.modules, self._count))


def main() -> int:
    """Be a kernel until it is shut down."""
    sys.argv.insert(0, str(Path(ipykernel.__file__).parents[1] / "ipykernel_launcher.py"))
    app = ForkedKernelApp.instance(parent_handle=HAS_A_LIFELINE)
    app.initialize(sys.argv[1:])
    _choose_backend()
    _forget_labkit()
    app.shell._sys_modules_keys = _FirstModules()
    announce(ports={name: getattr(app, name) for name in PORTS})
    app.start()
    return 0


def _choose_backend() -> None:
    """Do what matplotlib does when it is imported after the kernel has named its backend."""
    if matplotlib := sys.modules.get("matplotlib"):
        if os.path.exists("matplotlibrc"):
            matplotlib.rc_file("matplotlibrc")
        matplotlib.rcParams["backend"] = os.environ["MPLBACKEND"]


def _forget_labkit() -> None:
    """Let a notebook import labkit as it is on disk now, not as it was when the server started."""
    for name in LABKITS_MODULES:
        del sys.modules[name]


def _is_taken(ip: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("" if ip == "*" else ip, port))
        except OSError:
            return True
    return False
