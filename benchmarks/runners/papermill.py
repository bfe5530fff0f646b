"""papermill: its command, its function, and its command with labkit's kernel and engine."""

import sys
from collections.abc import Callable, Sequence

from runners.contender import Command, Contender, script

__all__ = ["CONTENDERS", "REFERENCE"]

REFERENCE = "papermill, command"
ALL_IN_ONE = """
import sys
import papermill
for name in sys.argv[1:]:
    papermill.execute_notebook(name, f"executed/{name}", progress_bar=False)
"""


def _command(*options: str) -> Callable[[Sequence[str]], list[Command]]:
    return lambda names: [script("papermill", name, f"executed/{name}", *options) for name in names]


def _contender(name: str, commands: Callable, servers: str = "") -> Contender:
    return Contender(
        name,
        commands,
        prepare=lambda folder: (folder / "executed").mkdir(),
        stores="executed/*.ipynb",
        needs=("papermill",),
        servers=servers,
    )


CONTENDERS = (
    _contender(REFERENCE, _command()),
    _contender(
        "papermill, one process", lambda names: [[sys.executable, "-c", ALL_IN_ONE, *names]]
    ),
    _contender("papermill -k labkit", _command("-k", "labkit"), "warm"),
    _contender("papermill --engine labkit", _command("--engine", "labkit"), "warm"),
)
