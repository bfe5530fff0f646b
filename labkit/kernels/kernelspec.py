"""The kernel ``labkit``, also where labkit lies on the path and no kernel is installed."""

from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.provisioning import KernelProvisionerFactory

__all__ = ["NAME", "SpecManager"]

NAME = "labkit"
FOLDER = Path(__file__).with_name("kernelspec")
PROVISIONER = EntryPoint(
    name=NAME,
    value="labkit.kernels.provisioner:ForkServerProvisioner",
    group=KernelProvisionerFactory.GROUP_NAME,
)


class SpecManager(KernelSpecManager):
    """Finds what Jupyter finds, and the kernel ``labkit`` with its provisioner in any case."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return the specification of a kernel."""
        if kernel_name != NAME:
            return super().get_kernel_spec(kernel_name)
        KernelProvisionerFactory.instance().provisioners.setdefault(NAME, PROVISIONER)
        try:
            return super().get_kernel_spec(kernel_name)
        except NoSuchKernel:
            return KernelSpec.from_resource_dir(str(FOLDER))

    def find_kernel_specs(self) -> dict[str, Any]:
        """Return name → folder of every kernel."""
        return {NAME: str(FOLDER), **super().find_kernel_specs()}
