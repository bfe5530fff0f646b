"""Where data sets lie: the folder in ``LABKIT_DATA``, else the user's cache folder."""

import os
from pathlib import Path

from platformdirs import user_cache_path

__all__ = ["OFFLINE", "data_root", "find", "ways_out"]

OFFLINE = (
    "Without a network, labkit.datasets.images.digits() gives 1,797 real digits that came "
    "with scikit-learn."
)


def data_root() -> Path:
    r"""Return the folder that downloads go to and data sets are read from.

    The environment variable ``LABKIT_DATA`` names it. Without that it is the place where this
    system keeps files that can be fetched again: ``~/.cache/labkit`` on Linux,
    ``~/Library/Caches/labkit`` on macOS, ``%LOCALAPPDATA%\labkit\Cache`` on Windows.
    """
    named = os.environ.get("LABKIT_DATA")
    return Path(named).expanduser() if named else user_cache_path("labkit", appauthor=False)


def find(relative: str) -> Path:
    """Return the path of ``relative`` below the data root, whether it exists or not.

    A shared data root often holds one folder for each set, so what is not at the root itself is
    looked for one folder further down, in alphabetical order.
    """
    root = data_root()
    candidates = [root / relative, *sorted(root.glob(f"*/{relative}"))]
    return next((path for path in candidates if path.exists()), root / relative)


def ways_out(call: str, size: str) -> str:
    """Say what to do about a set that is not there; ``size`` is that of the download."""
    return (
        f"With a network, {call} fetches it ({size}). {OFFLINE} "
        f"LABKIT_DATA names another data root (now {data_root()})."
    )
