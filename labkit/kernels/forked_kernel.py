"""What a child of the fork server runs as a Jupyter kernel: ipykernel, as it would start itself."""

import errno
import logging
import os
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ipykernel
import zmq
from ipykernel import ipkernel
from ipykernel.kernelapp import IPKernelApp

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
OWN_MODULES = {
    name: SimpleNamespace(__file__=getattr(module, "__file__", None))
    for name, module in list(sys.modules.items())
    if name.partition(".")[0] in OWN_PACKAGES
}
"""Of the kernel itself, as they were when this module was imported."""


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
        copy five thousand pages of memory.
        """
        ipkernel.sys = _WithOwnModules()
        try:
            super().init_kernel()
        finally:
            ipkernel.sys = sys

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
        log.level = logging.DEBUG  # not with setLevel, which visits all loggers, too
        self._logging_configured = True

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


class _WithOwnModules:
    """``sys``, but with no more modules than an ordinary kernel has when it starts."""

    modules = OWN_MODULES

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


def main() -> int:
    """Be a kernel until it is shut down."""
    sys.argv.insert(0, str(Path(ipykernel.__file__).parents[1] / "ipykernel_launcher.py"))
    app = ForkedKernelApp.instance(parent_handle=HAS_A_LIFELINE)
    app.initialize(sys.argv[1:])
    _choose_backend()
    _forget_labkit()
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
    for name in [name for name in sys.modules if name.partition(".")[0] == "labkit"]:
        del sys.modules[name]


def _is_taken(ip: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("" if ip == "*" else ip, port))
        except OSError:
            return True
    return False
