"""The Makefile, .ci/run and the workflows: each calls only what exists, and stops when it should.

The Makefile is tried with a stand-in for Python that writes down what it is asked to do.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, flags=re.M))
WORKFLOWS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in (ROOT / ".github/workflows").glob("*.yml")
}
BENCHMARKS = sorted(set((ROOT / "benchmarks").glob("*.py")) - {ROOT / "benchmarks/measure.py"})
TOOLS = ("sh", "awk", "cp", "basename", "mkdir", "rm", "touch")

needs_make = pytest.mark.skipif(
    os.name == "nt" or not shutil.which("make"), reason="no make on this machine"
)

PYTHON = """#!/bin/sh
name=$(basename "$0")
echo "$name $*" >> log
case "$*" in
    *find_spec*) [ -e "$name-has-torch" ] ;;
    *version_info*) [ ! -e "$name-is-old" ] ;;
    *ensurepip*) [ ! -e "$name-is-lame" ] ;;
    "-m venv"*) rm -rf .venv; mkdir -p .venv/bin
        for script in python pip labkit; do cp "$0" .venv/bin/$script; done ;;
    --version) [ ! -e moved ] ;;
    *"pip install"*) [ ! -e no-network ] ;;
    *sysconfig*) echo .venv ;;
    *sys.path*) echo /the/packages/of/$name ;;
    *torch.cuda*) echo 2.10.0; [ -e has-gpu ] ;;
    *"-m gpu"*) [ ! -e gpu-tests-fail ] ;;
    *--nbval*) [ ! -e nbval-fails ] ;;
    "run "*) [ ! -e lessons-fail ] ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """Give ``make(...)`` on a machine that has the stand-in as ``python3`` and little else."""
    tools, checkout = tmp_path / "bin", tmp_path / "a folder"
    tools.mkdir()
    checkout.mkdir()
    for tool in TOOLS:
        (tools / tool).symlink_to(shutil.which(tool))
    (tools / "python3").write_text(PYTHON)
    (tools / "python3").chmod(0o755)
    for file in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, checkout)

    def make(*arguments):
        """Return the exit code, what was said, and which commands were called."""
        (checkout / "log").write_text("")
        answer = subprocess.run(
            [shutil.which("make"), *arguments],
            cwd=checkout,
            env={"PATH": str(tools)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        called = (checkout / "log").read_text().splitlines()
        return answer.returncode, answer.stdout + answer.stderr, called

    make.checkout, make.tools = checkout, tools
    return make


def installs(called):
    return [line for line in called if "pip install" in line]


@needs_make
def test_help_is_the_default_and_lists_every_command(machine):
    code, said, called = machine()
    assert code == 0
    assert called == []
    commands = {"help", "lab", "test", "run", "refresh", "bench", "gpu", "wheelhouse", "clean"}
    assert commands == TARGETS
    for target in TARGETS:
        assert re.search(rf"^  {target} +\w", said, flags=re.M)


@needs_make
def test_the_first_start_installs_and_the_second_does_not(machine):
    code, _, called = machine("lab", "ARGS=--no-browser")
    assert code == 0
    (install,) = installs(called)
    assert "-c constraints.txt" in install
    assert install.endswith("-e ."), "a learner gets no extras"
    assert called[-1] == "labkit lab --no-browser"

    code, _, called = machine("lab")
    assert code == 0
    assert called == ["pip --version", "labkit lab"]


@needs_make
def test_the_tests_bring_what_the_other_commands_need(machine):
    _, _, called = machine("test")
    (install,) = installs(called)
    assert install.endswith("-e .[test]")
    assert "-m pytest --nbval tests notebooks labkit" in called[-1]
    for target in ("lab", "run", "refresh"):
        _, _, called = machine(target)
        assert installs(called) == []
        assert called[-1].startswith(f"labkit {target}")
    _, _, called = machine("gpu")
    assert not any("wheelhouse" in line for line in called)


@needs_make
@pytest.mark.parametrize("file", ["pyproject.toml", "constraints.txt"])
def test_other_requirements_are_installed_anew(machine, file):
    machine("run")
    later = (machine.checkout / ".venv/.has-run").stat().st_mtime + 10
    os.utime(machine.checkout / file, (later, later))
    _, _, called = machine("run")
    assert len(installs(called)) == 1
    assert not any("venv" in line.split() for line in called), "the folder is kept"


@needs_make
@pytest.mark.parametrize("target", ["lab", "run", "test"])
def test_an_installation_that_broke_off_is_begun_again(machine, target):
    (machine.checkout / "no-network").touch()
    code, _, called = machine(target)
    assert code != 0
    assert "pip install" in called[-1], "nothing is started after it"
    (machine.checkout / "no-network").unlink()
    code, _, called = machine(target)
    assert code == 0
    assert len(installs(called)) == 1


@needs_make
def test_a_venv_that_was_moved_is_made_anew(machine):
    machine("lab")
    (machine.checkout / "moved").touch()
    _, _, called = machine("lab")
    assert any("-m venv --clear .venv" in line for line in called)
    assert len(installs(called)) == 1


@needs_make
def test_no_python_that_is_new_enough(machine):
    (machine.checkout / "python3-is-old").touch()
    code, said, called = machine("lab")
    assert code != 0
    assert "needs Python 3.11 or newer" in said
    assert "PYTHON=" in said
    assert installs(called) == []
    assert not (machine.checkout / ".venv").exists()


@needs_make
def test_a_python_that_cannot_make_environments(machine):
    (machine.checkout / "python3-is-lame").touch()
    code, said, _ = machine("lab")
    assert code != 0
    assert "python3 cannot make virtual environments" in said
    assert "apt install python3-venv" in said
    assert not (machine.checkout / ".venv").exists()


@needs_make
def test_a_python_that_is_named_comes_first(machine):
    shutil.copy(machine.tools / "python3", machine.checkout / "mine")
    _, _, called = machine("lab", "PYTHON=./mine")
    assert any(line.startswith("mine -m venv") for line in called)


@needs_make
def test_a_check_that_fails_fails_the_command(machine):
    machine("test")
    script = machine.checkout / ".venv/bin/python"
    script.write_text("#!/bin/sh\nexit 1\n")
    code, _, _ = machine("test")
    assert code != 0


@pytest.fixture
def gpu_host(machine):
    """Give ``make(...)`` where ``python3`` has PyTorch and there is a GPU."""
    (machine.checkout / "python3-has-torch").touch()
    (machine.checkout / "has-gpu").touch()
    return machine


def checks(called):
    """Return the commands that check something, each without what stands before it."""
    return [line for line in called if "-m pytest" in line or line.startswith("labkit ")]


@needs_make
def test_on_a_gpu_host_its_own_torch_is_used(gpu_host):
    code, said, called = gpu_host("gpu")
    assert code == 0, said
    assert ".venv uses the PyTorch of python3." in said
    assert "python3 -m venv --clear --system-site-packages .venv" in called
    assert (gpu_host.checkout / ".venv/host.pth").read_text() == "/the/packages/of/python3\n"
    assert "python .ci/wheelhouse.py install" in called
    _, _, called = gpu_host("gpu")
    assert not any("install" in line or "venv" in line.split() for line in called)


@needs_make
def test_on_a_gpu_everything_is_checked_on_both_devices(gpu_host):
    code, _, called = gpu_host("gpu", "ARGS=--workers 4", "OUT=a report")
    assert code == 0
    tests, stored, lessons = checks(called)
    assert "-m gpu tests --junit-xml=a report/junit-gpu-tests.xml" in tests
    assert "--nbval notebooks --nbval-kernel-name labkit" in stored
    assert "--nbval-sanitize-with=tests/nbval_sanitize_gpu.cfg" in stored
    assert "--junit-xml=a report/junit-nbval.xml" in stored
    assert lessons == (
        "labkit run --device cpu --device cuda --keep-going --out a report --workers 4"
    )


@needs_make
@pytest.mark.parametrize("failing", ["gpu-tests-fail", "nbval-fails", "lessons-fail"])
def test_on_a_gpu_a_failure_is_told_after_all_is_done(gpu_host, failing):
    (gpu_host.checkout / failing).touch()
    code, said, called = gpu_host("gpu")
    assert code != 0
    assert len(checks(called)) == 3
    assert f"make gpu: did not pass: {failing.rpartition('-')[0]}\n" in said


@needs_make
def test_where_no_gpu_is_nothing_passes_for_having_run_on_one(gpu_host):
    (gpu_host.checkout / "has-gpu").unlink()
    code, said, called = gpu_host("gpu")
    assert code != 0
    assert "PyTorch 2.10.0 sees no CUDA device on this machine" in said
    assert "GPU=optional" in said
    assert checks(called) == []

    code, said, called = gpu_host("gpu", "GPU=optional")
    assert code == 0
    assert "No GPU: PyTorch 2.10.0 sees none here" in said
    assert checks(called)[-1] == "labkit run --device cpu --keep-going --out reports"


@needs_make
def test_a_python_without_torch_is_passed_over_unless_it_is_named(machine):
    shutil.copy(machine.tools / "python3", machine.tools / "python")
    (machine.checkout / "python-has-torch").touch()
    _, said, called = machine("gpu", "GPU=optional")
    assert "uses the PyTorch of python." in said
    shutil.rmtree(machine.checkout / ".venv")
    _, said, called = machine("gpu", "GPU=optional", "PYTHON=python3")
    assert "uses the PyTorch" not in said
    assert "python3 -m venv --clear .venv" in called


@needs_make
def test_a_venv_without_torch_gives_way_to_one_that_sees_it(gpu_host):
    gpu_host("wheelhouse")
    _, said, called = gpu_host("gpu")
    assert ".venv uses the PyTorch of python3." in said
    assert "python3 -m venv --clear --system-site-packages .venv" in called


@needs_make
def test_a_bundle_may_lie_anywhere(gpu_host):
    _, _, called = gpu_host("gpu", "WHEELHOUSE=/a place/bundle.tar.xz")
    assert "python .ci/wheelhouse.py install /a place/bundle.tar.xz" in called


@needs_make
def test_a_bundle_needs_no_installation_and_names_its_pythons(machine):
    code, _, called = machine("wheelhouse", "FOR=3.12 3.13")
    assert code == 0
    assert installs(called) == []
    assert called[-1] == "python .ci/wheelhouse.py build 3.12 3.13"


def ci(tmp_path, outcome):
    """Call a copy of .ci/run where ``make`` and every tool it looks for is a stand-in."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci/run", tmp_path / ".ci/run")
    tools = tmp_path / "bin"
    tools.mkdir()
    scripts = {
        "make": f'echo "called: $* $LABKIT_REQUIRE_BROWSER"\n{outcome}',
        "sudo": 'echo "sudo $*"',
        "apt-get": 'echo "apt-get $*"',
        "chromium": "exit 0",
        "bwrap": "exit 0",
        "find": "echo font.ttf",
        "python3": "exit 0",
    }
    for name, script in scripts.items():
        (tools / name).write_text(f"#!/bin/sh\n{script}\n")
        (tools / name).chmod(0o755)
    answer = subprocess.run(
        [shutil.which("bash"), ".ci/run"],
        cwd=tmp_path,
        env=os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    return answer.returncode, answer.stdout.splitlines()


@needs_make
@pytest.mark.parametrize(
    ("outcome", "code", "last"),
    [
        ("echo '=== 3 passed in 1.0s ==='", 0, "=== 3 passed in 1.0s ==="),
        (
            "echo '=== 1 failed, 2 passed in 1.0s ==='; echo 'make: *** Error 1'; exit 2",
            2,
            "=== 1 failed, 2 passed in 1.0s ===",
        ),
        ("echo 'no network'; exit 2", 2, "0 passed, 1 failed"),
    ],
)
def test_ci_ends_with_the_closing_line_and_the_exit_code(tmp_path, outcome, code, last):
    found, lines = ci(tmp_path, outcome)
    assert (found, lines[-1]) == (code, last)
    assert "called: test 1" in lines, "make test, and a browser is required"
    assert not any("apt-get" in line for line in lines), "nothing is missing here"


@needs_make
def test_ci_fails_when_nothing_was_tested_at_all(tmp_path):
    code, lines = ci(tmp_path, "exit 0")
    assert code != 0
    assert lines[-1] == "0 passed, 1 failed"


def steps(workflow):
    for job in WORKFLOWS[workflow]["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflows_call_what_exists(workflow):
    commands = " ".join(step.get("run", "") for step in steps(workflow))
    called = re.findall(r"\bmake (\w+)", commands)
    assert called
    assert set(called) <= TARGETS


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_workflows_ask_for_little_and_leave_a_report(workflow):
    described = WORKFLOWS[workflow]
    assert described["permissions"] == {"contents": "read"}
    assert described["concurrency"]["group"]
    assert all(job["timeout-minutes"] <= 60 for job in described["jobs"].values())
    uploads = [s for s in steps(workflow) if s.get("uses", "").startswith("actions/upload-")]
    assert uploads[0]["with"]["path"] == "reports"
    assert any("GITHUB_STEP_SUMMARY" in step.get("run", "") for step in steps(workflow))


def test_the_matrix_covers_three_systems_and_three_pythons():
    strategy = WORKFLOWS["tests"]["jobs"]["test"]["strategy"]
    assert strategy["matrix"] == {
        "os": ["ubuntu-latest", "macos-latest", "windows-latest"],
        "python": ["3.11", "3.12", "3.13"],
    }
    assert strategy["fail-fast"] is False


def test_windows_runs_what_make_test_runs():
    on_windows = [s["run"] for s in steps("tests") if s.get("if") == "runner.os == 'Windows'"]
    install, test = (command.removeprefix("python ") for command in on_windows)
    commands = " ".join(MAKEFILE.replace("\\\n", " ").replace("$(WORKERS)", "2").split())
    assert test in commands
    assert install == '-m pip install -c constraints.txt -e ".[test]"'
    assert '$(install) ".[test]"' in commands


def test_the_gpu_job_runs_on_a_machine_of_ones_own():
    job = WORKFLOWS["gpu"]["jobs"]["gpu"]
    assert job["runs-on"] == ["self-hosted", "gpu"]
    commands = [step.get("run", "") for step in steps("gpu")]
    assert 'make gpu WHEELHOUSE="$LABKIT_WHEELHOUSE"' in commands


def test_bundles_are_made_for_every_python_that_is_tested():
    job = WORKFLOWS["tests"]["jobs"]["wheelhouse"]
    pythons = WORKFLOWS["tests"]["jobs"]["test"]["strategy"]["matrix"]["python"]
    made = [step["run"] for step in job["steps"] if "make wheelhouse" in step.get("run", "")]
    assert made == [f'make wheelhouse PYTHON=python FOR="{" ".join(pythons)}"']


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda path: path.stem)
def test_every_benchmark_starts_and_says_what_it_is(benchmark):
    answer = subprocess.run(
        [sys.executable, benchmark, "--help"], capture_output=True, text=True, timeout=120
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith(f"usage: {benchmark.name}")
