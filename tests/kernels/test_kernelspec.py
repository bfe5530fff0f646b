import json
import sys
import tomllib
from pathlib import Path

import pytest
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.provisioning import KernelProvisionerFactory

from labkit.kernels import kernelspec
from labkit.kernels.kernelspec import NAME, SpecManager
from labkit.kernels.provisioner import ForkServerProvisioner

ROOT = Path(__file__).parents[2]


def test_where_nothing_is_installed_there_is_labkits_kernel():
    manager = SpecManager(kernel_dirs=[])
    spec = manager.get_kernel_spec(NAME)
    assert spec.argv[1:3] == ["-m", "ipykernel_launcher"]
    assert spec.metadata["kernel_provisioner"] == {"provisioner_name": "labkit"}
    assert NAME in manager.find_kernel_specs()
    assert NAME in manager.get_all_specs()
    with pytest.raises(NoSuchKernel):
        manager.get_kernel_spec("cobol")


def test_its_provisioner_is_known_where_no_package_names_it(monkeypatch):
    KernelProvisionerFactory.clear_instance()
    monkeypatch.setattr(KernelProvisionerFactory, "_get_all_provisioners", staticmethod(list))
    monkeypatch.setattr(KernelProvisionerFactory, "_get_provisioner", lambda *_: 1 / 0)
    try:
        factory = KernelProvisionerFactory.instance()
        spec = SpecManager().get_kernel_spec(NAME)
        assert factory.is_provisioner_available(spec)
        assert factory.provisioners[NAME].load() is ForkServerProvisioner
    finally:
        KernelProvisionerFactory.clear_instance()


def test_pyproject_names_the_same_provisioner():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = project["entry-points"][kernelspec.PROVISIONER.group]
    assert named == {NAME: kernelspec.PROVISIONER.value}


def test_one_that_is_installed_comes_first(tmp_path):
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "kernel.json").write_text(json.dumps({"argv": ["mine"], "display_name": "Mine"}))
    manager = SpecManager(kernel_dirs=[str(tmp_path)])
    assert manager.get_kernel_spec(NAME).argv == ["mine"]
    assert manager.find_kernel_specs()[NAME] == str(folder)


def test_jupyter_finds_it_when_labkit_is_installed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    [(source, place)] = [item for item in shared.items() if "kernels" in item[1]]
    assert (ROOT / source) == kernelspec.FOLDER
    assert place == f"share/jupyter/kernels/{NAME}"
    installed = Path(sys.prefix, place, "kernel.json")
    assert installed.read_text() == (kernelspec.FOLDER / "kernel.json").read_text()
