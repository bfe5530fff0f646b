import json
from pathlib import Path

from labkit.execution import outcomes
from labkit.execution.outcomes import CheckVerdict, Failure, Outcome
from labkit.results import Result

FULL = Outcome(
    path=Path("我的 课/02_convolution.ipynb"),
    status="failed",
    output=Path("reports/executed/02_convolution--run-2.ipynb"),
    seconds=1.25,
    cell_seconds={1: 0.5, 10: 0.25},
    failure=Failure("ValueError", "too large", "Traceback\n…", 10),
    parameters={"device": "cpu", "sizes": [1, 2]},
    reason="a reason",
    name="02_convolution--run-2",
    repetition=2,
    started="2024-05-01T12:00:00+00:00",
    kernel="forked",
    device="NVIDIA H200",
    peak_memory=300 * 2**20,
    gpu_memory=1,
    versions={"python": "3.11.9"},
    results=(Result("accuracy", 0.97, tolerance=0.02), Result("one step", 12.35, "ms")),
    checks=(CheckVerdict("conv2d", False, "kernel is flipped", 7),),
    warnings=("cell 3: UserWarning: old",),
    notes=("cell 4: 198 MB of its output were left out",),
    fingerprint="notebook:ab12",
    resumed=True,
    host="node-1",
)


def test_the_slowest_cell():
    outcome = Outcome(Path("n.ipynb"), "passed", cell_seconds={1: 0.5, 4: 2.0, 6: 1.0})
    assert outcome.slowest == (4, 2.0)
    assert Outcome(Path("n.ipynb"), "refused").slowest is None


def test_only_passed_is_passed():
    states = ["failed", "timeout", "died", "not-run", "refused", "interrupted", "skipped"]
    assert Outcome(Path("n.ipynb"), "passed").passed
    assert not any(Outcome(Path("n.ipynb"), state).passed for state in states)


def test_a_failure_says_where_and_what():
    assert str(Failure("ValueError", "too large", cell=3)) == "cell 3: ValueError: too large"
    assert str(Failure("KeyboardInterrupt", "")) == "KeyboardInterrupt"


def test_an_outcome_survives_json():
    for outcome in (FULL, Outcome(Path("a.ipynb"), "refused")):
        assert outcomes.from_data(json.loads(json.dumps(outcomes.as_data(outcome)))) == outcome


def test_every_field_takes_part_in_that():
    plain = Outcome(Path("a.ipynb"), "passed")
    same = [name for name, value in vars(plain).items() if vars(FULL)[name] == value]
    assert not same, f"give these fields of FULL a value of their own: {same}"


def test_times_are_written_to_a_tenth_of_a_millisecond():
    outcome = Outcome(Path("a.ipynb"), "passed", seconds=1 / 3, cell_seconds={0: 2 / 3})
    data = outcomes.as_data(outcome)
    assert (data["seconds"], data["cell_seconds"]) == (0.3333, {"0": 0.6667})


def test_an_outcome_of_a_newer_labkit_is_understood():
    data = outcomes.as_data(FULL) | {"colour": "red"}
    for part in (data["failure"], *data["results"], *data["checks"]):
        part["colour"] = "red"
    assert outcomes.from_data(data) == FULL


def test_an_outcome_without_a_name_has_that_of_its_file():
    assert Outcome(Path("more/02_convolution.ipynb"), "passed").name == "02_convolution"
