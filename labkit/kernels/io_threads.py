"""What was sent has left this process, or has not yet.

ZeroMQ writes in threads of its own, a little later. A process that ends without warning, with
``os._exit`` or a segmentation fault, takes along what they have not written yet.
"""

import os
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

__all__ = ["written"]

NAME = "ZMQbg/IO"
PATIENCE = 2.0
"""Seconds that they are waited for at most; after that never again."""


def written() -> bool:
    """Wait until ZeroMQ's threads have written what they were given; return whether they have.

    Such a thread is awake from the moment that something is sent until it has no more to write, or
    until the one it writes to has to read first. Where none is found, or one never sleeps because
    this system tells nothing of threads, there is nothing to wait for.
    """
    places = _places(os.getpid())
    deadline = time.monotonic() + PATIENCE
    with suppress(OSError):  # it has ended
        while any(map(_is_awake, places)):
            if time.monotonic() > deadline:
                places.clear()
            time.sleep(0.0001)
    return bool(places)


@lru_cache(1)
def _places(process: int) -> list[Path]:
    tasks = Path(f"/proc/{process}/task")
    names = {task: (task / "comm").read_text() for task in tasks.glob("[0-9]*")}
    return [task / "stat" for task, name in names.items() if name.startswith(NAME)]


def _is_awake(place: Path) -> bool:
    # After the name in brackets, which may hold brackets itself, comes the letter of its state.
    with open(place, "rb") as stat:
        return stat.read().rpartition(b")")[2][1:2] != b"S"
