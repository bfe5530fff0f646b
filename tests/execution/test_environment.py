import sys

import pytest

from labkit.execution import environment


def test_threads_times_workers_stay_within_the_cores(monkeypatch):
    monkeypatch.setattr(environment, "cores", lambda: 8)
    given = {n: environment.shared_by(n, {})["OMP_NUM_THREADS"] for n in (1, 2, 3, 16)}
    assert given == {1: "8", 2: "4", 3: "2", 16: "1"}


def test_what_the_user_set_stays():
    own = {"OMP_NUM_THREADS": "5", "HOME": "here"}
    shared = environment.shared_by(2, own)
    assert shared["OMP_NUM_THREADS"] == "5"
    assert shared["HOME"] == "here"


@pytest.mark.parametrize(("cores", "workers"), [(1, 1), (2, 1), (4, 2), (16, 4)])
def test_by_default_half_of_the_cores_work(monkeypatch, cores, workers):
    monkeypatch.setattr(environment, "cores", lambda: cores)
    assert environment.default_workers() == workers


@pytest.mark.skipif(sys.platform != "linux", reason="reads what only Linux has")
def test_a_container_has_the_memory_that_it_was_given(monkeypatch, tmp_path):
    whole = environment.memory()
    assert whole > 100e6
    (tmp_path / "max").write_text("max\n")
    (tmp_path / "limit").write_text("1000000\n")
    unlimited = (str(tmp_path / "max"), str(tmp_path / "none"))
    monkeypatch.setattr(environment, "CGROUP_LIMITS", unlimited)
    assert environment.memory() >= whole
    monkeypatch.setattr(environment, "CGROUP_LIMITS", (str(tmp_path / "limit"),))
    assert environment.memory() == 1_000_000
    assert environment.shared_by(1, {})["LABKIT_MEMORY_LIMIT"] == "900000"
