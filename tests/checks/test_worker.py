import threading

import pytest

from labkit.checks.worker import Worker


def test_values_and_errors_come_back():
    with Worker(5.0) as worker:
        assert worker.run(lambda: 3).value == 3
        assert isinstance(worker.run(lambda: 1 // 0).error, ZeroDivisionError)
        assert isinstance(worker.run(exit).error, SystemExit)
        assert worker.run(lambda: 4).value == 4


def test_all_calls_run_in_one_thread_that_ends():
    before = threading.active_count()
    with Worker(5.0) as worker:
        names = {worker.run(lambda: threading.current_thread().name).value for _ in range(3)}
    assert names == {"labkit-check"}
    assert threading.active_count() == before
    assert not worker.left_running


def endless():
    while True:
        pass


def test_no_call_is_made_after_one_that_was_stopped():
    with Worker(0.2) as worker:
        assert worker.run(endless).too_slow
        assert worker.gave_up
        assert worker.run(lambda: 3).too_slow
    assert not worker.left_running


def test_an_error_of_the_caller_ends_the_thread():
    before = threading.active_count()
    with pytest.raises(RuntimeError), Worker(5.0):
        raise RuntimeError
    assert threading.active_count() == before
