import os
import threading
import time

import pytest

from labkit.cluster import warm_workers
from labkit.cluster.warm_workers import WarmWorkers
from labkit.execution.workers import Worker


class Process(Worker):
    """Stands for a worker process."""

    def __init__(self, environment):
        self.environment, self.closed = environment, threading.Event()

    def close(self):
        self.closed.set()


@pytest.fixture(autouse=True)
def no_processes(monkeypatch):
    monkeypatch.setattr(warm_workers, "Worker", Process)


def test_one_that_was_given_back_is_taken_again():
    warm = WarmWorkers()
    first = warm.take({"A": "1"})
    warm.give_back(first, {"A": "1"})
    assert warm.take({"A": "1"}) is first
    assert warm.take({"A": "1"}) is not first, "it belongs to who took it"


def test_another_environment_has_another_worker():
    warm = WarmWorkers()
    first = warm.take({"A": "1"})
    warm.give_back(first, {"A": "1"})
    second = warm.take({"A": "2"})
    assert second is not first
    assert second.environment == {"A": "2"}


def test_one_that_nobody_takes_ends():
    warm = WarmWorkers(idle=0.05)
    first = warm.take(os.environ)
    warm.give_back(first, os.environ)
    assert first.closed.wait(10)
    assert warm.take(os.environ) is not first


def test_each_wait_is_a_whole_one():
    warm = WarmWorkers(idle=1.0)
    first = warm.take({})
    warm.give_back(first, {})
    assert warm.take({}) is first
    time.sleep(0.6)
    warm.give_back(first, {})
    assert not first.closed.wait(0.7)


def test_one_that_was_taken_does_not_end():
    warm = WarmWorkers(idle=0.2)
    first = warm.take({})
    warm.give_back(first, {})
    assert warm.take({}) is first
    assert not first.closed.wait(0.5)
