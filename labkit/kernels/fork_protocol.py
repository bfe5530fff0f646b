"""What a fork server and those who want a child of it say to each other, over a Unix socket.

A request is one word: ``fork``, which comes with four descriptors (the request as JSON, standard
input, output and error), ``status`` or ``stop``. An answer is one or more JSON objects. About a
child they tell its ``pid``, with a descriptor of the process; ``ready`` and ``leaving``, which the
child says itself; then ``exit`` and ``peak_memory``; or an ``error``. The connection is the child's
lifeline: it dies when the other end is closed.
"""

import json
import os
import socket
from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["answers", "ask", "connect", "listen", "read_request", "receive", "tell"]

LONGEST_WORD, LONGEST_ANSWER = 64, 65536
BACKLOG = 128
Connection = socket.socket


def listen(path: Path) -> Connection:
    """Listen on a Unix socket that only this user may connect to."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(BACKLOG)
    return listener


def connect(path: Path) -> Connection:
    """Connect to a server; an OSError says that there is none."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def ask(
    connection: Connection,
    word: str,
    request: Mapping[str, Any] | None = None,
    streams: Sequence[int] = (),
) -> None:
    """Send a request; its JSON goes through memory, for an environment may be of any size."""
    if request is None:
        connection.sendall(word.encode())
        return
    descriptor = os.memfd_create("request")
    try:
        with open(descriptor, "wb", closefd=False) as file:
            file.write(json.dumps(request).encode())
        socket.send_fds(connection, [word.encode()], [descriptor, *streams])
    finally:
        os.close(descriptor)


def read_request(descriptor: int) -> dict[str, Any]:
    """Read what ``ask`` wrote, and close it."""
    with open(descriptor, "rb") as file:
        file.seek(0)  # where it was written is where it would be read on
        return json.load(file)


def receive(connection: Connection) -> tuple[str, list[int]]:
    """Return the word of a request and its descriptors, without waiting; "" when nobody is there.

    The system itself closes more descriptors than a request has.
    """
    try:
        word, descriptors = _receive(connection, LONGEST_WORD, 4, socket.MSG_DONTWAIT)
    except OSError:
        return "", []
    return word.decode("latin-1"), descriptors


def tell(connection: Connection, what: Mapping[str, Any], descriptors: Iterable[int] = ()) -> None:
    """Send an answer, if anybody is there to hear it; never wait."""
    with suppress(OSError):
        message = json.dumps(what).encode()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))]
        connection.sendmsg([message], rights, socket.MSG_DONTWAIT)


def answers(connection: Connection) -> tuple[dict[str, Any], list[int]]:
    """Wait for the next answer, as long as the connection's time-out allows.

    Raises
    ------
    EOFError
        When nobody is at the other end any more.
    """
    try:
        message, descriptors = _receive(connection, LONGEST_ANSWER, 1)
    except ConnectionResetError:
        message, descriptors = b"", []
    if not message:
        raise EOFError("nobody is at the other end")
    return json.loads(message), descriptors


def _receive(
    connection: Connection, size: int, count: int, flags: int = 0
) -> tuple[bytes, list[int]]:
    """Do what ``socket.recv_fds`` does, which forgets its flags (as ``send_fds`` does)."""
    descriptors = array("i")
    room = socket.CMSG_LEN(count * descriptors.itemsize)
    message, ancillary, *_ = connection.recvmsg(size, room, flags | socket.MSG_CMSG_CLOEXEC)
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return message, list(descriptors)
