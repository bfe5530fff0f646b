"""nbval and nbmake: notebooks as tests of pytest; nbval compares with the stored outputs."""

from collections.abc import Sequence

from runners.contender import Command, Contender, module

__all__ = ["CONTENDERS"]


def _contender(
    name: str, *options: str, needs: tuple[str, ...] = ("nbval",), servers: str = ""
) -> Contender:
    def commands(names: Sequence[str]) -> list[Command]:
        return [module("pytest", "-q", "-p", "no:cacheprovider", *options, *names)]

    return Contender(name, commands, needs=needs, servers=servers)


SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")
FORKED = ("--nbval-kernel-name", "labkit")

CONTENDERS = (
    _contender("nbval", "--nbval"),
    _contender("nbval, xdist -n 2", "--nbval", *SIDE_BY_SIDE, needs=("nbval", "xdist")),
    _contender("nbval, kernel labkit", "--nbval", *FORKED, servers="warm"),
    _contender("nbmake", "--nbmake", needs=("nbmake",)),
)
