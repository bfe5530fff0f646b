"""What a fork server imports before it forks, and what its children then run.

Only packages of others, and only those whose versions are pinned: what a learner edits, and the
modules of lessons, are imported by the children themselves.
"""

import importlib
import linecache
import platform
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from labkit.kernels.light_imports import without_grammars

__all__ = ["RECIPES", "Recipe", "preload"]


@dataclass(frozen=True)
class Recipe:
    """One kind of fork server.

    Parameters
    ----------
    modules
        Imported before the first fork. One that is not installed is left out.
    idle
        Imported one by one when the server has served somebody and has nothing else to do.
    forgotten
        Imported for what they need themselves, then taken back: they have to see their own process
        when they are imported.
    target
        ``module:function`` that a child runs, without arguments; what it returns is its exit code.
    """

    modules: tuple[str, ...]
    target: str
    idle: tuple[str, ...] = ()
    forgotten: tuple[str, ...] = ()


KERNEL = Recipe(
    target="labkit.kernels.forked_kernel:main",
    modules=(
        "numpy",
        "torch",
        "torch._dynamo",  # the first optimizer imports it
        "torch.nn.functional",
        "torch.optim",
        "torch.utils.data",
        "torchvision",
        "torchvision.transforms.v2",
        "PIL.BmpImagePlugin",
        "PIL.GifImagePlugin",
        "PIL.JpegImagePlugin",
        "PIL.PngImagePlugin",
        "PIL.PpmImagePlugin",
        "matplotlib.pyplot",
        "matplotlib.backends.backend_agg",
        "matplotlib.backends.backend_svg",
        "matplotlib_inline.backend_inline",
        "IPython.core.completer",
        "IPython.core.completerlib",
        "IPython.core.debugger",
        "IPython.core.history",
        "IPython.core.magics",
        "IPython.core.oinspect",
        "IPython.core.pylabtools",
        "IPython.extensions.storemagic",
        "ipykernel.debugger",
        "ipykernel.displayhook",
        "ipykernel.iostream",
        "ipykernel.ipkernel",
        "ipykernel.kernelapp",
        "ipykernel.pylab.backend_inline",
        "ipykernel.subshell_manager",
        "ipykernel.zmqshell",
        "psutil",
        "pygments.formatters.terminal256",  # the first error that is shown imports it
        "sqlite3",
        "stack_data",
        "ipywidgets",
        "threadpoolctl",
        "tornado.platform.asyncio",
        "tqdm.auto",
    ),
    idle=(
        # In pieces of at most 0.3 s, for somebody may want a child meanwhile.
        "anywidget",
        "scipy.sparse",
        "scipy.special",
        "scipy.optimize",
        "scipy.stats",
        "joblib",
        "sklearn.utils",
        "sklearn.preprocessing",
        "sklearn.datasets",
    ),
    forgotten=("matplotlib_inline.backend_inline", "ipykernel.pylab.backend_inline"),
)

WORKER = Recipe(
    target="labkit.execution.worker:main",
    modules=(
        "nbformat",
        "nbclient",
        "jupyter_client.asynchronous",
        "jupyter_client.manager",
        "jupyter_client.provisioning",
        "jinja2",
        "latex2mathml.converter",
        "mistune",
        "nbconvert.exporters.html",
        "IPython.lib.lexers",  # what nbconvert imports for the first page
        "jinja2.ext",
        "pygments.formatters.html",
        "pygments.lexers.python",
        "pygments.styles.default",
    ),
)

RECIPES = {"kernel": KERNEL, "worker": WORKER}


def preload(modules: Iterable[str], forgotten: Iterable[str] = ()) -> list[str]:
    """Import modules; return one line for each that could not be.

    Examples
    --------
    >>> preload(["json", "nothing_of_this_name"])
    ["nothing_of_this_name: ModuleNotFoundError: No module named 'nothing_of_this_name'"]
    """
    with without_grammars():
        failures = [failure for name in modules if (failure := _import(name))]
    if registry := sys.modules.get("matplotlib.backends.registry"):
        registry.backend_registry.list_all()  # looks through all installed packages, once for all
    platform.platform(terse=True)  # looks for its C library in Python's own file, once for all
    for name in forgotten:
        _forget(name)
    linecache.clearcache()  # source that was looked at for once, and each child can look at again
    importlib.invalidate_caches()  # what has been installed since is found; by every child, too
    return failures


def _import(name: str) -> str:
    try:
        importlib.import_module(name)
    # A package may fail in any way while it is imported; its users will see how.
    except Exception as error:
        return f"{name}: {type(error).__name__}: {error}"
    return ""


def _forget(name: str) -> None:
    package, _, last = name.rpartition(".")
    sys.modules.pop(name, None)
    if last in vars(sys.modules.get(package, object)):
        delattr(sys.modules[package], last)
