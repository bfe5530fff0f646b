"""Run notebooks: find them, check their parameters, execute them, prove that they ran."""

from labkit._lazy import lazy_submodules

__all__ = [
    "dependencies",
    "digests",
    "documents",
    "evidence",
    "examining",
    "finding",
    "fingerprint",
    "folder_lock",
    "fork_protocol",
    "fork_requests",
    "forked",
    "forked_child",
    "forked_kernel",
    "forked_process",
    "forkserver",
    "guard",
    "jobs",
    "journal",
    "kernelspec",
    "light_imports",
    "outcomes",
    "parameters",
    "preload",
    "printed",
    "probes",
    "provisioner",
    "refreshing",
    "repeating",
    "running",
    "server_address",
    "surroundings",
    "threads",
    "timings",
    "verdicts",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
