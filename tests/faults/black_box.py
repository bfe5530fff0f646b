"""`labkit run` as its users see it: what it prints, its exit code, its report, its processes."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from functools import cached_property
from html import escape
from pathlib import Path
from xml.etree import ElementTree

import jsonschema

from labkit.kernels import fork_protocol
from labkit.kernels.server_address import FOLDER

from ..waiting import soon

SCHEMA = Path(__file__).parents[2] / "labkit/reports/summary.schema.json"
LONGEST = 100
"""Seconds that one run of a test may take before it counts as stuck."""


class Ran:
    """A run that has ended.

    Parameters
    ----------
    code, out, err
        Its exit code and what it printed.
    report
        Its folder.
    """

    def __init__(self, code, out, err, report):
        self.code, self.out, self.err, self.report = code, out, err, Path(report)

    def __repr__(self):
        return f"exit code {self.code}\n{self.out}\n{self.err}"

    @cached_property
    def summary(self):
        data = json.loads((self.report / "summary.json").read_text(encoding="utf-8"))
        jsonschema.validate(data, json.loads(SCHEMA.read_text(encoding="utf-8")))
        return data

    @property
    def notebooks(self):
        return {notebook["name"]: notebook for notebook in self.summary["notebooks"]}

    @property
    def statuses(self):
        return {name: notebook["status"] for name, notebook in self.notebooks.items()}

    def failure(self, name):
        return self.notebooks[name]["failure"]

    def executed(self, name):
        return json.loads((self.report / "executed" / f"{name}.ipynb").read_text(encoding="utf-8"))

    def printed(self, name):
        outputs = [o for cell in self.executed(name)["cells"] for o in cell.get("outputs", [])]
        return "".join("".join(o.get("text", "")) for o in outputs)

    def record(self, name):
        return json.loads((self.report / "records" / f"{name}.json").read_text(encoding="utf-8"))

    def check(self):
        """Check that the report is whole and says the same everywhere."""
        index = (self.report / "index.html").read_text(encoding="utf-8").replace("<wbr>", "")
        cases = ElementTree.parse(self.report / "junit.xml").getroot()
        broken = [n for n, s in self.statuses.items() if s not in ("passed", "skipped")]
        told = {suite.get("name") for suite in cases.iter("testsuite") if _is_broken(suite)}
        assert told == set(broken), "junit.xml names those that did not pass"
        for name, notebook in self.notebooks.items():
            assert escape(name.rpartition("/")[2]) in index
            if notebook["status"] != "skipped":
                assert self.record(name)["status"] == notebook["status"]
            if notebook["output"] is not None:
                assert (self.report / "pages" / f"{name}.html").stat().st_size > 1000
                assert self.executed(name)["nbformat"] == 4
        for name in set(broken) & set(self.notebooks):
            assert f"✗ {name}" in self.out
        return self


class Bench:
    """A folder with notebooks, and the command that runs them with fork servers of its own.

    Parameters
    ----------
    folder
        An empty folder.
    runtime
        The folder of the fork servers; every process that a run leads to is known by it.
    """

    def __init__(self, folder, runtime):
        self.folder, self.runtime = folder, runtime
        # Within a test, ipykernel does not catch what C libraries and other processes print.
        usual = {name: v for name, v in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        self.environment = {**usual, FOLDER: str(runtime)}
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir(exist_ok=True)

    def write(self, name, *cells):
        """Write a notebook of code cells that has not run; return its path."""
        code = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
        made = [{**code, "id": f"cell-{i}", "source": source} for i, source in enumerate(cells)]
        content = {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
        path = self.notebooks / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        return path

    def start(self, *options, out="reports", only=None, within=(), **more):
        """Start a run of all notebooks, or only of some."""
        paths = [self.notebooks] if only is None else [self.notebooks / f"{n}.ipynb" for n in only]
        command = [*within, sys.executable, "-m", "labkit", "run", *map(str, paths)]
        return subprocess.Popen(
            [*command, "--out", str(out), *map(str, options)],
            cwd=self.folder,
            env=self.environment | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def end(self, process, out="reports"):
        """Wait for a run that was started; return what came of it."""
        try:
            said, complained = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return Ran(process.returncode, said, complained, self.folder / out)

    def run(self, *options, out="reports", **more):
        """Run notebooks to the end; return what came of it."""
        process = self.start("--keep-going", *options, out=out, **more)
        return self.end(process, out)

    def left_behind(self):
        """Return number → command line of what runs have left, after a moment to end."""
        with suppress(AssertionError):
            soon(lambda: not self.processes(), 10)
        return self.processes()

    def processes(self):
        """Return number → command line of all that descends from runs here, servers left out."""
        servers = {server["server"] for server in self.servers()}
        return {pid: what for pid, what in self._marked() if pid not in servers}

    def servers(self):
        """Return what the fork servers of runs here say of themselves."""
        return [told for path in self.runtime.iterdir() if (told := _talk(path, "status"))]

    def _marked(self):
        mark = f"{FOLDER}={self.runtime}".encode()
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (place / "environ").read_bytes().split(b"\0"):
                    command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    yield int(place.name), command


def stop_servers(runtime):
    """Stop the fork servers of a folder; their children end with whoever asked for them."""
    for path in runtime.iterdir():
        _talk(path, "stop")


def _talk(path, word):
    with suppress(OSError, EOFError), fork_protocol.connect(path) as connection:
        connection.settimeout(30)
        fork_protocol.ask(connection, word)
        return fork_protocol.answers(connection)[0]
    return None


def _is_broken(suite):
    return int(suite.get("failures", 0)) + int(suite.get("errors", 0)) > 0
