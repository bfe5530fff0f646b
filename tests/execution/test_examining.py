import sys

import pytest

from labkit.errors import ForkError
from labkit.execution import examining, probes
from labkit.execution.examining import examine


class Forked:
    """A forked process that says at once what it says when it is ready."""

    def __init__(self, says):
        self.says, self.closed = says, False

    def ready(self, patience):
        return self.says

    def close(self):
        self.closed = True


@pytest.fixture
def found(monkeypatch, write_notebook, tmp_path):
    """Give ``found(**changes)``: topic → finding, where names of the module may be replaced."""
    write_notebook("notebooks/00_start_here.ipynb", "x = 1")
    monkeypatch.chdir(tmp_path)
    answers = {
        probes.TORCH: {"torch": "2.11.0", "torchvision": "0.26.0", "device": "cpu (2 threads)"},
        probes.FONTS: ["Noto Sans CJK SC"],
        probes.DATA: {"root": "data", "named": True, "found": ["mnist"]},
    }

    def look(change=None, **replaced):
        replaced = {
            "_ask_kernel": lambda *_: ["2", repr(sys.prefix)],
            "_forked_kernel": lambda _: Forked({}),
            **replaced,
        }
        for name, value in replaced.items():
            monkeypatch.setattr(examining, name, value)
        monkeypatch.setattr(probes, "answer", {**answers, **(change or {})}.get)
        return {finding.topic: finding for finding in examine()}

    return look


def test_a_healthy_machine(found):
    findings = found()
    assert list(findings) == [
        "python", "versions", "torch", "kernel", "fork server", "fonts", "data", "notebooks", "disk"
    ]  # fmt: skip
    assert {f.level for f in findings.values()} == {"ok"}
    assert "computes on cpu" in findings["torch"].message
    assert "mnist" in findings["data"].message


@pytest.mark.parametrize(
    ("question", "topic", "way_out"),
    [
        (probes.TORCH, "torch", "pytorch.org"),
        (probes.FONTS, "fonts", "matplotlib"),
        (probes.DATA, "data", "scikit-learn"),
    ],
)
def test_what_is_broken_is_a_problem_with_a_way_out(found, question, topic, way_out):
    finding = found({question: "OSError: libfoo.so is missing"})[topic]
    assert finding.level == "problem"
    assert "libfoo.so is missing" in finding.message
    assert way_out in finding.advice


def test_a_missing_chinese_font_is_only_a_note(found):
    assert found({probes.FONTS: []})["fonts"].level == "note"


def test_a_kernel_of_another_python_is_a_problem(found):
    finding = found(_ask_kernel=lambda *_: ["2", "'/somewhere/else'"])["kernel"]
    assert finding.level == "problem"
    assert "/somewhere/else" in finding.message
    assert "ipykernel install" in finding.advice


def test_a_kernel_that_does_not_start_is_a_problem(found):
    def fails(*_):
        raise RuntimeError("Kernel died")

    finding = found(_ask_kernel=fails)["kernel"]
    assert finding.level == "problem"
    assert "Kernel died" in finding.message


def test_without_forks_lessons_run_all_the_same(found):
    def fails(_):
        raise ForkError("fork servers need Linux")

    finding = found(_forked_kernel=fails)["fork server"]
    assert (finding.level, finding.message) == ("note", "fork servers need Linux")
    assert "nothing has to be done" in finding.advice
    process = Forked(None)
    assert found(_forked_kernel=lambda _: process)["fork server"].level == "note"
    assert process.closed


@pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")
def test_a_kernel_is_forked_on_this_machine():
    assert examining._fork_server().level == "ok"


def test_versions_out_of_range_are_named(found, monkeypatch):
    real = examining.metadata.version
    monkeypatch.setattr(
        examining.metadata, "version", lambda name: "1.0" if name == "torch" else real(name)
    )
    finding = found()["versions"]
    assert finding.level == "problem"
    assert "torch 1.0 is not" in finding.message


def test_a_missing_extra_is_a_note(found, monkeypatch):
    real = examining.metadata.version

    def version(name):
        if name == "papermill":
            raise examining.metadata.PackageNotFoundError
        return real(name)

    monkeypatch.setattr(examining.metadata, "version", version)
    finding = found()["versions"]
    assert finding.level == "note"
    assert "papermill" in finding.message
    assert finding.advice == 'pip install "labkit[run]"'


def test_missing_notebooks_are_a_problem(found, tmp_path):
    (tmp_path / "notebooks" / "00_start_here.ipynb").unlink()
    assert found()["notebooks"].level == "problem"


def test_little_room_is_a_note(found):
    finding = found(ROOM=1e9)["disk"]
    assert finding.level == "note"
    assert "make room" in finding.advice


def test_the_doctor_survives_what_nobody_foresaw(found):
    def breaks():
        raise LookupError("surprise")

    finding = found(_disk=breaks)["breaks"]
    assert finding.level == "problem"
    assert "surprise" in finding.message


def test_the_kernel_of_this_machine_answers():
    assert examining._ask_kernel("1 + 1", "'a'") == ["2", "'a'"]
