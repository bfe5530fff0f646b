"""A job done on another machine: what it needs goes there, and what came of it comes back.

The machine need not share a folder with the one that wants the job done. What travels is laid out
there in a folder of its own just as it lies here, so that ``../data/x.csv`` is where it was, and
whatever the notebook wrote among it is put here where a run on this machine would have left it.
"""

import html
import json
import os
import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labkit.cluster.belongings import belongings
from labkit.cluster.parcel import MOST, Parcel, files_in, link, pack, unpack
from labkit.execution import jobs
from labkit.execution.performer import Call

__all__ = ["Errand", "Returned", "deliver", "errand", "run_errand"]

TEXTS = (".html", ".ipynb")
"""Endings of what a report holds; there, folders of the other machine get the names from here."""

Perform = Callable[[str, Mapping[str, Any]], Any]
"""Takes a function as ``module:function`` and its arguments; returns what it returns."""


@dataclass(frozen=True)
class Errand:
    """A call whose job can be done anywhere.

    Parameters
    ----------
    function, arguments
        Of the call: a ``job``, the ``folder`` of the report, and the ``places`` of its pages.
    root
        The folder around the notebook and what it names.
    folder
        Of the report, absolute.
    notebook
        Path of the notebook from ``root``.
    output
        Path of the executed notebook from ``folder``; it goes nowhere when ``None``.
    parcel
        The files, from ``root``.
    elsewhere
        Files that the notebook names by absolute paths.
    """

    function: str
    arguments: Mapping[str, Any]
    root: str
    folder: str
    notebook: str
    output: str | None
    parcel: Parcel
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True)
class Returned:
    """What comes back from an errand.

    Parameters
    ----------
    outcome
        Of the job, as plain data, with the paths of the one who wanted it done.
    report
        The executed notebook and its page, from the folder of the report.
    written
        The files that the notebook wrote, from the folder around it.
    """

    outcome: dict[str, Any]
    report: Parcel
    written: Parcel


def errand(call: Call, most: int = MOST) -> Errand:
    """Return a call of ``labkit.cli.performing:perform`` with all that it needs elsewhere."""
    job = jobs.from_data(call.arguments["job"])
    needs, folder = belongings(job), os.path.abspath(call.arguments["folder"])
    packed = pack(needs.root, {*needs.files} - {needs.notebook}, most)
    itself = pack(needs.root, [needs.notebook], most=2**63)  # whatever its size
    return Errand(
        function=call.function,
        arguments=call.arguments,
        root=str(needs.root),
        folder=folder,
        notebook=needs.notebook.relative_to(needs.root).as_posix(),
        output=job.output and Path(os.path.relpath(job.output, folder)).as_posix(),
        parcel=Parcel(
            {**packed.files, **itself.files}, {**packed.modes, **itself.modes}, packed.left_out
        ),
        elsewhere=needs.elsewhere,
    )


def run_errand(errand: Errand, scratch: Path, perform: Perform, most: int = MOST) -> Returned:
    """Do a job in an empty folder of this machine.

    Parameters
    ----------
    errand
        What is to be done.
    scratch
        The folder, absolute and without links.
    perform
        Calls the function.
    most
        Bytes of files that the notebook wrote which go back.
    """
    here, report = scratch / "files", scratch / "report"
    unpack(errand.parcel, here)
    (here / errand.notebook).parent.mkdir(parents=True, exist_ok=True)
    notes = _missing(errand, link(errand.parcel, Path(errand.root), here))
    before = files_in(here)
    outcome = perform(errand.function, _arguments_here(errand, here, report))
    written = [path for path, state in files_in(here).items() if before.get(path) != state]
    names = {str(report): errand.folder, str(here): errand.root}
    return Returned(
        _outcome_there(outcome, errand, names, notes),
        _renamed(pack(report, files_in(report), most=2**63), names),
        pack(here, written, most),
    )


def deliver(result: Returned, errand: Errand) -> dict[str, Any]:
    """Put what came back where a run on this machine would have left it; return the outcome."""
    outcome = dict(result.outcome)
    notes = list(outcome["notes"])
    # By name, so that the page is the newer one of a notebook and its page.
    for name, part in [*_singly(result.report), *_singly(result.written)]:
        place = Path(errand.folder if name in result.report.files else errand.root)
        if place == Path(errand.root) and name.endswith(".ipynb") and (place / name).exists():
            notes.append(f"{name} was written, and did not take the place of the one that is here")
            continue
        try:
            unpack(part, place)
        except OSError as error:
            notes.append(f"{name} could not be written: {error.strerror}")
    notes += [
        f"{name} ({size / 1e6:.3g} MB) stayed on {outcome['host']}: too large to be sent"
        for name, size in result.written.left_out.items()
    ]
    if outcome["output"] is not None and not Path(outcome["output"]).exists():
        outcome["output"] = None
    return {**outcome, "notes": notes}


def _singly(parcel: Parcel) -> list[tuple[str, Parcel]]:
    return [
        (name, Parcel({name: content}, parcel.modes))
        for name, content in sorted(parcel.files.items())
    ]


def _missing(errand: Errand, left_out: list[str]) -> list[str]:
    """Say what the notebook names and this machine does not have."""
    machine = platform.node()
    return [
        f"{name} ({errand.parcel.left_out[name] / 1e6:.3g} MB) was too large to be sent to "
        f"{machine}, which does not share it"
        for name in left_out
    ] + [
        f"{name} is not on {machine}: only what has a relative path is sent"
        for name in errand.elsewhere
        if not os.path.exists(name)
    ]


def _arguments_here(errand: Errand, here: Path, report: Path) -> dict[str, Any]:
    """Return the arguments of a call with the paths of this machine."""
    job = jobs.from_data(errand.arguments["job"])
    output = errand.output and report / errand.output
    moved = replace(job, path=here / errand.notebook, output=output)
    folder = Path(errand.root, errand.notebook).parent
    places = {
        os.path.normpath(moved.path.parent / os.path.relpath(path, folder)): page
        for path, page in errand.arguments.get("places", {}).items()
        if os.path.splitdrive(path)[0] == folder.drive
    }
    changed = {"job": jobs.as_data(moved), "folder": str(report), "places": places}
    return {**errand.arguments, **changed}


def _outcome_there(
    outcome: Mapping[str, Any], errand: Errand, names: Mapping[str, str], notes: list[str]
) -> dict[str, Any]:
    text = json.dumps(outcome, ensure_ascii=False)
    told = json.loads(_with_names(text, names))
    job = jobs.from_data(errand.arguments["job"])
    return {
        **told,
        "path": job.path.as_posix(),
        "output": job.output.as_posix() if outcome["output"] and job.output else None,
        "notes": [*told["notes"], *notes],
        "host": told["host"] or platform.node(),
    }


def _renamed(report: Parcel, names: Mapping[str, str]) -> Parcel:
    files = {
        name: _with_names(content.decode("utf-8"), names).encode("utf-8")
        if name.endswith(TEXTS)
        else content
        for name, content in report.files.items()
    }
    return replace(report, files=files)


def _with_names(text: str, names: Mapping[str, str]) -> str:
    """Return a text with the names of some folders replaced, as JSON and HTML write them too."""
    for name, there in names.items():
        for written in (str, _as_json, html.escape):
            text = text.replace(written(name), written(there).rstrip("/"))
    return text


def _as_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]
