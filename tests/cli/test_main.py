import subprocess
import sys
import time

import pytest

from labkit.cli import main as main_module
from labkit.cli.main import main

COMMANDS = ["lab", "doctor", "run", "compare", "export", "refresh"]


def timed(*arguments):
    """Return the shortest of five runs of this Python, in seconds."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True, timeout=60)
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]])
def test_help_answers_at_once(arguments):
    bare = timed("-c", "pass")
    assert timed("-m", "labkit", *arguments) - bare <= 0.15


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_documents_the_exit_codes(capsys, arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0
    said = capsys.readouterr().out
    for code in ("0 ", "1 ", "2 ", "130 "):
        assert f"\n  {code}" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "COMMAND"),
        (["dance"], "invalid choice"),
        (["run", "--timeout", "0"], "whole number above 0"),
        (["run", "--timeout", "soon"], "whole number above 0"),
        (["run", "-p", "seed"], "expected 2 arguments"),
        (["run", "--device", "tpu"], "invalid choice"),
        (["export"], "notebook"),
        (["compare", "old"], "NEW"),
    ],
)
def test_bad_usage_is_2(capsys, arguments, words):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert words in capsys.readouterr().err


def test_an_error_of_labkit_is_one_line_not_a_traceback(capsys):
    assert main(["run", "no such folder"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("labkit run: ")
    assert "no such folder does not exist" in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(("module", "extra"), [("papermill", "run"), ("distributed", "dask")])
def test_a_missing_extra_names_the_command_that_installs_it(capsys, monkeypatch, module, extra):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {module!r}", name=module)

    monkeypatch.setattr(main_module, "import_module", missing)
    assert main(["run"]) == 2
    said = capsys.readouterr().err
    assert f'{module}, which is not installed; pip install "labkit[{extra}]"' in said


def test_another_missing_module_is_a_bug_and_stays_visible(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("No module named 'labkit.typo'", name="labkit.typo")

    monkeypatch.setattr(main_module, "import_module", missing)
    with pytest.raises(ModuleNotFoundError):
        main(["run"])


def test_ctrl_c_is_130(monkeypatch):
    def interrupted(name):
        raise KeyboardInterrupt

    monkeypatch.setattr(main_module, "import_module", interrupted)
    assert main(["doctor"]) == 130


def test_the_tooling_never_loads_torch():
    code = (
        "import sys; from importlib import import_module\n"
        "for name in ('run', 'refresh', 'export', 'doctor', 'lab'):\n"
        "    import_module(f'labkit.cli.{name}')\n"
        "print(*{'torch', 'matplotlib', 'labkit.ops'} & set(sys.modules))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.split() == []
