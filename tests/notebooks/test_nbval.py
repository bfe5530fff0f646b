"""Which kernel ``pytest --nbval`` gives the notebooks: see the conftest of this repository."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "nbval": True,
    "nbval_lax": False,
    "nbval_kernel_name": None,
    "nbval_current_env": False,
}


@pytest.fixture(scope="module")
def hooks():
    spec = importlib.util.spec_from_file_location("hooks_of_this_repository", ROOT / "conftest.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def kernel(hooks, monkeypatch):
    """Give ``kernel(installed, **options)``: what nbval is told, and what the header says."""

    def kernel(installed, **options):
        found = dict.fromkeys(installed, "")
        place = "jupyter_client.kernelspec.KernelSpecManager.find_kernel_specs"
        monkeypatch.setattr(place, lambda self: found)
        config = SimpleNamespace(option=SimpleNamespace(**SETTINGS | options))
        hooks.pytest_configure(config)
        return config.option.nbval_kernel_name, hooks.pytest_report_header(config)

    return kernel


@pytest.mark.parametrize("on", [{}, {"nbval": False, "nbval_lax": True}])
def test_labkits_own_is_taken_where_it_is_installed(kernel, on):
    assert kernel(["python3", "labkit"], **on) == ("labkit", "notebooks: kernel labkit")


def test_elsewhere_each_notebook_keeps_its_own_and_a_line_says_what_to_do(kernel):
    name, line = kernel(["python3"])
    assert name is None, "nbval takes the kernel that the notebook names"
    assert "the kernel that each names" in line
    assert "python -m pip install" in line


def test_another_one_that_is_asked_for_is_not_overruled(kernel):
    chosen = kernel(["python3", "labkit"], nbval_kernel_name="python3")
    assert chosen == ("python3", "notebooks: kernel python3")
    chosen = kernel(["python3", "labkit"], nbval_current_env=True)
    assert chosen == (None, "notebooks: kernel of this Python")


def test_without_nbval_nothing_is_looked_for_or_said(kernel, hooks):
    assert kernel(["labkit"], nbval=False) == (None, None)
    not_installed = SimpleNamespace(option=SimpleNamespace())
    hooks.pytest_configure(not_installed)
    assert hooks.pytest_report_header(not_installed) is None
