"""jupyter-cache: a project is made, which costs little, and executed as a whole."""

from runners.contender import Contender, script

__all__ = ["CONTENDERS"]

CACHE = ".jupyter_cache"

CONTENDERS = (
    Contender(
        "jupyter-cache",
        lambda names: [
            script("jcache", "notebook", "-p", CACHE, "add", *names),
            script("jcache", "project", "-p", CACHE, "execute"),
        ],
        prepare=lambda folder: (folder / CACHE).mkdir(),  # it would ask whether it may
        stores=f"{CACHE}/executed/*/base.ipynb",
        needs=("jupyter_cache",),
    ),
)
