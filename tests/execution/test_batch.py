import os
import signal
from pathlib import Path

import pytest

from labkit.execution import outcomes
from labkit.execution.batch import Batch
from labkit.execution.jobs import Job
from labkit.execution.outcomes import Failure, Outcome
from labkit.execution.performer import Event, Performer


class Performed(Performer):
    """Answers calls with what the test says, one after the other."""

    def __init__(self, **answers):
        self.answers, self.stopping, self.interrupts = answers, False, 0

    def perform(self, calls):
        for call in calls:
            if self.stopping:
                return
            yield Event(call.key, "begun")
            answer = self.answers[call.key]
            yield answer() if callable(answer) else Event(call.key, *answer)

    def finish(self):
        self.stopping = True

    def interrupt(self):
        self.stopping = True
        self.interrupts += 1


def done(name, status="passed", **more):
    return "done", outcomes.as_data(Outcome(Path(f"{name}.ipynb"), status, **more))


def batch(performer, **options):
    jobs = [Job(Path(f"{name}.ipynb"), name) for name in performer.answers]
    return Batch(jobs, performer, function="a:b", **options)


def test_an_outcome_for_each_job_in_their_order():
    performer = Performed(b=done("b"), a=done("a", seconds=2.0))
    found = batch(performer).run()
    assert [o.name for o in found] == ["b", "a"]
    assert found[1].seconds == 2.0


def test_what_happens_is_heard_and_the_last_is_an_outcome():
    heard = []
    batch(Performed(a=done("a")), heard=heard.append).run()
    assert [event.kind for event in heard] == ["begun", "done"]
    assert isinstance(heard[1].value, Outcome)


def test_after_one_that_did_not_pass_no_other_begins():
    failed = done("a", "failed", failure=Failure("E", "why"))
    found = batch(Performed(a=failed, b=done("b"))).run()
    assert [o.status for o in found] == ["failed", "skipped"]
    assert found[1].reason == "a did not pass; use --keep-going to run the rest"


def test_it_keeps_going_when_told():
    found = batch(Performed(a=done("a", "died"), b=done("b")), keep_going=True).run()
    assert [o.status for o in found] == ["died", "passed"]


def test_one_without_an_answer_is_an_outcome_too():
    lost = ("lost", "Traceback ...\nMemoryError: too much")
    found = batch(Performed(a=lost, b=done("b")), keep_going=True).run()
    assert found[0].status == "died"
    assert found[0].failure.message == "who ran it gave no answer: MemoryError: too much"
    assert found[1].passed


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to a process")
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_stops_what_is_under_way_and_keeps_what_is_done(asked):
    def pressed():
        os.kill(os.getpid(), asked)
        return Event("b", "lost", "killed")

    before = signal.getsignal(asked)
    performer = Performed(a=done("a"), b=pressed, c=done("c"))
    found = batch(performer).run()
    assert [o.status for o in found] == ["passed", "interrupted", "skipped"]
    assert found[2].reason == "the run was interrupted before it"
    assert performer.interrupts == 1
    assert signal.getsignal(asked) is before
