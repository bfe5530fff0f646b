"""What a kernel finds on this machine, told cheaply: nothing is imported and no process started."""

import os
import platform
import re
import sys
from functools import cache
from pathlib import Path

from labkit.execution import digests

__all__ = ["parts"]

NAMED = frozenset({"ipykernel", "matplotlib", "numpy", "scikit_learn", "torch", "torchvision"})
"""Packages whose version is told by itself, so that a change of it can be said in words."""

VARIABLES = re.compile(
    "LABKIT_.*|PYTHON(PATH|HASHSEED|OPTIMIZE)|CUDA_VISIBLE_DEVICES|CUBLAS_WORKSPACE_CONFIG"
    "|NVIDIA_TF32_OVERRIDE|TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"
)
"""Environment variables that may change a result; how many threads compute it should not."""

NVIDIA = Path("/proc/driver/nvidia")


def parts() -> dict[str, str]:
    """Return what the outcome of a notebook may depend on besides the notebook, part by part."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{sys.platform}-{platform.machine()}",
        **_packages(tuple(sys.path)),
        **_variables(),
        **_gpus(),
    }


@cache
def _packages(folders: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of named packages, and one digest of all others."""
    installed = {entry for folder in folders for entry in _distributions(folder)}
    versions = dict(entry.partition("-")[::2] for entry in sorted(installed))
    named = {name: version for name, version in versions.items() if name in NAMED}
    others = [f"{n}-{v}" for n, v in versions.items() if n not in NAMED and n != "labkit"]
    return {**named, "packages": digests.of_bytes("\n".join(others).encode())}


def _distributions(folder: str) -> list[str]:
    try:
        names = os.listdir(folder or ".")
    except OSError:
        return []
    found = (re.fullmatch(r"([^-]+-[^-]+)(-.*)?\.(dist|egg)-info", name) for name in names)
    return [match[1] for match in found if match]


def _variables() -> dict[str, str]:
    named = {name: value for name, value in os.environ.items() if VARIABLES.fullmatch(name)}
    # A digest, since a value may be a secret and fingerprints are published.
    return {
        f"variable {name}": digests.of_bytes(os.fsencode(named[name])) for name in sorted(named)
    }


@cache
def _gpus() -> dict[str, str]:
    """Return the models and the driver; only NVIDIA's driver for Linux tells them in files."""
    try:
        driver = (NVIDIA / "version").read_text().partition("\n")[0]
        cards = sorted(NVIDIA.glob("gpus/*/information"))
        models = [re.search(r"Model:\s*(.+)", card.read_text()) for card in cards]
    except OSError:
        return {}
    version = re.search(r"\d+(\.\d+)+", driver)
    told = [match[1].strip() for match in models if match]
    return {"gpu": ", ".join([*told, f"driver {version[0] if version else driver}"])}
