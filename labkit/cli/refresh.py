"""`labkit refresh`: run lessons and store their outputs in place."""

import argparse

from labkit.cli.progress import said
from labkit.execution.finding import find, lessons_folder
from labkit.execution.refreshing import refresh

__all__ = ["main"]


def main(options: argparse.Namespace) -> int:
    """Refresh the lessons; one that does not pass is left as it was. Return the exit code."""
    failed = 0
    for path in find(options.paths or [lessons_folder()]):
        outcome = refresh(path, timeout=options.timeout)
        failed += not outcome.passed
        print(said(outcome), flush=True)
        if not outcome.passed:
            print("    its stored outputs were left as they were")
    return 1 if failed else 0
