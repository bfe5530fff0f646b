"""The arguments of a kernel, read without a parser that knows every option there is.

ipykernel builds one for each start, out of some hundred traits, in a quarter of the time that a
forked kernel needs. What front ends pass is plain, so it is read plainly; the rest is left to it.
"""

import re
from collections.abc import Sequence

from traitlets.config import Config
from traitlets.config.loader import DeferredConfigString

__all__ = ["plain"]

HISTORY = re.compile(r"--HistoryManager\.(enabled|hist_file)=(.*)", re.DOTALL)


def plain(arguments: Sequence[str]) -> Config | None:
    """Return what the usual arguments mean; ``None`` if there are others among them.

    Usual are ``-f FILE``, and where the history goes, which programs that run notebooks say.

    Examples
    --------
    >>> plain(["-f", "kernel.json"])
    {'IPKernelApp': {'connection_file': 'kernel.json'}}
    >>> plain(["--matplotlib"]) is None
    True
    """
    config = Config()
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "-f" and (file := next(waiting, None)) is not None:
            config.IPKernelApp.connection_file = file
        elif said := HISTORY.fullmatch(argument):
            config.HistoryManager[said[1]] = DeferredConfigString(said[2])
        else:
            return None
    return config
