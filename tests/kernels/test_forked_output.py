from contextlib import suppress
from queue import Empty

import pytest

from labkit.kernels import forked

from ..waiting import soon
from .starting import started

pytestmark = pytest.mark.skipif(bool(forked.why_not()), reason=forked.why_not() or "forked")


@pytest.fixture(scope="module")
def kernel():
    with started() as kernel:
        assert kernel.provisioner.forked
        yield kernel


def test_what_another_process_prints_belongs_to_the_cell_that_started_it(kernel):
    for number in range(30):
        assert kernel.run(f"import os; _ = os.system('echo {number}')") == f"{number}\n"


def test_a_cell_does_not_end_before_its_pipe_is_read(kernel):
    slow = "import os, sys, threading\ntaking = sys.stdout._taking\n_ = taking.acquire()\n"
    slow += "threading.Timer(0.3, taking.release).start()\n_ = os.write(1, b'in time')"
    assert kernel.run(slow) == "in time"


def test_what_c_prints_comes_before_what_python_prints_later(kernel):
    code = "import os, sys\n_ = os.write(1, b'first ')\nsys.stdout.flush()\nprint('second')"
    assert kernel.run(code) == "first second\n"


def test_letters_of_several_bytes_are_not_torn(kernel):
    code = "import os\nfor byte in '卷积'.encode() * 30_000:\n    _ = os.write(1, bytes([byte]))"
    assert kernel.run(code) == "卷积" * 30_000


def test_letters_that_cannot_be_sent_are_written_out_and_take_nothing_along(kernel):
    code = "print('before', '\\udcff', '卷')"
    assert kernel.run(code, timeout=8) == "before \\udcff 卷\n"


def test_a_pipe_that_is_never_empty_keeps_no_cell_waiting(kernel):
    endless = (
        "import subprocess\nprocess = subprocess.Popen("
        "['sh', '-c', 'while sleep 0.001; do echo and on; done'])"
    )
    kernel.run(endless)
    assert "the end" in kernel.run("print('the end')")
    kernel.run("process.kill()\n_ = process.wait()")


@pytest.mark.parametrize("death", ["os._exit(3)", "ctypes.string_at(0)", "os.kill(os.getpid(), 9)"])
def test_what_was_flushed_outlives_the_kernel(death):
    code = f"import ctypes, os\nprint('last words', flush=True)\n{death}"
    for _ in range(8):
        with started() as kernel:
            kernel.client.execute(code)
            assert soon(lambda: not kernel.manager.is_alive())
            assert last_words(kernel.client) == "last words\n"


def test_who_has_nothing_to_say_waits_for_nobody(kernel):
    code = """
import sys
print("something", flush=True)
asked, schedule = [], sys.stdout.pub_thread.schedule
sys.stdout.pub_thread.schedule = asked.append
sys.stdout.flush()
sys.stdout.pub_thread.schedule = schedule
print(len(asked))
"""
    assert kernel.run(code) == "something\n0\n"


def last_words(client):
    with suppress(Empty):
        while True:
            message = client.get_iopub_msg(timeout=5)
            if message["msg_type"] == "stream":
                return message["content"]["text"]
    return ""


def test_a_child_of_the_kernel_can_flush_too(kernel):
    code = """
import os, sys
if (child := os.fork()) == 0:
    print('from the child', flush=True)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert "7\n" in kernel.run(code)
