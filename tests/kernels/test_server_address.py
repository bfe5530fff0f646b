import os
import subprocess
import sys

import pytest

from labkit.errors import ForkError
from labkit.kernels import server_address
from labkit.kernels.server_address import FOLDER, address, inherited, runtime_folder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER, str(tmp_path / "sockets"))
    return tmp_path / "sockets"


@pytest.mark.parametrize(
    "name",
    ["PYTHONHASHSEED", "PYTHONPATH", "OMP_WAIT_POLICY", "LD_PRELOAD", "LC_ALL", "MALLOC_ARENA_MAX"],
)
def test_what_cannot_be_changed_later_leads_to_another_server(name):
    assert address("kernel", {name: "1"}) != address("kernel", {name: "2"})
    assert address("kernel", {name: "1"}) != address("kernel", {})


@pytest.mark.parametrize(
    "name", ["OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "DEVICE", "JPY_SESSION_NAME", "MPLBACKEND"]
)
def test_what_a_child_can_change_does_not(name):
    assert address("kernel", {name: "1"}) == address("kernel", {})
    assert inherited({name: "1"}) == {}


def test_each_recipe_has_its_own():
    assert address("kernel", {}) != address("worker", {})


def test_new_code_and_new_packages_lead_to_another_server(tmp_path, monkeypatch):
    before = address("kernel", {"PYTHONPATH": str(tmp_path)})
    (tmp_path / "package-1.0.dist-info").mkdir()
    after = address("kernel", {"PYTHONPATH": str(tmp_path)})
    assert before != after
    monkeypatch.setattr(server_address, "_changed", lambda _: 1)
    assert address("kernel", {"PYTHONPATH": str(tmp_path)}) not in {before, after}


def test_all_code_that_a_server_holds_is_looked_at():
    modules = "labkit.kernels.forkserver, labkit.kernels.forked_kernel, labkit.execution.worker"
    code = f"import sys, {modules}; print(*sys.modules)"
    held = subprocess.check_output([sys.executable, "-c", code], text=True, timeout=60).split()
    held = {name.removeprefix("labkit.") for name in held if name.startswith("labkit.")}
    looked_at = {name.replace("/", ".") for name in server_address.OWN_CODE}
    assert held - {"_lazy", "errors", "execution", "kernels"} <= looked_at


def test_another_control_group_leads_to_another_server(monkeypatch):
    before = address("kernel", {})
    monkeypatch.setattr(server_address, "_place", lambda: ["0::/job-2"])
    assert address("kernel", {}) != before


def test_a_path_too_long_for_a_socket_is_an_error_with_a_way_out(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 100)
    monkeypatch.setenv(FOLDER, str(long))
    with pytest.raises(ForkError, match=f"at most 107 bytes.*set {FOLDER}"):
        address("kernel", {})


def test_the_folder_is_for_its_owner_alone(folder):
    assert runtime_folder() == folder
    assert folder.stat().st_mode & 0o777 == 0o700
    assert runtime_folder() == folder, "also the second time"


def test_a_folder_that_others_may_enter_is_refused(folder):
    folder.mkdir(mode=0o700)
    folder.chmod(0o755)
    with pytest.raises(ForkError, match="drwxr-xr-x"):
        runtime_folder()


def test_a_link_and_a_file_are_refused(folder, tmp_path):
    (tmp_path / "mine").mkdir(mode=0o700)
    folder.symlink_to(tmp_path / "mine")
    with pytest.raises(ForkError, match="lrwx"):
        runtime_folder()
    folder.unlink()
    folder.touch(mode=0o600)
    with pytest.raises(ForkError, match="cannot be used for sockets"):
        runtime_folder()


def test_a_folder_of_somebody_else_is_refused(folder, monkeypatch):
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    with pytest.raises(ForkError, match="of user"):
        runtime_folder()


def test_without_a_name_it_lies_where_the_system_wants_it(tmp_path, monkeypatch):
    monkeypatch.delenv(FOLDER)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_folder() == tmp_path / "labkit"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "gone"))
    monkeypatch.setattr(server_address.tempfile, "gettempdir", lambda: str(tmp_path))
    assert runtime_folder() == tmp_path / f"labkit-{os.getuid()}"
