import platform
from importlib.metadata import version

import numpy
import pytest

from labkit.execution import surroundings


@pytest.fixture(autouse=True)
def fresh():
    """Look at the machine anew, before and after a test."""
    for look in (surroundings._packages, surroundings._gpus):
        look.cache_clear()
    yield
    for look in (surroundings._packages, surroundings._gpus):
        look.cache_clear()


def test_versions_are_those_that_are_installed():
    told = surroundings.parts()
    assert told["numpy"] == numpy.__version__
    assert told["torch"] == version("torch")
    assert told["scikit_learn"] == version("scikit-learn")
    assert told["python"].endswith(platform.python_version())
    assert told == surroundings.parts()


def test_any_other_package_counts(monkeypatch, tmp_path):
    before = surroundings.parts()
    monkeypatch.syspath_prepend(tmp_path)
    assert surroundings.parts() == before
    (tmp_path / "something-1.0.dist-info").mkdir()
    surroundings._packages.cache_clear()
    with_it = surroundings.parts()
    assert {n for n in before if before[n] != with_it[n]} == {"packages"}
    (tmp_path / "something-1.0.dist-info").rename(tmp_path / "something-1.1.dist-info")
    surroundings._packages.cache_clear()
    assert surroundings.parts()["packages"] not in {before["packages"], with_it["packages"]}


@pytest.mark.parametrize("name", ["PYTHONHASHSEED", "LABKIT_DATA", "CUDA_VISIBLE_DEVICES"])
def test_a_variable_that_changes_results_counts_and_is_not_published(monkeypatch, name):
    monkeypatch.setenv(name, "secret")
    one = surroundings.parts()
    monkeypatch.setenv(name, "other")
    other = surroundings.parts()
    assert {n for n in one if one[n] != other[n]} == {f"variable {name}"}
    assert not any("secret" in value for value in one.values())
    monkeypatch.delenv(name)
    assert f"variable {name}" not in surroundings.parts()


@pytest.mark.parametrize("name", ["OMP_NUM_THREADS", "HOME", "MY_LABKIT_"])
def test_other_variables_do_not_count(monkeypatch, name):
    before = surroundings.parts()
    monkeypatch.setenv(name, "7")
    assert surroundings.parts() == before


def test_the_gpu_and_its_driver(monkeypatch, tmp_path):
    monkeypatch.setattr(surroundings, "NVIDIA", tmp_path)
    assert "gpu" not in surroundings.parts()
    surroundings._gpus.cache_clear()
    told = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  Thu Jan 23\nGCC version: 12"
    (tmp_path / "version").write_text(told)
    for bus in ("0", "1"):
        card = tmp_path / "gpus" / bus / "information"
        card.parent.mkdir(parents=True)
        card.write_text("Model: \t\t NVIDIA H200\nIRQ:   101\nGPU UUID: GPU-1\n")
    assert surroundings.parts()["gpu"] == "NVIDIA H200, NVIDIA H200, driver 570.86.15"
