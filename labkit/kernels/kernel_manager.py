"""How a kernel is reached: over Unix sockets in a folder of its own, or encrypted."""

import os
import tempfile
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.manager import AsyncKernelManager

from labkit.kernels.kernelspec import NAME, SpecManager

__all__ = ["KernelManager"]

LONGEST_SOCKET = 100
"""Characters that the path of a Unix socket may have, with some to spare."""


class KernelManager(AsyncKernelManager):
    """The manager of one kernel, with a folder for what belongs to it.

    labkit's own kernel is reached over Unix sockets where there are any: no port can be taken by
    somebody else in between, and nobody else on the machine can talk to it.

    Parameters
    ----------
    kernel
        Name of the kernel.
    """

    def __init__(self, kernel: str) -> None:
        super().__init__(kernel_name=kernel, kernel_spec_manager=SpecManager())
        self.is_labkits = kernel == NAME
        self._folder = tempfile.TemporaryDirectory(prefix="labkit-", ignore_cleanup_errors=True)
        self.connection_file = str(Path(self._folder.name, "kernel.json"))
        if self.is_labkits and os.name == "posix" and len(self.connection_file) < LONGEST_SOCKET:
            self.transport = "ipc"
        elif zmq.has("curve") and "transport_encryption" in self.class_trait_names():
            self.transport_encryption = "auto"

    async def start_kernel(self, **options: Any) -> None:
        """Start the kernel. jupyter_client waits 0.01 s longer each time, for its own tests."""
        start = AsyncKernelManager._async_start_kernel
        await getattr(start, "__wrapped__", start)(self, **options)
        if not self.ready.done():
            self.ready.set_result(None)

    async def cleanup_resources(self, restart: bool = False) -> Any:
        """Remove what the kernel has left, and its folder unless it starts again."""
        await super().cleanup_resources(restart)
        if not restart:
            self._folder.cleanup()
