"""pyproject.toml, environment.yml and constraints.txt speak of the same things."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
ON_CONDA_FORGE = {"torch": "pytorch", "matplotlib": "matplotlib-base"}


def parse(lines):
    """Return {name: range of versions}, without references to labkit's own extras."""
    requirements = [Requirement(line) for line in lines]
    return {
        canonicalize_name(r.name): r.specifier for r in requirements if r.name != PROJECT["name"]
    }


LEARNER = parse(PROJECT["dependencies"])
EVERYTHING = LEARNER | {
    name: versions for lines in EXTRAS.values() for name, versions in parse(lines).items()
}
CONSTRAINTS = parse(
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
)


def conda():
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_conda_and_pip_ask_for_the_same():
    asked = parse(line for line in conda()["dependencies"] if isinstance(line, str))
    assert asked.pop("python") == SpecifierSet(PROJECT["requires-python"])
    assert asked.pop("pip") == SpecifierSet("")
    wanted = LEARNER | parse(EXTRAS["run"])
    assert asked == {ON_CONDA_FORGE.get(name, name): spec for name, spec in wanted.items()}


def test_conda_installs_labkit_itself_from_this_folder():
    environment = conda()
    assert environment["name"] == PROJECT["name"]
    assert environment["channels"][0] == "conda-forge"
    assert [line for line in environment["dependencies"] if not isinstance(line, str)] == [
        {"pip": ["-e ."]}
    ]


@pytest.mark.parametrize("name", sorted(EVERYTHING))
def test_every_dependency_has_one_tested_version_in_its_range(name):
    assert name in CONSTRAINTS, f"constraints.txt says nothing about {name}"
    (pin,) = CONSTRAINTS[name]
    assert pin.operator == "=="
    assert Version(pin.version) in EVERYTHING[name]


def test_constraints_are_exact_sorted_and_the_same_on_every_system():
    assert list(CONSTRAINTS) == sorted(CONSTRAINTS)
    for name, specifier in CONSTRAINTS.items():
        (pin,) = specifier
        assert pin.operator == "=="
        assert Version(pin.version).local is None, f"{name} is pinned to one build"
    assert not [name for name in CONSTRAINTS if name.startswith(("nvidia-", "cuda-", "triton"))]
    assert str(CONSTRAINTS["torch"]) == "==2.11.0"
    assert str(CONSTRAINTS["torchvision"]) == "==0.26.0"


def test_every_range_has_a_lower_end():
    for name, specifier in EVERYTHING.items():
        assert any(part.operator == ">=" for part in specifier), f"{name} has no lowest version"


def test_a_learner_gets_no_grading_server_and_no_test_tools():
    heavy = {"nbgrader", "mlflow", "onnxruntime", "dask", "pytest", "ruff", "playwright"}
    assert not heavy & set(LEARNER)


def test_the_supported_pythons_are_those_that_are_tested():
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    tested = workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    prefix = "Programming Language :: Python :: "
    assert tested == [c.removeprefix(prefix) for c in PROJECT["classifiers"] if prefix in c]
    assert PROJECT["requires-python"] == f">={tested[0]}"
