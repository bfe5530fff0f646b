import pytest

from labkit.errors import NotebookError
from labkit.reports.comparison import by_device, compare

from .two_runs import ran, summary


def test_what_is_worse_comes_first():
    old = summary(
        ran("fine"), ran("moved", "passed", ("a", 1.0, 0.5)), ran("lost"), ran("won", "failed")
    )
    new = summary(
        ran("fine"), ran("won"), ran("moved", "passed", ("a", 2.0, 0.5)), ran("lost", "failed")
    )
    found = compare(old, new)
    assert [pair.new.name for pair in found.pairs] == ["lost", "moved", "fine", "won"]
    assert [pair.worse for pair in found.pairs] == [True, False, False, False]
    assert [pair.better for pair in found.pairs] == [False, False, False, True]
    assert found.worse


@pytest.mark.parametrize("status", ["failed", "died", "timeout", "not-run", "skipped", "refused"])
def test_a_notebook_that_no_longer_passes_is_worse(status):
    assert compare(summary(ran("a")), summary(ran("a", status))).worse
    assert not compare(summary(ran("a", status)), summary(ran("a", status))).worse
    assert not compare(summary(ran("a", status)), summary(ran("a"))).worse


@pytest.mark.parametrize(
    ("value", "tolerance", "beyond"),
    [(0.95, 0.02, False), (0.94, 0.02, True), (0.99, 0.02, False), (5.0, None, None)],
)
def test_a_result_is_held_against_the_tolerance_of_the_new_run(value, tolerance, beyond):
    old = summary(ran("a", "passed", ("accuracy", 0.97, 0.5)))
    found = compare(old, summary(ran("a", "passed", ("accuracy", value, tolerance))))
    (change,) = found.pairs[0].changes
    assert (change.before, change.after, change.beyond) == (0.97, value, beyond)
    assert found.worse == bool(beyond)


def test_results_of_one_run_alone_are_named():
    old = summary(ran("a", "passed", ("x", 1.0), ("y", 1.0)))
    new = summary(ran("a", "passed", ("z", 1.0), ("y", 1.0)))
    (pair,) = compare(old, new).pairs
    assert pair.unpaired == (["x"], ["z"])
    assert [change.name for change in pair.changes] == ["y"]


def test_notebooks_of_one_run_alone_are_named_and_not_worse():
    found = compare(summary(ran("a"), ran("gone")), summary(ran("new"), ran("a")))
    assert [o.name for o in found.only_old] == ["gone"]
    assert [o.name for o in found.only_new] == ["new"]
    assert not found.worse


def test_versions_that_differ_are_those_of_the_kernels():
    old = ran("a", versions={"torch": "2.10", "numpy": "2.3", "old": "1"})
    new = ran("a", versions={"torch": "2.11", "numpy": "2.3"})
    found = compare(summary(old, versions={"torch": "0"}), summary(new, versions={"torch": "0"}))
    assert found.versions == {"torch": ("2.10", "2.11"), "old": ("1", "")}
    told = compare(
        summary(ran("a"), versions={"torch": "1"}), summary(ran("a"), versions={"torch": "2"})
    )
    assert told.versions == {"torch": ("1", "2")}


def test_parameters_that_differ_are_told_and_the_device_is_not():
    old, new = ran("a", parameters={"device": "cpu"}), ran("a", parameters={"seed": 7})
    assert compare(summary(old), summary(new)).pairs[0].parameters == {"seed": (None, 7)}


def test_a_run_is_known_by_its_beginning_machine_and_devices():
    old = summary(
        ran("a", started="2025-01-01T00:00:00+00:00", resumed=True),
        ran("b", started="2025-01-03T00:00:00+00:00", device="cpu"),
        ran("c", started="2025-01-02T00:00:00+00:00", device="GPU"),
        machine={"host": "build-7"},
    )
    side = compare(old, summary(ran("a"))).old
    assert side.started == "2025-01-02T00:00:00+00:00"
    assert side.machine == "build-7"
    assert list(side.devices) == ["GPU", "cpu"]


def on(device, name, *results):
    return ran(f"{name}--device-{device}", "passed", *results, parameters={"device": device})


def test_two_devices_of_one_run_are_compared_with_the_cpu_first():
    run = summary(
        on("cuda", "a", ("x", 2.0)), on("cuda", "b"), on("cpu", "a", ("x", 1.0)), on("cpu", "b")
    )
    found = by_device(run)
    assert (found.old.label, found.new.label) == ("cpu", "cuda")
    assert [(p.old.name, p.new.name) for p in found.pairs] == [
        ("a--device-cpu", "a--device-cuda"),
        ("b--device-cpu", "b--device-cuda"),
    ]
    (change,) = found.pairs[0].changes
    assert (change.before, change.after) == (1.0, 2.0)


@pytest.mark.parametrize("devices", [[], ["cpu"], ["cpu", "cuda", "mps"]])
def test_any_other_number_of_devices_is_no_comparison(devices):
    assert by_device(summary(ran("a"), *(on(device, "a") for device in devices))) is None


@pytest.mark.parametrize("data", [{}, {"notebooks": [{}]}, {"notebooks": [1]}, {"notebooks": 1}])
def test_what_is_no_summary_is_refused(data):
    with pytest.raises(NotebookError, match="labkit run has written"):
        compare(summary(ran("a")), data)
