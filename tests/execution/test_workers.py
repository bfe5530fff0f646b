import json
import os
import subprocess
import sys
import threading
import time

import pytest

from labkit.execution.performer import Call
from labkit.execution.workers import Worker, WorkerError, Workers
from labkit.kernels import forked

from ..waiting import is_alive, soon, written

SQUARE = "tests_of_workers:square"
MODULE = """
import os, time

def square(number, tell):
    tell("squaring")
    return {"square": number * number, "process": os.getpid()}

def broken(tell):
    raise ValueError("no such thing")

def prints(tell):
    print("not an answer")
    os.system("echo not an answer either")
    return 1

def dies(tell):
    os._exit(7)

def sleeps(note, tell):
    try:
        open(note, "w").write(str(os.getpid()))
        time.sleep(60)
    except KeyboardInterrupt:
        return "woken"
"""


@pytest.fixture(params=["forked", "started"])
def environment(request, tmp_path, monkeypatch):
    """Let workers import a module of this test's own; once forked, once as ordinary processes."""
    if request.param == "started":
        monkeypatch.setattr(forked, "why_not", lambda: "for this test")
    elif why := forked.why_not():
        pytest.skip(why)
    (tmp_path / "tests_of_workers.py").write_text(MODULE)
    made = {**os.environ, "PYTHONPATH": str(tmp_path)}
    yield made
    forked.stop("worker", made)  # nobody else has this path


def perform(environment, *calls, count=1):
    workers = Workers(count, environment)
    return list(workers.perform([Call(i, *call) for i, call in enumerate(calls)]))


def test_what_is_called_answers(environment):
    events = perform(environment, (SQUARE, {"number": 3}), (SQUARE, {"number": 4}))
    kinds = [(e.key, e.kind) for e in events]
    assert kinds == [(i, k) for i in (0, 1) for k in ("begun", "told", "done")]
    assert [e.value["square"] for e in events if e.kind == "done"] == [9, 16]
    assert events[1].value == "squaring"
    assert len({e.value["process"] for e in events if e.kind == "done"}) == 1, "one worker did both"
    assert events[2].value["process"] != os.getpid()


def test_nothing_to_do_is_done_at_once(environment):
    assert perform(environment) == []
    assert perform(environment, count=0) == []


def test_several_work_at_once(environment):
    calls = [("tests_of_workers:square", {"number": n}) for n in range(6)]
    done = [e for e in perform(environment, *calls, count=2) if e.kind == "done"]
    assert sorted(e.value["square"] for e in done) == [n * n for n in range(6)]


def test_one_that_raises_or_dies_does_not_hurt_the_next(environment):
    calls = [
        ("tests_of_workers:broken", {}),
        ("tests_of_workers:dies", {}),
        (SQUARE, {"number": 2}),
    ]
    events = [e for e in perform(environment, *calls) if e.kind in ("done", "lost")]
    assert [e.kind for e in events] == ["lost", "lost", "done"]
    assert "ValueError: no such thing" in events[0].value
    assert "ended with code 7" in events[1].value


def test_what_is_printed_is_no_answer(environment, capfd):
    events = perform(environment, ("tests_of_workers:prints", {}))
    assert [e.value for e in events if e.kind == "done"] == [1]


def test_interrupted_it_still_answers_and_no_other_begins(environment, tmp_path):
    workers = Workers(1, environment)
    note = tmp_path / "note"
    calls = [Call("a", "tests_of_workers:sleeps", {"note": str(note)}), Call("b", SQUARE, {})]
    heard = []
    for event in workers.perform(calls):
        heard.append((event.key, event.kind, event.value))
        if event.kind == "begun":
            written(note, 30)
            workers.interrupt()
    assert heard == [("a", "begun", None), ("a", "done", "woken")]


def test_who_hears_of_an_end_can_keep_the_next_from_beginning(environment):
    for _ in range(5):
        workers = Workers(1, environment)
        heard = []
        for event in workers.perform([Call(n, SQUARE, {"number": n}) for n in range(3)]):
            heard.append((event.key, event.kind))
            if event.kind == "done":
                time.sleep(0.02)  # in which the next could begin
                workers.finish()
        assert heard == [(0, "begun"), (0, "told"), (0, "done")]


def test_an_interrupt_may_come_in_the_middle_of_another(environment):
    workers = Workers(1, environment)

    class Impatient:
        def interrupt(self):
            workers.interrupt()

        def kill(self):
            killed.append(self)

    killed = []
    workers._working.add(Impatient())
    workers.interrupt()
    assert len(killed) == 1


def test_a_worker_ends_with_the_one_that_called_it(environment, tmp_path):
    note = tmp_path / "note"
    script = f"""
from labkit.kernels import forked
from labkit.execution.workers import Worker
import os
if {forked.why_not()!r}:
    forked.why_not = lambda: "for this test"
list(Worker(os.environ).call("tests_of_workers:sleeps", {{"note": {str(note)!r}}}))
"""
    with subprocess.Popen([sys.executable, "-c", script], env=environment) as caller:
        worker = int(written(note, 30))
        caller.kill()
    soon(lambda: not is_alive(worker), 10)


def test_a_worker_that_is_closed_is_gone(environment):
    worker = Worker(environment)
    answers = dict(worker.call(SQUARE, {"number": 5}))
    worker.close()
    assert not is_alive(answers["done"]["process"])
    with pytest.raises((WorkerError, ValueError)):
        list(worker.call(SQUARE, {"number": 5}))


def test_calls_travel_as_json(environment):
    event = perform(environment, (SQUARE, {"number": 1.5}))[-1]
    assert json.loads(json.dumps(event.value))["square"] == 2.25


def test_an_interrupt_may_be_interrupted_anywhere():
    """Ctrl-C pressed again and again comes while the one before is being seen to."""
    workers, heard = Workers(1, {}), []

    def again(frame, event, argument):
        sys.settrace(None)
        workers.interrupt()
        workers.finish()
        heard.append(event)
        sys.settrace(again)
        return again

    def interrupt():
        sys.settrace(again)
        workers.interrupt()
        workers.finish()
        sys.settrace(None)
        heard.append("the end")

    thread = threading.Thread(target=interrupt, daemon=True)
    thread.start()
    thread.join(20)
    assert heard[-1] == "the end"
    assert len(heard) > 5
