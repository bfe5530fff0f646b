"""Folders that cannot be written: nothing is run in vain, and no outcome is lost on the way."""

import json
import shutil
import subprocess

import pytest

BWRAP = ("bwrap", "--dev-bind", "/", "/")


def can_mount():
    if shutil.which("bwrap") is None:
        return False
    return subprocess.run([*BWRAP, "--tmpfs", "/mnt", "true"], capture_output=True).returncode == 0


needs_mounts = pytest.mark.skipif(not can_mount(), reason="needs bwrap, to mount a small disk")

MEGABYTE = "print(('x' * 999 + '\\n') * 1000)"


@pytest.fixture(scope="module")
def bench(bench):
    for name in ("a", "b", "c", "d"):
        bench.write(name, "print('fine')", MEGABYTE)
    return bench


def disk(place, size):
    place.mkdir(exist_ok=True)
    return (*BWRAP, "--size", str(size), "--tmpfs", str(place))


@needs_mounts
def test_a_disk_without_room_is_refused_before_anything_runs(bench):
    place = bench.folder / "small"
    ran = bench.run(out="small", within=disk(place, 400_000))
    assert ran.code == 2
    assert "No space left on device" in ran.err
    assert "nothing was run" in ran.err
    assert "--out" in ran.err
    assert not ran.out


@needs_mounts
def test_a_disk_that_fills_up_costs_files_and_no_outcome(bench):
    place = bench.folder / "filling"
    ran = bench.run(out="filling", within=disk(place, 3_500_000))
    assert ran.code == 4, ran
    for name in ("a", "b", "c", "d"):
        assert f"✓ {name}  passed" in ran.out
    assert "could not be written" in ran.out
    assert "No space left on device" in ran.out


def test_a_report_that_cannot_be_written_where_asked_is_written_elsewhere(bench):
    """A notebook takes the place of the table away while the run is under way."""
    bench.write("thief", "import os\nos.mkdir('../stolen/index.html')")
    ran = bench.run(out="stolen", only=["a", "thief"])
    (bench.notebooks / "thief.ipynb").unlink()
    assert ran.code == 4, ran
    assert "the report could not be written to stolen" in ran.out
    elsewhere = ran.out.rpartition("Report: ")[2].strip().removesuffix("/index.html")
    assert "stolen" not in elsewhere
    with open(f"{elsewhere}/summary.json", encoding="utf-8") as summary:
        names = {n["name"]: n["status"] for n in json.load(summary)["notebooks"]}
    assert names == {"a": "passed", "thief": "passed"}
    assert ran.record("a")["status"] == "passed", "what could be written was"
    shutil.rmtree(elsewhere)


@needs_mounts
def test_a_folder_that_is_read_only_is_refused(bench):
    place = bench.folder / "read_only"
    place.mkdir()
    within = (*BWRAP, "--ro-bind", str(place), str(place))
    ran = bench.run(out="read_only", within=within)
    assert ran.code == 2
    assert "Read-only file system" in ran.err
    ran = bench.run(out="read_only/deeper", within=within)
    assert ran.code == 2


@needs_mounts
def test_notebooks_on_a_disk_that_is_read_only_run(bench):
    within = (*BWRAP, "--ro-bind", str(bench.notebooks), str(bench.notebooks))
    ran = bench.run(out="reports", within=within, only=["a"])
    assert ran.code == 0, ran
    ran.check()


@pytest.mark.parametrize("out", ["taken", "taken/deeper"])
def test_a_file_in_the_folders_place_is_refused_and_kept(bench, out):
    (bench.folder / "taken").write_text("precious")
    ran = bench.run(out=out)
    assert ran.code == 2
    assert "taken" in ran.err
    assert (bench.folder / "taken").read_text() == "precious"


@pytest.mark.parametrize("inner", ["records", "executed", "pages"])
def test_a_file_in_the_place_of_an_inner_folder_is_refused(bench, inner):
    folder = bench.folder / f"with_{inner}"
    folder.mkdir()
    (folder / inner).write_text("precious")
    ran = bench.run(out=folder.name, only=["a"])
    assert ran.code == 2
    assert inner in ran.err
    assert (folder / inner).read_text() == "precious"


def test_nothing_is_left_behind(bench):
    assert not bench.left_behind()
