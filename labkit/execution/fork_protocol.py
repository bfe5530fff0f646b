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
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["answers", "ask", "connect", "listen", "read_request", "receive", "tell"]

LONGEST_ANSWER = 65536
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

    More descriptors than a request has are closed by the system.
    """
    try:
        word, descriptors, *_ = socket.recv_fds(connection, 64, 4, socket.MSG_DONTWAIT)
    except OSError:
        return "", []
    return word.decode("latin-1"), list(descriptors)


def tell(connection: Connection, what: Mapping[str, Any], descriptors: Iterable[int] = ()) -> None:
    """Send an answer, if anybody is there to hear it; never wait."""
    with suppress(OSError):
        message = json.dumps(what).encode()
        socket.send_fds(connection, [message], list(descriptors), socket.MSG_DONTWAIT)


def answers(connection: Connection) -> tuple[dict[str, Any], list[int]]:
    """Wait for the next answer, as long as the connection's time-out allows.

    Raises
    ------
    EOFError
        When nobody is at the other end any more.
    """
    try:
        message, descriptors, *_ = socket.recv_fds(connection, LONGEST_ANSWER, 1)
    except ConnectionResetError:
        message, descriptors = b"", []
    if not message:
        raise EOFError("nobody is at the other end")
    return json.loads(message), list(descriptors)
