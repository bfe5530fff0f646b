"""What `import labkit` costs over bare Python; the claim is at most 30 ms.

Both are started in turn, so that whatever else the machine does slows both alike. The result is
written to ``benchmarks/results/imports.json``; the exit code is 1 when the claim does not hold.
"""

import argparse
import statistics
import subprocess
import sys
import time

from measure import machine, save

CLAIM = 30.0  # ms
STATEMENTS = {"bare": "pass", "labkit": "import labkit", "command": "import labkit.cli.main"}


def milliseconds(statement: str) -> float:
    """Return the time from starting a Python with one statement to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return 1000 * (time.perf_counter() - start)


def measure(rounds: int) -> dict[str, float]:
    """Return the median of each statement's excess over bare Python, in milliseconds."""
    for statement in STATEMENTS.values():
        milliseconds(statement)  # fills the caches of files and byte code
    times = [{name: milliseconds(s) for name, s in STATEMENTS.items()} for _ in range(rounds)]
    return {
        name: round(statistics.median(t[name] - t["bare"] for t in times), 2)
        for name in STATEMENTS
        if name != "bare"
    }


def main() -> int:
    """Measure, print, keep, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=31, help="starts of each kind (count)")
    rounds = parser.parse_args().rounds
    excess = measure(rounds)
    result = {"claim_ms": CLAIM, "over_bare_python_ms": excess, "rounds": rounds}
    save("imports", {"machine": machine(), **result})
    for name, cost in excess.items():
        print(f"{STATEMENTS[name]:24}  {cost:6.1f} ms over bare Python")
    return 0 if excess["labkit"] <= CLAIM else 1


if __name__ == "__main__":
    sys.exit(main())
