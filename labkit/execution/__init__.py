"""Run notebooks: find them, check their parameters, execute them, prove that they ran."""

from labkit._lazy import lazy_submodules

__all__ = [
    "batch",
    "client",
    "dependencies",
    "digests",
    "documents",
    "engine",
    "environment",
    "evidence",
    "examining",
    "executing",
    "finding",
    "fingerprint",
    "folder_lock",
    "guard",
    "jobs",
    "journal",
    "kernel_facts",
    "limits",
    "notebook_format",
    "outcomes",
    "parameters",
    "performer",
    "printed",
    "probes",
    "refreshing",
    "repeating",
    "running",
    "streams",
    "surroundings",
    "timings",
    "verdicts",
    "worker",
    "workers",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
