"""The fork server: a process that has imported what its children need, and has run nothing.

It has one thread, no tensor was computed in it, and no GPU was asked; so a fork of it is as good as
a fresh Python, without the seconds that imports take.
"""

import argparse
import gc
import os
import sys
from pathlib import Path

from labkit.kernels.fork_protocol import listen
from labkit.kernels.fork_requests import IDLE, ForkServer
from labkit.kernels.forked_child import become
from labkit.kernels.preload import RECIPES, Recipe, preload
from labkit.kernels.threads import find_pools

__all__ = ["main", "prepare_environment"]

PREPARED = {
    # Threads do not survive a fork, and these libraries start theirs when they are loaded; a child
    # has as many as its own environment allows.
    "OPENBLAS_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    # Should a package ask for a GPU while it is imported, PyTorch answers without touching it.
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # the debugger says nothing of the modules it cannot see
}
UNLESS_CHOSEN = {
    # Threads of OpenBLAS that have nothing to do keep a core busy for 2 to the power of this many
    # cycles. Usually it is 26: thirty milliseconds, for each pool, while a kernel wants to start.
    "OPENBLAS_THREAD_TIMEOUT": "18",
}
MEANT_FOR_A_CHILD = ("JPY_PARENT_PID", "MKL_NUM_THREADS", "MPLBACKEND", "OMP_NUM_THREADS")


def main() -> int:
    """Be a fork server; in its children, become what was asked for. Return the exit code."""
    options = _parser().parse_args()
    if os.fork():
        os._exit(0)  # a server is nobody's child, and burdens nobody when it ends
    os.setsid()
    # Who connects now is answered after the imports, and need not try again and again.
    listener = listen(options.socket)
    recipe = RECIPES[options.recipe]
    _prepare(recipe)
    server = ForkServer(
        listener, options.socket, idle=options.idle, lock=options.lock, later=recipe.idle
    )
    request = server.serve()
    if request is None:
        return 0
    del server, listener
    become(request, recipe.target)


def prepare_environment() -> None:
    """Give this process the environment of a server: what a child chooses must not be fixed in it.

    It comes before every import that may load a C library.
    """
    os.environ.update({**UNLESS_CHOSEN, **os.environ, **PREPARED})
    for name in MEANT_FOR_A_CHILD:
        os.environ.pop(name, None)


def _prepare(recipe: Recipe) -> None:
    # The folder of the sockets is no place to import from.
    sys.path[:] = [place for place in sys.path if place not in ("", os.getcwd())]
    prepare_environment()
    gc.disable()
    own, _, _ = recipe.target.partition(":")
    for failure in preload([*recipe.modules, own], recipe.forgotten):
        print(f"not imported: {failure}", file=sys.stderr, flush=True)
    find_pools()
    # A collection in a child would otherwise write to, and so copy, all pages of the server. One
    # here first would take a third of a second, and find next to nothing.
    gc.freeze()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Be a fork server.")
    parser.add_argument("--recipe", choices=RECIPES, required=True, help="what is imported")
    parser.add_argument("--socket", type=Path, required=True, help="where to listen")
    parser.add_argument("--lock", type=int, default=-1, help="descriptor to hold meanwhile")
    parser.add_argument("--idle", type=float, default=IDLE, help="seconds without a child")
    return parser


if __name__ == "__main__":
    sys.exit(main())
