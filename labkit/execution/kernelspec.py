"""The kernel ``labkit``, also where labkit lies on the path and no kernel is installed."""

from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

__all__ = ["NAME", "SpecManager"]

NAME = "labkit"
FOLDER = Path(__file__).with_name("kernelspec")


class SpecManager(KernelSpecManager):
    """Finds what Jupyter finds, and the kernel ``labkit`` in any case."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the specification of a kernel."""
        try:
            return super().get_kernel_spec(kernel_name)
        except NoSuchKernel:
            if kernel_name != NAME:
                raise
            return KernelSpec.from_resource_dir(str(FOLDER))

    def find_kernel_specs(self) -> dict[str, Any]:
        """Return name → folder of every kernel."""
        return {NAME: str(FOLDER), **super().find_kernel_specs()}
