"""What `import labkit` costs, and what each module says it offers."""

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import labkit

ROOT = Path(__file__).parents[1]
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(labkit.__path__, "labkit.")
    if not module.name.endswith("__main__")
)


def as_ruff_sorts(name):
    """CONSTANTS first, then Classes, then functions; alphabetical within each."""
    return 0 if name.isupper() else 1 if name[0].isupper() else 2, name


def loaded_by(statement):
    """Return the top-level names that a bare Python has loaded after one statement."""
    script = f"{statement}; import sys, json; print(json.dumps(sorted(sys.modules)))"
    # -S leaves out site, whose .pth files load modules of their own; the path is given instead.
    paths = json.dumps([p for p in sys.path if p])
    answer = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {paths}; {script}"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return {name.partition(".")[0] for name in json.loads(answer.stdout)}


@pytest.mark.parametrize("name", ["labkit", *MODULES])
def test_all_is_sorted_and_true(name):
    module = importlib.import_module(name)
    names = module.__all__
    assert names == sorted(names, key=as_ruff_sorts)
    assert len(names) == len(set(names))
    for offered in names:
        assert getattr(module, offered) is not None


@pytest.mark.parametrize("name", ["labkit", *MODULES])
def test_all_holds_every_public_function_and_class(name):
    module = importlib.import_module(name)
    tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    defined = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    public = {name for name in defined if not name.startswith("_")}
    assert public <= set(module.__all__), "start a name with _ or offer it in __all__"


@pytest.mark.parametrize("name", ["labkit", *MODULES])
def test_a_package_offers_its_modules(name):
    module = importlib.import_module(name)
    if hasattr(module, "__path__"):
        assert set(module.__all__) <= set(dir(module))
        with pytest.raises(AttributeError, match="nothing_of_this_name"):
            module.nothing_of_this_name  # noqa: B018


def test_importing_labkit_loads_the_standard_library_alone():
    foreign = loaded_by("import labkit") - set(sys.stdlib_module_names) - {"__main__"}
    assert foreign == {"labkit"}


def test_the_probe_sees_what_is_loaded():
    assert {"labkit", "torch"} <= loaded_by("import labkit.backend")


def test_the_command_loads_neither_torch_nor_matplotlib():
    heavy = {"torch", "matplotlib", "numpy", "nbconvert", "papermill", "anywidget"}
    assert not heavy & loaded_by("import labkit.cli.main")
