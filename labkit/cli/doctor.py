"""`labkit doctor`: can lessons run here, and what to do if not."""

import argparse

from labkit.execution.examining import Finding, examine

__all__ = ["main", "said"]

SIGNS = {"ok": "✓", "note": "·", "problem": "✗"}


def main(options: argparse.Namespace) -> int:
    """Print one line for each thing lessons need; return 1 when a lesson could not run."""
    levels = []
    for finding in examine():
        print(said(finding), flush=True)
        levels.append(finding.level)
    problems = levels.count("problem")
    print(f"\n{problems} problem{'s' * (problems > 1)}" if problems else "\nLessons can run here.")
    return 1 if problems else 0


def said(finding: Finding) -> str:
    """Say a finding in a line, and the way out in a second one.

    Examples
    --------
    >>> print(said(Finding("disk", "problem", "full", "make room")))
    ✗ disk       full
                 → make room
    """
    line = f"{SIGNS[finding.level]} {finding.topic:<10} {finding.message}"
    return f"{line}\n{'':<13}→ {finding.advice}" if finding.advice else line
