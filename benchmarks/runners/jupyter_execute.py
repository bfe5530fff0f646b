"""`jupyter execute`, which comes with nbclient."""

from runners.contender import Contender, script

__all__ = ["CONTENDERS"]

CONTENDERS = (
    Contender(
        "jupyter execute",
        lambda names: [script("jupyter-execute", "--inplace", *names)],
        stores="*.ipynb",
        needs=("nbclient",),
    ),
)
