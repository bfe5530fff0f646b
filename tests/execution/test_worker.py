import json
import os
import signal
import subprocess
import sys

import pytest

from ..waiting import soon

MODULE = """
import os, time

def add(a, b, tell):
    tell("adding")
    return {"sum": a + b, "process": os.getpid()}

def broken(tell):
    raise ValueError("no such thing")

def leaves(tell):
    raise SystemExit(3)

def prints(tell):
    print("not an answer")
    os.system("echo not an answer either")
    return "printed"

def unanswerable(tell):
    return object

def sleeps(note, tell):
    open(note, "w").close()
    time.sleep(60)
"""


@pytest.fixture
def worker(tmp_path):
    """Give a worker as a process of its own, which can import a module of these tests."""
    (tmp_path / "tests_of_a_worker.py").write_text(MODULE)
    with subprocess.Popen(
        [sys.executable, "-m", "labkit.execution.worker"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def ask(worker, function, **arguments):
    """Have a worker call a function; return its last answer, and what it told before."""
    call = {"function": f"tests_of_a_worker:{function}", "arguments": arguments}
    print(json.dumps(call), file=worker.stdin, flush=True)
    told = []
    for line in worker.stdout:
        answer = json.loads(line)
        if "told" not in answer:
            return answer, told
        told.append(answer["told"])
    return None, told


def test_it_calls_functions_one_after_the_other(worker):
    for number in range(3):
        answer, told = ask(worker, "add", a=number, b=2)
        assert answer == {"done": {"sum": number + 2, "process": worker.pid}}
        assert told == ["adding"]


def test_what_a_function_raises_is_an_answer(worker):
    answer, _ = ask(worker, "broken")
    assert answer["error"] == "ValueError: no such thing"
    assert "in broken" in answer["traceback"]
    assert ask(worker, "leaves")[0]["error"] == "SystemExit: 3"
    assert ask(worker, "add", a=1, b=1)[0]["done"]["sum"] == 2, "and it lives on"


def test_a_function_or_a_module_that_is_not_there_is_an_answer(worker):
    assert "AttributeError" in ask(worker, "missing")[0]["error"]
    assert "TypeError" in ask(worker, "add", c=1)[0]["error"]


def test_what_is_printed_is_no_answer(worker):
    assert ask(worker, "prints")[0] == {"done": "printed"}
    worker.stdin.close()
    assert worker.wait(30) == 0
    said = worker.stderr.read()
    assert "not an answer\n" in said
    assert "not an answer either\n" in said


def test_what_json_has_no_form_for_becomes_text(worker):
    assert ask(worker, "unanswerable")[0] == {"done": str(object)}


def test_it_ends_with_its_input(worker):
    ask(worker, "add", a=1, b=1)
    worker.stdin.close()
    assert worker.wait(30) == 0


def test_it_ends_with_its_input_in_the_middle_of_a_call(worker, tmp_path):
    call = {"function": "tests_of_a_worker:sleeps", "arguments": {"note": str(tmp_path / "note")}}
    print(json.dumps(call), file=worker.stdin, flush=True)
    soon((tmp_path / "note").exists)
    worker.stdin.close()
    assert worker.wait(30) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to a process")
def test_an_interrupt_stops_the_call_and_not_the_worker(worker, tmp_path):
    call = {"function": "tests_of_a_worker:sleeps", "arguments": {"note": str(tmp_path / "note")}}
    print(json.dumps(call), file=worker.stdin, flush=True)
    soon((tmp_path / "note").exists)
    worker.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in json.loads(worker.stdout.readline())["error"]
    assert ask(worker, "add", a=1, b=1)[0]["done"]["sum"] == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT to send to a process")
def test_an_idle_worker_that_is_interrupted_ends(worker):
    ask(worker, "add", a=1, b=1)

    def interrupted():  # more than once: the first may still meet the end of the call
        worker.send_signal(signal.SIGINT)
        return worker.poll() is not None

    soon(interrupted)
