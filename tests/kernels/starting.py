"""Kernels for tests: started by Jupyter's own managers, and asked to execute code."""

import asyncio
import os
import subprocess
from contextlib import asynccontextmanager, contextmanager

from jupyter_client.manager import AsyncKernelManager, KernelManager

from labkit.kernels.kernelspec import SpecManager


def usual():
    """Return how tests start kernels: outside a test, ipykernel catches what C libraries print."""
    environment = {name: v for name, v in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return {"stderr": subprocess.DEVNULL, "env": environment}


class Kernel:
    """A started kernel and a client of it."""

    def __init__(self, manager):
        self.manager = manager
        self.client = manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    @property
    def provisioner(self):
        return self.manager.provisioner

    def run(self, code, timeout=60):
        """Execute code; return what it prints, or the name of its error."""
        heard = []
        reply = self.client.execute_interactive(
            code, output_hook=heard.append, timeout=timeout, stop_on_error=False
        )
        if reply["content"]["status"] == "error":
            return reply["content"]["ename"]
        texts = [m["content"]["text"] for m in heard if m["msg_type"] == "stream"]
        return "".join(texts)

    def pictures(self, code):
        """Execute code; return the MIME types of what it displays."""
        heard = []
        self.client.execute_interactive(code, output_hook=heard.append, timeout=60)
        return [set(m["content"]["data"]) for m in heard if m["msg_type"] == "display_data"]


@contextmanager
def started(name="labkit", **options):
    """Start a kernel; kill it at the end."""
    manager = KernelManager(kernel_name=name, kernel_spec_manager=SpecManager())
    manager.start_kernel(**{**usual(), **options})
    kernel = None
    try:
        kernel = Kernel(manager)
        yield kernel
    finally:
        if kernel is not None:
            kernel.client.stop_channels()
        manager.shutdown_kernel(now=True)


@asynccontextmanager
async def started_in_a_loop(**options):
    """Start a kernel from an event loop; give its manager and its client."""
    manager = AsyncKernelManager(kernel_name="labkit", kernel_spec_manager=SpecManager())
    await manager.start_kernel(**{**usual(), **options})
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


async def printed(client, code, timeout=60):
    heard = []
    await asyncio.wait_for(
        client.execute_interactive(code, output_hook=heard.append), timeout=timeout
    )
    return "".join(m["content"]["text"] for m in heard if m["msg_type"] == "stream")
