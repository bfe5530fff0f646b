"""`labkit run`, which also writes a page for each notebook and the table of all of them."""

from collections.abc import Sequence

from runners.contender import Command, Contender, script

__all__ = ["CONTENDERS"]


def _with(workers: int, servers: str) -> Contender:
    def commands(names: Sequence[str]) -> list[Command]:
        return [script("labkit", "run", *names, "--workers", str(workers), "--out", "reports")]

    return Contender(
        f"labkit run, workers {workers}, {servers}",
        commands,
        stores="reports/executed/*.ipynb",
        servers=servers,
    )


CONTENDERS = tuple(_with(workers, servers) for servers in ("warm", "cold") for workers in (2, 1))
