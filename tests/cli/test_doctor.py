import pytest

from labkit.cli import doctor
from labkit.cli.main import main
from labkit.execution.examining import Finding

FINE = Finding("torch", "ok", "2.11.0")
NOTE = Finding("fonts", "note", "no Chinese font", "install one")
PROBLEM = Finding("kernel", "problem", "does not answer", "install it again")


@pytest.mark.parametrize(
    ("findings", "code", "last"),
    [
        ([FINE], 0, "Lessons can run here."),
        ([FINE, NOTE], 0, "Lessons can run here."),
        ([FINE, PROBLEM], 1, "1 problem"),
        ([PROBLEM, NOTE, PROBLEM], 1, "2 problems"),
    ],
)
def test_only_problems_fail(findings, code, last, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda: iter(findings))
    assert main(["doctor"]) == code
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == last
    for finding in findings:
        assert any(finding.message in line for line in lines)
        assert any(finding.advice in line for line in lines)
