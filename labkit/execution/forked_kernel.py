"""What a child of the fork server runs as a Jupyter kernel: ipykernel, as it would start itself."""

import errno
import importlib.util
import os
import socket
import sys
from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp

from labkit.execution.forked_child import announce

__all__ = ["ForkedKernelApp", "main"]

PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
HAS_A_LIFELINE = 1
"""The number of a parent that ipykernel does not ask every second whether it still lives."""


class ForkedKernelApp(IPKernelApp):
    """ipykernel's application, but a port that was taken meanwhile is replaced by a free one."""

    def _try_bind_socket(self, s: Any, port: int) -> int:
        try:
            return super()._try_bind_socket(s, port)
        except zmq.ZMQError as error:
            if error.errno != errno.EADDRINUSE or self.transport != "tcp":
                raise
            return super()._try_bind_socket(s, 0)

    def init_heartbeat(self) -> None:
        """Start the heartbeat, which binds its port in a thread of its own."""
        if self.transport == "tcp" and _is_taken(self.ip, self.hb_port):
            self.hb_port = 0
        super().init_heartbeat()


def main() -> int:
    """Be a kernel until it is shut down."""
    spec = importlib.util.find_spec("ipykernel_launcher")
    sys.argv.insert(0, spec.origin if spec and spec.origin else "ipykernel_launcher")
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
