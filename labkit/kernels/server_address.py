"""Where a fork server listens: one address for each environment that cannot be changed later.

C libraries and Python read part of their environment once, when they are loaded. A process that is
forked has what its server was loaded with; so each such environment has its own server, and a
change of packages or of labkit's own code leads to another one too.
"""

import hashlib
import json
import os
import stat
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from labkit.errors import ForkError

__all__ = ["FOLDER", "address", "inherited", "runtime_folder"]

FOLDER = "LABKIT_RUNTIME_DIR"
"""Environment variable that names another folder for the sockets."""

LONGEST = 107
"""Bytes that the path of a Unix socket may have."""

READ_AT_LOAD = (
    "GLIBC_TUNABLES",
    "GOMP_",
    "HOME",
    "KMP_",
    "LANG",
    "LC_",
    "LD_",
    "MALLOC_",
    "MATPLOTLIBRC",
    "MKL_",
    "MPLCONFIGDIR",
    "OMP_",
    "OPENBLAS_",
    "PYTHON",
    "PYTORCH_",
    "TORCH_",
    "XDG_CONFIG_HOME",
)
SET_AFTER_FORK = "_NUM_THREADS"

PACKAGE = Path(__file__).parents[1]
OWN_CODE = (
    "__init__",
    "kernels/fork_protocol",
    "kernels/fork_requests",
    "kernels/forked_child",
    "kernels/forked_kernel",
    "kernels/forked_output",
    "kernels/forkserver",
    "kernels/huge_pages",
    "kernels/io_threads",
    "kernels/kernel_arguments",
    "kernels/light_imports",
    "kernels/preload",
    "kernels/threads",
    "execution/worker",
)


def address(recipe: str, environment: Mapping[str, str], folder: Path | None = None) -> Path:
    """Return the path of the socket for a recipe and the environment of the child-to-be.

    Raises
    ------
    ForkError
        When the path would be too long, or the folder is not safe.
    """
    facts = {
        "recipe": recipe,
        "python": [sys.prefix, sys.base_prefix, sys.version],  # by whichever of its names
        "environment": inherited(environment),
        "packages": sorted(_packages(environment)),
        "code": [_changed(name) for name in OWN_CODE],
        "place": _place(),
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    path = (folder or runtime_folder()) / f"{recipe}-{digest[:16]}"
    if len(os.fsencode(path)) > LONGEST:
        raise ForkError(
            f"expected a path of at most {LONGEST} bytes for a socket, got {path}; "
            f"set {FOLDER} to a folder with a shorter name"
        )
    return path


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of an environment a forked process cannot change any more.

    Examples
    --------
    >>> inherited({"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "2", "DEVICE": "cpu"})
    {'PYTHONHASHSEED': '0'}
    """
    return {
        name: value
        for name, value in sorted(environment.items())
        if name.startswith(READ_AT_LOAD) and not name.endswith(SET_AFTER_FORK)
    }


def runtime_folder() -> Path:
    """Return the folder of the sockets, made if need be, which only this user may enter.

    Raises
    ------
    ForkError
        When it belongs to somebody else, others may enter it, or it is a link.
    """
    named, runtime = os.environ.get(FOLDER), os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(tempfile.gettempdir(), f"labkit-{os.getuid()}")
    if named:
        folder = Path(named).absolute()
    elif runtime and os.access(runtime, os.W_OK | os.X_OK):
        folder = Path(runtime, "labkit")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise ForkError(f"{folder} cannot be used for sockets ({error.strerror})") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise ForkError(
            f"expected {folder} to be a folder that only its owner, you, may enter, got "
            f"{stat.filemode(found.st_mode)} of user {found.st_uid}; remove it, or set {FOLDER}"
        )
    return folder


def _packages(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield names with versions of what is installed: reading them from files takes far longer."""
    places = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    places |= set(filter(None, environment.get("PYTHONPATH", "").split(os.pathsep)))
    for place in places:
        with suppress(OSError):
            yield from (n for n in os.listdir(place) if n.endswith((".dist-info", ".egg-info")))


def _changed(name: str) -> int:
    return PACKAGE.joinpath(f"{name}.py").stat().st_mtime_ns


def _place() -> list[str]:
    """Return what a process cannot leave: its control group and its view of the machine."""
    with suppress(OSError):
        spaces = sorted(Path("/proc/self/ns").iterdir())
        return [Path("/proc/self/cgroup").read_text(), *map(os.readlink, spaces)]
    return []
