"""Kernels that are there at once: forked from a process that has imported PyTorch already."""

from labkit._lazy import lazy_submodules

__all__ = [
    "fork_protocol",
    "fork_requests",
    "forked",
    "forked_child",
    "forked_kernel",
    "forked_output",
    "forked_process",
    "forkserver",
    "kernel_arguments",
    "kernel_manager",
    "kernels_ahead",
    "kernelspec",
    "last_words",
    "light_imports",
    "preload",
    "provisioner",
    "ready",
    "server_address",
    "threads",
]

__getattr__, __dir__ = lazy_submodules(__name__, __all__)
