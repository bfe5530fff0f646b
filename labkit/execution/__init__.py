"""Run notebooks: find them, check their parameters, execute them, prove that they ran."""

from labkit._lazy import lazy_submodules

__all__ = [
    "dependencies",
    "digests",
    "documents",
    "environment",
    "evidence",
    "examining",
    "finding",
    "fingerprint",
    "guard",
    "jobs",
    "outcomes",
    "parameters",
    "probes",
    "refreshing",
    "running",
    "timings",
    "verdicts",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
