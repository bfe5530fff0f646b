import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
import zmq

from labkit.kernels import io_threads

from ..waiting import soon

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at threads in /proc")

SENDER = """
import os, sys, zmq
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # nobody writes while this thread goes on
from labkit.kernels import io_threads
with zmq.Context() as context, context.socket(zmq.PAIR) as socket:
    socket.connect(sys.argv[1])
    for number in range(200):
        socket.recv()
        socket.send(b"here")
    assert io_threads.written()
    socket.recv()
    for number in range(100):
        socket.send(str(number).encode())
    assert io_threads.written()
    os._exit(0)
"""


@contextmanager
def listening(address, **options):
    with zmq.Context() as context, context.socket(zmq.PAIR) as socket:
        socket.linger = 0
        socket.rcvtimeo = socket.sndtimeo = 30_000
        for name, value in options.items():
            setattr(socket, name, value)
        socket.bind(address)
        yield socket


@pytest.mark.parametrize("number", range(3))
def test_what_was_sent_arrives_though_its_sender_is_gone_at_once(tmp_path, number):
    address = f"ipc://{tmp_path}/socket"
    with (
        listening(address) as socket,
        subprocess.Popen([sys.executable, "-c", SENDER, address]) as process,
    ):
        for _ in range(200):
            socket.send(b"there?")
            assert socket.recv() == b"here"
        socket.send(b"the end")
        assert process.wait(30) == 0
        assert [socket.recv() for _ in range(100)] == [str(n).encode() for n in range(100)]


def test_one_who_does_not_read_keeps_nobody_waiting(tmp_path):
    """A sender waits until all is written that can be, and not until all is read."""
    address = f"ipc://{tmp_path}/socket"
    code = (
        "import sys, zmq\nfrom labkit.kernels import io_threads\nio_threads.PATIENCE = 600\n"
        "socket = zmq.Context().socket(zmq.PAIR)\nsocket.linger = socket.sndhwm = 0\n"
        "socket.connect(sys.argv[1])\n"
        "for _ in range(50):\n    socket.send(bytes(1_000_000))\n"
        "print(io_threads.written())"
    )
    with listening(address, rcvhwm=1):
        said = subprocess.check_output([sys.executable, "-c", code, address], text=True, timeout=60)
    assert said == "True\n"


def test_without_such_threads_nothing_is_waited_for():
    alone = "from labkit.kernels import io_threads; print(io_threads.written())"
    said = subprocess.check_output([sys.executable, "-c", alone], text=True, timeout=60)
    assert said == "False\n"


def found():
    """Find the threads; each gives itself its name, so a new one may be without."""
    io_threads._places.cache_clear()
    return io_threads._places(os.getpid())


def test_threads_that_never_sleep_are_waited_for_only_once(monkeypatch):
    monkeypatch.setattr(io_threads, "PATIENCE", 0.2)
    monkeypatch.setattr(io_threads, "_is_awake", lambda place: True)
    with zmq.Context() as context, context.socket(zmq.PAIR):
        soon(found)
        start = time.monotonic()
        assert not io_threads.written()
        assert time.monotonic() - start >= 0.2
        monkeypatch.setattr(io_threads, "PATIENCE", 600)
        assert not io_threads.written()
    io_threads._places.cache_clear()
