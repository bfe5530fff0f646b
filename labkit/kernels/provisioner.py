"""Jupyter's way to a forked kernel: a kernel provisioner, so that every Jupyter tool can use it.

It is chosen by the kernel ``labkit``, or for every Python kernel by the environment variable
``JUPYTER_DEFAULT_PROVISIONER_NAME=labkit``. Whatever hinders a fork, an ordinary kernel starts.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_client.provisioning import LocalProvisioner

from labkit.kernels import forked
from labkit.kernels.forked import Forked, ForkError

__all__ = ["ForkServerProvisioner"]

PATIENCE = 60.0
"""Seconds that a forked kernel may take to listen."""

LAST_WORDS = 2.0
"""Seconds that a kernel which was asked to end is waited for."""

UNDERSTOOD = {"cwd", "env", "extra_arguments", "kernel_id", "stderr", "stdin", "stdout"}
HARMLESS = {"-Xfrozen_modules=off"}
"""Options of Python that make no difference to a process which is forked."""


class ForkServerProvisioner(LocalProvisioner):
    """Forks a kernel of this same Python from the fork server; starts any other as Jupyter does.

    Attributes
    ----------
    forked
        Whether the kernel came from the fork server.
    exit_code
        Of the kernel, negative for a signal; ``None`` while it lives.
    peak_memory
        Bytes that it held at most; ``None`` while it lives, or when it was not forked.
    """

    _last: Any = None

    @property
    def forked(self) -> bool:
        """Tell whether the kernel came from the fork server."""
        return isinstance(self._last, Forked)

    @property
    def exit_code(self) -> int | None:
        """Return how the kernel's process ended; ``None`` while it lives."""
        return None if self._last is None else self._last.poll()

    @property
    def peak_memory(self) -> int | None:
        """Return how many bytes the kernel held at most, if that is known."""
        return self._last.peak_memory if self.forked and self.exit_code is not None else None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict[str, Any]:
        """Start a kernel, and return how to connect to it."""
        arguments = _kernel_arguments(cmd)
        if arguments is not None and kwargs.keys() <= UNDERSTOOD:
            try:
                return await self._fork(arguments, kwargs)
            except (ForkError, OSError) as error:
                self.log.warning("labkit: %s; an ordinary kernel is started", error)
        info = await super().launch_kernel(cmd, **kwargs)
        self._last = self.process
        return info

    async def wait(self) -> int | None:
        """Wait until the kernel has ended; return its exit code."""
        while isinstance(self.process, Forked) and not await self._ends_within(PATIENCE):
            pass
        return await super().wait()

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Wait a little for a kernel that was asked to end; Jupyter would look every 0.1 s."""
        await self._ends_within(LAST_WORDS)

    async def kill(self, restart: bool = False) -> None:
        """End the kernel and what it has started, at once."""
        await super().kill(restart)
        await self._ends_within(LAST_WORDS)

    async def _fork(self, arguments: Sequence[str], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        # The server may have to be started first, and others have an event loop to keep going.
        process = await asyncio.to_thread(self._forked, arguments, kwargs)
        self.process = self._last = process
        self.pid = self.pgid = process.pid  # it leads a session of its own
        self.cwd = kwargs.get("cwd") or Path.cwd()
        return self.connection_info

    def _forked(self, arguments: Sequence[str], kwargs: Mapping[str, Any]) -> Forked:
        environment = dict(kwargs.get("env") or os.environ)
        # On a busy machine PyTorch's threads otherwise burn the processor while they wait.
        environment.setdefault("OMP_WAIT_POLICY", "passive")
        with _streams(kwargs) as (stdin, stdout, stderr, ours):
            process = forked.fork(
                "kernel",
                {"argv": list(arguments)},
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                env=environment,
                cwd=kwargs.get("cwd") or os.getcwd(),
            )
            told = process.ready(PATIENCE)
            if told is None:
                code = process.poll()
                process.close()
                why = f"was not ready after {PATIENCE:g} s" if code is None else f"ended: {code}"
                raise ForkError(f"the forked kernel {why}")
            self._accept_ports(told["ports"])
            for name, descriptor in ours.items():
                setattr(process, name, os.fdopen(descriptor, "rb"))
            ours.clear()
        return process

    def _accept_ports(self, ports: Mapping[str, int]) -> None:
        """Take over the ports that the kernel has bound, should one have been taken before."""
        if any(self.connection_info[name] != port for name, port in ports.items()):
            self.connection_info = {**self.connection_info, **ports}
            for name, port in ports.items():
                setattr(self.parent, name, port)

    async def _ends_within(self, seconds: float) -> bool:
        """Wait for the end of a forked kernel without looking again and again."""
        process = self.process
        if not isinstance(process, Forked) or process.poll() is not None:
            return True
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        watched = os.dup(process.fileno())  # so that several may wait at once
        loop.add_reader(watched, lambda: ended.done() or ended.set_result(None))
        try:
            await asyncio.wait_for(ended, seconds)
        except TimeoutError:
            return False
        finally:
            loop.remove_reader(watched)
            os.close(watched)
        return True


def _kernel_arguments(command: Sequence[str]) -> list[str] | None:
    """Return the arguments of an IPython kernel of this Python; ``None`` for other commands."""
    if "-m" not in command[1:-1] or not _is_this_python(command[0]):
        return None
    at = command.index("-m")
    if command[at + 1] != "ipykernel_launcher" or not set(command[1:at]) <= HARMLESS:
        return None
    return list(command[at + 2 :])


def _is_this_python(program: str) -> bool:
    """Compare folders, not only files: each virtual environment links to the same Python."""
    there, here = Path(program), Path(sys.executable)
    with contextlib.suppress(OSError):
        return there.parent.samefile(here.parent) and there.samefile(here)
    return False


@contextlib.contextmanager
def _streams(kwargs: Mapping[str, Any]) -> Iterator[tuple[int, int, int, dict[str, int]]]:
    """Give the descriptors that a child gets, and our ends of its pipes, as Popen does.

    What is left of the last is closed in the end.
    """
    ours: dict[str, int] = {}
    with contextlib.ExitStack() as stack:

        def opened(descriptor: int) -> int:
            stack.callback(os.close, descriptor)
            return descriptor

        def output(name: str, default: int) -> int:
            given = kwargs.get(name)
            if given == subprocess.PIPE:
                ours[name], theirs = os.pipe()
                return opened(theirs)
            if given == subprocess.DEVNULL:
                return opened(os.open(os.devnull, os.O_WRONLY))
            if given is None:
                return default
            return given if isinstance(given, int) else given.fileno()

        stdin = kwargs.get("stdin")
        if stdin is None or stdin in (subprocess.PIPE, subprocess.DEVNULL):
            stdin = opened(os.open(os.devnull, os.O_RDONLY))
        stdout = output("stdout", 1)
        stderr = stdout if kwargs.get("stderr") == subprocess.STDOUT else output("stderr", 2)
        try:
            yield stdin if isinstance(stdin, int) else stdin.fileno(), stdout, stderr, ours
        finally:
            for descriptor in ours.values():
                os.close(descriptor)
