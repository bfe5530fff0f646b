"""Can lessons run on this machine? One finding for each thing they need, with a way out."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from labkit.errors import ForkError, NotebookError
from labkit.execution import probes
from labkit.execution.finding import find, lessons_folder
from labkit.kernels import forked

__all__ = ["Finding", "examine"]

KERNEL = "python3"
"""The kernel that lessons name."""

ROOM = 2.0
"""Gigabytes of free disk below which a note is made."""


@dataclass(frozen=True)
class Finding:
    """One thing that lessons need.

    Parameters
    ----------
    topic
        What was looked at.
    level
        ``ok``; ``note``, lessons run all the same; ``problem``, a lesson could not run.
    message
        What was found.
    advice
        The way out.
    """

    topic: str
    level: Literal["ok", "note", "problem"]
    message: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything lessons need, several things at once, and yield findings in order."""
    looks = [_python, _versions, _torch, _kernel, _fork_server, _fonts, _data, _notebooks, _disk]
    with ThreadPoolExecutor(len(looks)) as pool:
        yield from pool.map(_careful, looks)


def _careful(look: Callable[[], Finding]) -> Finding:
    """Turn what nobody foresaw into a finding: the doctor has to survive every patient."""
    try:
        return look()
    except Exception as error:
        message = f"could not be examined: {type(error).__name__}: {error}"
        return Finding(
            look.__name__.strip("_"), "problem", message, "report this as a bug of labkit"
        )


def _python() -> Finding:
    told = f"{platform.python_version()} on {platform.platform(terse=True)}, {sys.executable}"
    return Finding("python", "ok", told)


def _versions() -> Finding:
    """Compare what is installed with the ranges that labkit asks for."""
    from packaging.requirements import Requirement

    asked = [Requirement(text) for text in metadata.requires("labkit") or []]
    needed = [r for r in asked if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong = [text for r in needed if (text := _mismatch(r.name, r.specifier))]
    if wrong:
        again = "in labkit's folder: python -m pip install -c constraints.txt -e ."
        return Finding("versions", "problem", "; ".join(wrong), again)
    optional = [r for r in asked if r not in needed and r.marker.evaluate({"extra": "run"})]
    if missing := [r.name for r in optional if _mismatch(r.name, r.specifier)]:
        told = f"to run notebooks from the command line you also need {', '.join(missing)}"
        return Finding("versions", "note", told, 'pip install "labkit[run]"')
    return Finding("versions", "ok", f"{len(needed)} packages within their supported ranges")


def _mismatch(name: str, specifier: Any) -> str:
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is not installed"
    # A local build such as 2.11.0+cu130 and a pre-release count as what they precede.
    fits = specifier.contains(installed, prereleases=True)
    return "" if fits else f"{name} {installed} is not {specifier}"


def _torch() -> Finding:
    found = probes.answer(probes.TORCH)
    if isinstance(found, str):
        advice = "install it again as pytorch.org/get-started says for this machine"
        return Finding("torch", "problem", f"does not work: {found}", advice)
    told = "{torch}, torchvision {torchvision}; computes on {device}".format(**found)
    return Finding("torch", "ok", told)


def _kernel() -> Finding:
    """Start the kernel that lessons name, and have it add two numbers."""
    install = f'"{sys.executable}" -m ipykernel install --sys-prefix'
    try:
        answer, prefix = _ask_kernel("1 + 1", "__import__('sys').prefix")
    except Exception as error:
        told = f"the kernel {KERNEL!r} does not answer: {type(error).__name__}: {error}"
        return Finding("kernel", "problem", told, install)
    if answer != "2":
        return Finding("kernel", "problem", f"1 + 1 gave {answer}", install)
    if prefix != repr(sys.prefix):
        told = (
            f"the kernel {KERNEL!r} runs another Python, in {prefix}: labkit may be missing there"
        )
        return Finding("kernel", "problem", told, install)
    return Finding("kernel", "ok", f"{KERNEL!r} answers, with this Python")


def _ask_kernel(*expressions: str) -> list[str]:
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name=KERNEL, stderr=subprocess.DEVNULL)
    try:
        asked = {str(i): text for i, text in enumerate(expressions)}
        reply = client.execute("", user_expressions=asked, reply=True, timeout=probes.PATIENCE)
        answers = reply["content"]["user_expressions"]
        return [answers[key]["data"]["text/plain"] for key in asked]
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _fork_server() -> Finding:
    """Have a kernel forked. Where that does not work, kernels start all the same, only later."""
    topic, slower = "fork server", "nothing has to be done: kernels start, some seconds later"
    with tempfile.TemporaryDirectory() as folder:
        try:
            process = _forked_kernel(Path(folder, "kernel.json"))
        except (ForkError, OSError) as error:
            return Finding(topic, "note", str(error), slower)
        ready = process.ready(probes.PATIENCE)
        process.close()
    if ready is None:
        return Finding(topic, "note", "a forked kernel does not start", slower)
    return Finding(topic, "ok", "kernels start at once, with PyTorch imported")


def _forked_kernel(connection_file: Path) -> forked.Forked:
    with open(os.devnull, "r+b") as null:
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), null.fileno())
        request = {"argv": ["-f", str(connection_file)]}
        return forked.fork("kernel", request, **streams, env=os.environ, cwd=Path.cwd())


def _fonts() -> Finding:
    found = probes.answer(probes.FONTS)
    if isinstance(found, str):
        told = f"matplotlib does not find its own font: {found}"
        return Finding("fonts", "problem", told, "pip install --force-reinstall matplotlib")
    if not found:
        told = "no Chinese font: figures are complete, only Chinese words in them would be boxes"
        return Finding("fonts", "note", told, "install Noto Sans CJK if you want them")
    return Finding("fonts", "ok", f"matplotlib's own, and {found[0]} for Chinese")


def _data() -> Finding:
    found = probes.answer(probes.DATA)
    if isinstance(found, str):
        told = f"scikit-learn's digits and photos do not load: {found}"
        return Finding("data", "problem", told, "pip install --force-reinstall scikit-learn")
    sets = ", ".join(found["found"]) or "no other sets yet"
    advice = "" if found["named"] else "LABKIT_DATA may name another folder for data sets"
    return Finding("data", "ok", f"digits and photos load; in {found['root']}: {sets}", advice)


def _notebooks() -> Finding:
    try:
        folder = lessons_folder()
        count = len(find([folder]))
    except NotebookError as error:
        return Finding("notebooks", "problem", str(error), "clone the repository, and work in it")
    return Finding("notebooks", "ok", f"{count} in {folder.resolve()}")


def _disk() -> Finding:
    here = Path.cwd()
    free = shutil.disk_usage(here).free / 1e9
    try:
        with tempfile.TemporaryFile(dir=here):
            pass
    except OSError as error:
        told = f"{here} cannot be written to ({error.strerror})"
        return Finding("disk", "problem", told, "work in a folder of your own")
    level = "note" if free < ROOM else "ok"
    advice = f"make room: data sets and checkpoints want {ROOM:g} GB" if free < ROOM else ""
    return Finding("disk", level, f"{free:.1f} GB free, {here} can be written to", advice)
