"""What `labkit` understands. Nothing heavy is imported before a command is known."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Sequence
from importlib import import_module

from labkit.errors import LabkitError

__all__ = ["INTERRUPTED", "main"]

MISUSED = 2
INTERRUPTED = 130
EXTRAS = {
    "dask": "dask",
    "distributed": "dask",
    "latex2mathml": "run",
    "nbclient": "run",
    "nbconvert": "run",
    "nbformat": "run",
    "papermill": "run",
    "rich": "run",
}
"""Module that may be missing → the extra that brings it."""

EXIT_CODES = """\
exit codes:
  0    everything is fine
  1    a notebook did not pass, the newer of two runs is worse, or the doctor found a problem
  2    the command was used in a way it does not understand; nothing was run
  3    all notebooks passed, but numbers differ between repetitions
  4    something could not be written where it was asked for
  130  interrupted with Ctrl-C; what was done is kept
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    # Kernels inherit this. On a busy machine PyTorch's threads otherwise burn the processor while
    # they wait for each other: a training loop of half a second was seen to take twenty.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="replace")  # a console that cannot print ✓ still works
    options = _parser().parse_args(arguments)
    try:
        return import_module(f"labkit.cli.{options.command}").main(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except LabkitError as error:
        return _refused(options.command, str(error))
    except ModuleNotFoundError as error:
        if error.name not in EXTRAS:
            raise
        extra = f'pip install "labkit[{EXTRAS[error.name]}]"'
        return _refused(
            options.command, f"this needs {error.name}, which is not installed; {extra}"
        )


def _refused(command: str, why: str) -> int:
    print(f"labkit {command}: {why}", file=sys.stderr)
    return MISUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="labkit",
        description="Open the lessons, run them, and report on them.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_add_lab, _add_doctor, _add_run, _add_compare, _add_export, _add_refresh):
        add(commands)
    return parser


def _command(commands: argparse._SubParsersAction, name: str, says: str) -> argparse.ArgumentParser:
    return commands.add_parser(
        name,
        help=says,
        description=says[0].upper() + says[1:] + ".",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_lab(commands: argparse._SubParsersAction) -> None:
    parser = _command(commands, "lab", "open the lessons in JupyterLab")
    parser.add_argument(
        "path", nargs="?", help="a notebook or a folder (default: notebooks/00_start_here.ipynb)"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="only print the address (always so over SSH)"
    )


def _add_doctor(commands: argparse._SubParsersAction) -> None:
    _command(commands, "doctor", "find out whether lessons can run here, and what to do if not")


def _add_run(commands: argparse._SubParsersAction) -> None:
    parser = _command(commands, "run", "execute notebooks and write one report over all of them")
    _add_paths(parser)
    _add_values(parser)
    _add_limits(parser)
    parser.add_argument(
        "--workers", type=_positive, metavar="N", help="how many run at once (default: by cores)"
    )
    parser.add_argument(
        "--out", default="reports", metavar="DIR", help="where the report goes (default: reports)"
    )
    parser.add_argument(
        "--keep-going", action="store_true", help="go on after a notebook that did not pass"
    )
    parser.add_argument(
        "--resume", action="store_true", help="run only what is missing, changed or did not pass"
    )
    parser.add_argument(
        "--shuffle",
        nargs="?",
        type=int,
        const=time.time_ns() % 10_000,
        metavar="SEED",
        help="in another order, which is told",
    )
    parser.add_argument(
        "--repeat",
        type=_positive,
        default=1,
        metavar="N",
        help="run each N times and tell which numbers differ",
    )
    parser.add_argument("--kernel", metavar="NAME", help="instead of the one a notebook names")
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="run on a Dask cluster: tcp://HOST:PORT, or local"
    )


def _add_values(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        action="append",
        default=[],
        choices=("auto", "cpu", "cuda", "mps"),
        help="for notebooks with this parameter; given twice, each runs on both",
    )
    parser.add_argument(
        "--budget", help="how much to compute, for notebooks with this parameter: quick or full"
    )
    parser.add_argument(
        "-p",
        dest="given",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="set a parameter that every notebook declares; one name twice makes two runs",
    )


def _add_limits(parser: argparse.ArgumentParser) -> None:
    _add_timeout(parser)
    parser.add_argument(
        "--notebook-timeout",
        type=_positive,
        default=3600,
        metavar="SECONDS",
        help="how long one notebook may take (default: 3600)",
    )


def _add_compare(commands: argparse._SubParsersAction) -> None:
    parser = _command(commands, "compare", "set two runs side by side: verdicts, numbers, pictures")
    parser.add_argument("old", metavar="OLD", help="a folder that labkit run has written")
    parser.add_argument("new", metavar="NEW", help="the folder of another run")
    parser.add_argument(
        "--out", default="compare.html", metavar="FILE", help="the page (default: compare.html)"
    )


def _add_export(commands: argparse._SubParsersAction) -> None:
    parser = _command(
        commands, "export", "write a notebook as one HTML file that works without a network"
    )
    parser.add_argument(
        "notebook", help="a lesson, which is run first, or a notebook that labkit run has executed"
    )
    parser.add_argument(
        "--out", metavar="FILE", help="the page (default: the notebook's name with .html, here)"
    )
    _add_timeout(parser)


def _add_refresh(commands: argparse._SubParsersAction) -> None:
    parser = _command(commands, "refresh", "run lessons and store their outputs in place")
    _add_paths(parser)
    _add_timeout(parser)


def _add_paths(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "paths", nargs="*", help="notebooks and folders of notebooks (default: notebooks)"
    )


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--timeout",
        type=_positive,
        default=600,
        metavar="SECONDS",
        help="how long one cell may take (default: 600)",
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)
