"""Wait until something is so: as long as a busy machine may need, and no longer than it takes."""

import time

import psutil


def soon(is_so, seconds=30):
    """Wait until something is so, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := is_so()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.01)
    return found


def written(path, seconds=60):
    """Wait until a file holds something, and return what."""
    return soon(lambda: path.exists() and path.read_text(), seconds)


def is_alive(pid):
    """Tell whether a process runs: a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it may also go while it is looked at
        return False
