"""benchmarks/gpu.py turns the summary of `make gpu` into figures to keep; here one is made up."""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def gpu(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    for name in ("measure", "gpu"):
        spec = spec_from_file_location(name, BENCHMARKS / f"{name}.py")
        module = module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
    return module


def run(lesson, device, seconds, **others):
    usual = {"status": "passed", "peak_memory": 500_000_000, "gpu_memory": None}
    if device != "cpu":
        usual["gpu_memory"] = 71_400_000
    path = f"notebooks/{lesson}.ipynb"
    made = {"path": path, "name": f"{lesson}--device-{device}", "device": device}
    return {**made, "seconds": seconds, **usual, **others}


@pytest.fixture
def summary():
    notebooks = [
        run("02_convolution", "cpu", 6.0),
        run("02_convolution", "NVIDIA H200", 1.5),
        run("05_attention", "cpu", 9.0),
        run("05_attention", "NVIDIA H200", 3.0),
        run("05_attention", "NVIDIA H200", 2.0),
        run("05_attention", "NVIDIA H200", 40.0),
    ]
    machine = {"host": "a-name-nobody-needs", "processor": "EPYC", "cores": 16}
    return {"machine": machine, "versions": {"torch": "2.10.0"}, "notebooks": notebooks}


def test_each_lesson_has_its_time_on_both_the_median_of_several(gpu, summary):
    found = gpu.figures(summary)
    assert found["gpu"] == "NVIDIA H200"
    assert found["lessons"] == {
        "02_convolution": {
            "cpu": {"seconds": 6.0, "peak_memory_mb": 500.0},
            "gpu": {"seconds": 1.5, "peak_memory_mb": 500.0, "gpu_memory_mb": 71.4},
        },
        "05_attention": {
            "cpu": {"seconds": 9.0, "peak_memory_mb": 500.0},
            "gpu": {"seconds": 3.0, "peak_memory_mb": 500.0, "gpu_memory_mb": 71.4},
        },
    }
    assert gpu.rows(found["lessons"])[0] == ["02_convolution", "6.0", "1.5", "4.0", "71"]


def test_versions_are_kept_and_the_name_of_the_machine_is_not(gpu, summary):
    found = gpu.figures(summary)
    assert found["versions"] == {"torch": "2.10.0"}
    assert found["machine"] == {"processor": "EPYC", "cores": 16}


def test_the_file_carries_the_name_of_the_gpu(gpu, summary, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.modules["measure"], "RESULTS", tmp_path)
    report = tmp_path / "summary.json"
    report.write_text(json.dumps(summary), encoding="utf-8")
    assert gpu.main([str(report)]) == 0
    kept = json.loads((tmp_path / "lessons-nvidia-h200.json").read_text(encoding="utf-8"))
    assert kept == gpu.figures(summary)
    assert "| 05_attention" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"device": "cpu"}, "got none; call make gpu"),
        ({"device": "NVIDIA A10"}, "got NVIDIA A10, NVIDIA H200"),
        ({"status": "failed"}, "did not pass: 02_convolution--device-NVIDIA H200"),
    ],
)
def test_a_run_that_says_nothing_about_one_gpu_is_not_kept(gpu, summary, change, said):
    summary["notebooks"][1] |= change
    if change == {"device": "cpu"}:
        summary["notebooks"] = summary["notebooks"][:2]
    with pytest.raises(ValueError, match=said):
        gpu.figures(summary)


def test_without_a_report_it_says_what_writes_one(gpu, tmp_path, capsys):
    assert gpu.main([str(tmp_path / "summary.json")]) == 0
    assert "make gpu writes it" in capsys.readouterr().out
