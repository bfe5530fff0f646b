"""Which wheels `make gpu` needs beside PyTorch, and how those that are missing are fetched.

Only pip and the standard library are needed here.
"""

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name, parse_wheel_filename

__all__ = ["TORCH_STACK", "fetch", "name_of", "pins", "pip", "project", "requirements", "survey"]

ROOT = Path(__file__).parents[1]

# PyTorch and all that it brings to Linux, besides its own CUDA libraries.
TORCH_STACK = {"torch", "torchvision", "numpy", "pillow", "sympy", "networkx", "jinja2", "fsspec"}
TORCH_STACK |= {"filelock", "mpmath", "typing-extensions", "markupsafe", "setuptools"}
# `make gpu` opens no JupyterLab and no browser, checks no style and needs no cluster.
NOT_NEEDED = {"jupyterlab", "playwright", "ruff", "import-linter", "dask", "distributed"}

PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)]
PLATFORMS += [f"manylinux{old}_x86_64" for old in ("2014", "2010", "1")]
TARGET = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "sys_platform": "linux",
}


def project() -> dict:
    """Return the table ``[project]`` of pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements() -> list[Requirement]:
    """Return what `make gpu` imports, PyTorch included, as pyproject.toml asks for it."""
    described = project()
    extras = described["optional-dependencies"]
    asked = map(Requirement, described["dependencies"] + extras["run"] + extras["test"])
    left_out = NOT_NEEDED | {described["name"]}
    return [r for r in asked if canonicalize_name(r.name) not in left_out]


def to_build() -> list[Requirement]:
    """Return what pip needs besides, to install a checkout in place."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return [Requirement(r) for r in (*tomllib.loads(text)["build-system"]["requires"], "editables")]


def pins() -> dict[str, str]:
    """Return package → version, as constraints.txt names them."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def fetch(folder: Path, python: str) -> list[Path]:
    """Return the wheels for one version of Python; only those that are missing are downloaded."""
    folder.mkdir(parents=True, exist_ok=True)
    wheels, missing = survey(folder, python)
    while missing:
        print(f"Python {python}: fetching {len(missing)} packages", flush=True)
        tags = ["--only-binary=:all:", "--python-version", newest(python), "--no-deps"]
        tags += [part for platform in PLATFORMS for part in ("--platform", platform)]
        try:
            pip("download", "--dest", str(folder), *tags, *missing)
        except subprocess.CalledProcessError:
            sys.exit(
                f"make wheelhouse: pip could not fetch {', '.join(missing)}; its reason stands "
                f"above. What has come lies in {folder}: call again when there is a network"
            )
        wheels, missing = survey(folder, python)
    return wheels


def survey(folder: Path, python: str) -> tuple[list[Path], list[str]]:
    """Follow the requirements from wheel to wheel: which are there, and which pins are missing.

    pip itself is not asked: it would judge ``python_version == "3.12"`` by the Python it runs in.
    """
    version, present = pins(), {}
    for wheel in folder.glob("*.whl"):
        name, number, *_ = parse_wheel_filename(wheel.name)
        if version.get(name) == str(number):
            present[name] = wheel
    target = TARGET | {"python_version": python, "python_full_version": newest(python)}
    reached, missing, seen = set(), set(), set()
    waiting = [(r, "") for r in (*requirements(), *to_build())]
    while waiting:
        requirement, asked_by = waiting.pop()
        name = canonicalize_name(requirement.name)
        if name in TORCH_STACK or (name, frozenset(requirement.extras)) in seen:
            continue
        seen.add((name, frozenset(requirement.extras)))
        if name not in version:
            sys.exit(f"make wheelhouse: {asked_by} needs {name}; give it a line in constraints.txt")
        if name not in present:
            missing.add(f"{name}=={version[name]}")
            continue
        reached.add(present[name])
        needs = requirements_of(present[name], target, requirement.extras)
        waiting += [(need, name) for need in needs]
    return sorted(reached), sorted(missing)


def newest(python: str) -> str:
    """Return a release of this Python that no package is too new for: some ask for 3.11.5."""
    return f"{python}.99"


def requirements_of(wheel: Path, target: dict[str, str], extras: set[str]) -> Iterator[Requirement]:
    """Yield what a wheel needs on the target, with the extras that were asked for."""
    with zipfile.ZipFile(wheel) as archive:
        path = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(path).decode("utf-8"))
    for line in headers.get_all("Requires-Dist") or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if not marker or any(marker.evaluate(target | {"extra": e}) for e in ("", *extras)):
            yield requirement


def name_of(wheel: Path) -> str:
    """Return package and version of a wheel."""
    return "-".join(wheel.name.split("-")[:2])


def pip(*arguments: str) -> None:
    """Call the pip of this Python."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments]
    subprocess.run(command, cwd=ROOT, check=True)
