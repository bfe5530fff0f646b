import importlib.util
import json
import subprocess
import sys
from importlib import metadata

import pytest

from labkit.kernels.preload import RECIPES, preload

from .forking import serving


@pytest.mark.parametrize("name", RECIPES)
def test_only_packages_of_others_are_imported(name):
    recipe = RECIPES[name]
    distributions = metadata.packages_distributions()
    for module in recipe.modules + recipe.idle:
        package = module.partition(".")[0]
        assert package in distributions or package in sys.stdlib_module_names, module
        assert "labkit" not in distributions.get(package, [])


@pytest.mark.parametrize("name", RECIPES)
def test_everything_named_exists(name):
    recipe = RECIPES[name]
    missing = [m for m in recipe.modules + recipe.idle if importlib.util.find_spec(m) is None]
    assert missing == []
    module, _, function = recipe.target.partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_what_cannot_be_imported_is_told_and_hinders_nothing(tmp_path, monkeypatch):
    (tmp_path / "broken_package.py").write_text("raise RuntimeError('a library is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "wave", raising=False)
    assert preload(["no_such_package", "broken_package", "wave"]) == [
        "no_such_package: ModuleNotFoundError: No module named 'no_such_package'",
        "broken_package: RuntimeError: a library is missing",
    ]
    assert "wave" in sys.modules


def test_what_is_forgotten_is_imported_anew():
    import json.tool

    before = json.tool
    assert preload(["json.tool"], ["json.tool"]) == []
    assert "json.tool" not in sys.modules
    assert not hasattr(json, "tool")
    import json.tool

    assert json.tool is not before


SERVER = """
import json, re, sys
from labkit.kernels import forkserver
from labkit.kernels.fork_requests import thread_count
from labkit.kernels.preload import RECIPES, preload
recipe = RECIPES["kernel"]
forkserver._prepare(recipe)
early = thread_count()
failures = preload(recipe.idle)
import numpy, torch, zmq
print(json.dumps({
    "failures": failures,
    "threads": [early, thread_count()],
    "context": zmq.Context._instance is not None,
    "cuda": torch.cuda.is_initialized(),
    "asked": torch.cuda._cached_device_count,
    "lessons": [m for m in sys.modules if re.match(r"labkit[.](?!execution|kernels)", m)],
    "backend": "matplotlib_inline.backend_inline" in sys.modules,
}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")
def test_a_prepared_server_has_run_nothing():
    done = subprocess.run(
        [sys.executable, "-c", SERVER], capture_output=True, text=True, timeout=200, check=True
    )
    found = json.loads(done.stdout)
    assert done.stderr == "", "everything can be imported where everything is installed"
    assert found["failures"] == []
    assert found["threads"] == [1, 1], "of several threads one alone would be forked"
    assert not found["context"]
    assert not found["cuda"]
    assert found["asked"] is None, "nobody asked for a GPU"
    assert set(found["lessons"]) <= {"labkit._lazy", "labkit.errors"}
    assert not found["backend"]


@pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")
def test_a_child_finds_what_was_written_after_its_server_has_looked(tmp_path):
    (tmp_path / "first.py").write_text("")
    with serving(tmp_path, modules="first") as server:
        for number in range(5):
            (tmp_path / f"second{number}.py").write_text("")
            assert server.run(f"import second{number}; print('found')") == ("found\n", 0)
