import hashlib
import socket

import pytest

from labkit.datasets import downloads
from labkit.datasets.downloads import fetch, md5_of
from labkit.errors import DataError

WHOLE = bytes(range(256)) * 2000
MD5 = hashlib.md5(WHOLE).hexdigest()
PAGE = b"<html><title>Sign in to the network</title></html>"


def test_the_file_arrives_whole_with_a_progress_bar(web, tmp_path, capsys):
    web.files["/a.bin"] = WHOLE
    fetch([web.url + "a.bin"], tmp_path / "new/folder/a.bin", MD5)
    assert (tmp_path / "new/folder/a.bin").read_bytes() == WHOLE
    assert md5_of(tmp_path / "new/folder/a.bin") == MD5
    progress = capsys.readouterr().err
    assert "a.bin" in progress
    assert "100%" in progress


BROKEN = {
    "an error page with an error code": 404,
    "a server error": 500,
    "an error page that says it is fine": PAGE,
    "a connection that breaks off": (WHOLE[: len(WHOLE) // 2], len(WHOLE)),
    "another file": WHOLE[::-1],
    "nothing": b"",
}


@pytest.mark.parametrize("answer", BROKEN)
def test_a_broken_answer_leaves_nothing_behind(web, tmp_path, answer):
    web.files["/a.bin"] = BROKEN[answer]
    with pytest.raises(DataError, match=r"a\.bin could not be downloaded") as caught:
        fetch([web.url + "a.bin"], tmp_path / "a.bin", MD5)
    assert web.url in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("answer", BROKEN)
def test_the_next_mirror_is_asked(web, tmp_path, answer):
    web.files.update({"/first": BROKEN[answer], "/second": WHOLE})
    fetch([web.url + "first", web.url + "second"], tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == WHOLE
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]
    assert web.asked == ["/first", "/second"]


def test_a_broken_answer_does_not_harm_the_file_that_was_there(web, tmp_path):
    (tmp_path / "a.bin").write_bytes(b"older")
    web.files["/a.bin"] = PAGE
    with pytest.raises(DataError, match=f"expected a file with MD5 {MD5}, got 50 bytes"):
        fetch([web.url + "a.bin"], tmp_path / "a.bin", MD5)
    assert (tmp_path / "a.bin").read_bytes() == b"older"


def test_no_server_at_all(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a.bin"
    with pytest.raises(DataError, match="could not be downloaded"):
        fetch([url], tmp_path / "a.bin", MD5)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_says_nothing_is_given_up(tmp_path):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a.bin"
        with pytest.raises(DataError, match="timed out"):
            fetch([url], tmp_path / "a.bin", MD5, timeout=0.2)
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing_behind(web, tmp_path, monkeypatch):
    def interrupted(path):
        raise KeyboardInterrupt

    web.files["/a.bin"] = WHOLE
    monkeypatch.setattr(downloads, "md5_of", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch([web.url + "a.bin"], tmp_path / "a.bin", MD5)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_to_is_named(web, tmp_path):
    web.files["/a.bin"] = WHOLE
    (tmp_path / "file").write_text("in the way of a folder")
    with pytest.raises(DataError, match="could not be downloaded") as caught:
        fetch([web.url + "a.bin"], tmp_path / "file" / "a.bin", MD5)
    assert str(tmp_path / "file") in str(caught.value).replace("\\\\", "\\")
