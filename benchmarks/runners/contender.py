"""Who takes part in the race: the commands that execute a folder of notebooks."""

import importlib.util
import sys
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Contender", "module", "script"]

Command = list[str]


@dataclass(frozen=True)
class Contender:
    """A way to execute notebooks.

    Attributes
    ----------
    name
        What the table calls it.
    commands
        Takes the names of the notebooks; returns what is run in their folder, one after the other.
    prepare
        Is done in the folder beforehand, and not measured.
    stores
        Where the executed notebooks then lie, as a pattern; none where it keeps no outputs.
    needs
        What has to be installed: modules.
    servers
        The fork servers that it finds: ``warm``, ``cold``, or none at all if it uses none.
    """

    name: str
    commands: Callable[[Sequence[str]], list[Command]]
    prepare: Callable[[Path], None] = lambda folder: None
    stores: str = ""
    needs: tuple[str, ...] = ()
    servers: str = ""

    def missing(self) -> str:
        """Say why it cannot take part; nothing if it can."""
        absent = [name for name in self.needs if importlib.util.find_spec(name) is None]
        if absent:
            return f"{', '.join(absent)} is not installed"
        return _no_forked_kernel() if self.servers else ""


def _no_forked_kernel() -> str:
    from jupyter_client.kernelspec import KernelSpecManager

    from labkit.kernels import forked

    if "labkit" not in KernelSpecManager().find_kernel_specs():
        return "Jupyter knows no kernel named labkit; install labkit again"
    return forked.why_not()


def script(name: str, *arguments: str) -> Command:
    """Return the command for a program that stands beside this Python."""
    return [str(Path(sysconfig.get_path("scripts"), name)), *arguments]


def module(name: str, *arguments: str) -> Command:
    """Return the command for a module that is run as a program."""
    return [sys.executable, "-m", name, *arguments]
