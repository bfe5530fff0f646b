"""What `make gpu` needs on a host that has PyTorch but no network, as one file.

    python .ci/wheelhouse.py build 3.12 3.13    # where there is a network
    python .ci/wheelhouse.py install [BUNDLE]   # on the host, by the Python of .venv

A bundle holds this checkout and, in its folder wheelhouse/, a wheel of each package at the version
that constraints.txt names. PyTorch and what it brings are left to the host, in whatever version it
has them. It runs before anything is installed.
"""

import argparse
import io
import lzma
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from pip._vendor.packaging.specifiers import SpecifierSet
from wheels import TORCH_STACK, fetch, name_of, pins, pip, project, requirements

__all__ = ["build", "install", "main"]

ROOT = Path(__file__).parents[1]
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
MOST = 60_000_000  # bytes
WHEELS = "wheelhouse"
MADE_FOR = "python.txt"

# Programs for x86 become a tenth smaller when their jumps are written as addresses.
STRONGEST = [
    {"id": lzma.FILTER_X86},
    {"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME},
]


def main(arguments: list[str] | None = None) -> None:
    """Build bundles or install from one, as the command line asks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="write dist/labkit-wheelhouse-….tar.xz")
    building.add_argument("pythons", nargs="*", default=[HERE], metavar="PYTHON")
    installing = commands.add_parser("install", help="install labkit beside the host's PyTorch")
    installing.add_argument("bundle", nargs="?", type=Path)
    options = parser.parse_args(arguments)
    if options.command == "install":
        install(options.bundle)
    else:
        for python in options.pythons:
            build(python, ROOT / "dist")


def build(python: str, out: Path) -> Path:
    """Fetch what is missing and write the bundle for one version of Python, such as "3.12"."""
    allowed = project()["requires-python"]
    if not python.startswith("3.") or not SpecifierSet(allowed).contains(f"{python}.0"):
        sys.exit(f"make wheelhouse: labkit needs Python {allowed}, got {python!r}; try FOR=3.12")
    wheels = fetch(out / f"wheels-{tag(python)}", python)
    bundle = out / bundle_name(python)
    pack(bundle, wheels, python)
    size = bundle.stat().st_size
    if size > MOST:
        largest = sorted(wheels, key=lambda wheel: -wheel.stat().st_size)[:5]
        bundle.unlink()
        sys.exit(
            f"make wheelhouse: expected at most {MOST / 1e6:.0f} MB, got {size / 1e6:.1f} MB; "
            f"see whether one of the largest can go: {', '.join(map(name_of, largest))}"
        )
    print(f"{bundle}: {size / 1e6:.1f} MB, {len(wheels)} packages for Python {python}")
    return bundle


def install(bundle: Path | None) -> None:
    """Install labkit, from a bundle where there is one, else from the package index."""
    advice = "see whether the network can be reached"
    try:
        if find_spec("torch") and find_spec("torchvision"):
            bundle = bundle or lying_ready()
            if bundle is not None:
                advice = f"a bundle fits the checkout it was made from: make wheelhouse FOR={HERE}"
            with unpacked(bundle) as wheels:
                beside_torch(wheels)
        elif bundle is None:
            pip("install", "-c", "constraints.txt", "-e", ".[test]")
        else:
            sys.exit(
                f"make gpu: {bundle} leaves PyTorch to the host, and this Python has no torch and "
                "torchvision; name the one that has them: make gpu PYTHON=/path/to/python"
            )
    except subprocess.CalledProcessError:
        sys.exit(f"make gpu: pip could not install all of it, for the reason above; {advice}")


def beside_torch(wheels: Path | None) -> None:
    """Install what is needed besides PyTorch, which stays as it is, and this checkout in place."""
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder, "constraints.txt")
        lines = (f"{n}=={v}\n" for n, v in pins().items() if n not in TORCH_STACK)
        constraints.write_text("".join(lines), encoding="utf-8")
        source = [] if wheels is None else ["--no-index", "--find-links", str(wheels)]
        pip("install", *source, "-c", str(constraints), *map(str, requirements()))
        pip("install", *source, "--no-deps", "-e", ".")


def pack(bundle: Path, wheels: list[Path], python: str) -> None:
    """Write the checkout and the wheels into one archive, whole or not at all."""
    partial = bundle.with_suffix(".partial")
    with (
        lzma.open(partial, "wb", filters=STRONGEST) as packed,
        tarfile.open(fileobj=packed, mode="w|") as archive,
    ):
        for path in tracked():
            archive.add(ROOT / path, f"labkit/{path}")
        _add(archive, MADE_FOR, f"{python}\n".encode())
        for number, wheel in enumerate(wheels, 1):
            print(f"packing {number} of {len(wheels)}: {name_of(wheel)}", flush=True)
            _add(archive, wheel.name, stored(wheel))
    os.replace(partial, bundle)


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(f"labkit/{WHEELS}/{name}")
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def tracked() -> list[str]:
    """Return the files of the checkout that git knows."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listing.returncode:
        sys.exit("make wheelhouse: expected a git checkout, whose files go into the bundle")
    return [path for path in listing.stdout.split("\0") if path and (ROOT / path).is_file()]


def stored(wheel: Path) -> bytes:
    """Return the same wheel without compression of its own: xz makes more of it then."""
    plain = io.BytesIO()
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(plain, "w") as new:
        for member in old.infolist():
            copy = zipfile.ZipInfo(member.filename, member.date_time)
            copy.external_attr = member.external_attr
            new.writestr(copy, old.read(member))
    return plain.getvalue()


@contextmanager
def unpacked(bundle: Path | None) -> Iterator[Path | None]:
    """Give the folder of wheels of a bundle: the file itself, or what it was unpacked to."""
    if bundle is None or bundle.is_dir():
        yield checked(bundle)
        return
    with tempfile.TemporaryDirectory() as folder, tarfile.open(bundle) as archive:
        for member in archive:
            if member.isfile() and member.name.startswith(f"labkit/{WHEELS}/"):
                content = archive.extractfile(member).read()
                Path(folder, Path(member.name).name).write_bytes(content)
        yield checked(Path(folder))


def checked(wheels: Path | None) -> Path | None:
    """Return the folder, if it was made for this Python."""
    if wheels is not None:
        made_for = (wheels / MADE_FOR).read_text(encoding="utf-8").strip()
        if made_for != HERE:
            sys.exit(
                f"make gpu: the bundle is for Python {made_for}, this is {HERE}; "
                f"make another one, where there is a network: make wheelhouse FOR={HERE}"
            )
    return wheels


def lying_ready() -> Path | None:
    """Return the bundle that this checkout was unpacked from or made, if any."""
    places = [ROOT / WHEELS, ROOT / "dist" / bundle_name(HERE)]
    return next((place for place in places if place.exists()), None)


def bundle_name(python: str) -> str:
    """Return the file name of the bundle for one version of Python."""
    return f"labkit-wheelhouse-{tag(python)}-linux_x86_64.tar.xz"


def tag(python: str) -> str:
    """Return "cp312" for "3.12"."""
    return "cp" + python.replace(".", "")


if __name__ == "__main__":
    main()
