"""The same run on the machines of a Dask cluster: notebooks travel, results come back."""

from labkit._lazy import lazy_submodules

__all__ = [
    "belongings",
    "cluster",
    "cluster_worker",
    "connection",
    "errand",
    "parcel",
    "warm_workers",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
