import subprocess
import sys
from importlib.metadata import version

from labkit.reports import machine as module
from labkit.reports.machine import machine, versions


def test_versions_are_those_installed():
    found = versions()
    assert found["torch"] == version("torch")
    assert found["python"] == sys.version.split()[0]


def test_a_package_that_is_not_there_is_left_out(monkeypatch):
    monkeypatch.setattr(module, "NAMED", ("labkit", "no-such-package"))
    assert versions().keys() == {"python", "labkit"}


def test_nothing_is_imported_to_tell_versions():
    code = """\
import sys
from labkit.reports.machine import machine, versions
machine(), versions()
print(*sys.modules)"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"torch", "numpy", "matplotlib"}.isdisjoint(told.stdout.split())


def test_the_machine_has_cores_and_memory():
    found = machine()
    assert found["cores"] >= 1
    assert found["memory_bytes"] is None or found["memory_bytes"] > 100e6
    assert found["processor"]


def test_a_container_may_have_less_memory_than_its_machine(monkeypatch, tmp_path):
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(module, "CGROUP_LIMIT", limit)
    whole = machine()["memory_bytes"]
    limit.write_text("max\n", encoding="ascii")
    assert machine()["memory_bytes"] == whole
    limit.write_text("1000000\n", encoding="ascii")
    assert machine()["memory_bytes"] in {1_000_000, None}


def test_the_processor_has_a_name_where_the_system_gives_one(monkeypatch, tmp_path):
    listed = tmp_path / "cpuinfo"
    monkeypatch.setattr(module, "PROCESSORS", listed)
    architecture = machine()["processor"]
    listed.write_text("processor\t: 0\nmodel name\t: Fast: 9000\n", encoding="utf-8")
    assert machine()["processor"] == "Fast: 9000"
    listed.write_text("processor\t: 0\n", encoding="utf-8")
    assert machine()["processor"] == architecture
