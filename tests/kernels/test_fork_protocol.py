import os
import sys

import pytest

from labkit.kernels import fork_protocol

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")


@pytest.fixture
def ends(tmp_path):
    """Two ends of a connection: of the one who asks, and of the server."""
    with (
        fork_protocol.listen(tmp_path / "socket") as listener,
        fork_protocol.connect(tmp_path / "socket") as asking,
    ):
        served, _ = listener.accept()
        with served:
            yield asking, served


def test_only_its_owner_may_connect(tmp_path):
    with fork_protocol.listen(tmp_path / "socket"):
        assert (tmp_path / "socket").stat().st_mode & 0o777 == 0o600


def test_a_socket_that_was_left_behind_is_replaced(tmp_path):
    fork_protocol.listen(tmp_path / "socket").close()
    with pytest.raises(ConnectionRefusedError):
        fork_protocol.connect(tmp_path / "socket")
    with fork_protocol.listen(tmp_path / "socket"):
        fork_protocol.connect(tmp_path / "socket").close()


def test_a_request_of_any_size_arrives_with_its_streams(ends):
    asking, served = ends
    request = {"environment": {"LONG": "ä" * 3_000_000}}
    fork_protocol.ask(asking, "fork", request, [0, 1, 2])
    word, descriptors = fork_protocol.receive(served)
    assert (word, len(descriptors)) == ("fork", 4)
    for descriptor in descriptors[1:]:
        os.close(descriptor)
    assert fork_protocol.read_request(descriptors[0]) == request


def test_a_word_needs_nothing_besides(ends):
    asking, served = ends
    fork_protocol.ask(asking, "status")
    assert fork_protocol.receive(served) == ("status", [])


def test_nobody_waits_for_a_word(ends):
    assert fork_protocol.receive(ends[1]) == ("", [])


def test_answers_come_one_by_one_with_their_descriptor(ends, tmp_path):
    asking, served = ends
    with (tmp_path / "file").open("w") as file:
        fork_protocol.tell(served, {"pid": 1}, [file.fileno()])
    fork_protocol.tell(served, {"exit": 0})
    told, [descriptor] = fork_protocol.answers(asking)
    assert told == {"pid": 1}
    os.write(descriptor, b"through it")
    os.close(descriptor)
    assert (tmp_path / "file").read_text() == "through it"
    assert fork_protocol.answers(asking) == ({"exit": 0}, [])


def test_the_end_of_the_other_is_an_error_for_who_waits_and_none_for_who_tells(ends):
    asking, served = ends
    served.close()
    with pytest.raises(EOFError):
        fork_protocol.answers(asking)
    fork_protocol.tell(asking, {"exit": 0})
