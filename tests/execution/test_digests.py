import os
from pathlib import Path

import pytest

from labkit.execution import digests


def test_a_file_is_what_it_holds(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    two.write_text("a")
    os.utime(two, (0, 0))
    assert digests.of_file(one) == digests.of_file(two)
    two.write_text("b")
    assert digests.of_file(one) != digests.of_file(two)


def test_a_large_file_is_read_again_when_it_changed(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"a" * (digests.LARGE + 1))
    before = digests.of_file(path)
    assert digests.of_file(path) == before
    with path.open("r+b") as file:
        file.write(b"b")
    os.utime(path, (1, 1))
    assert digests.of_file(path) != before


def test_a_huge_file_is_not_read(tmp_path):
    path = tmp_path / "huge"
    path.touch()
    os.truncate(path, digests.HUGE + 1)
    path.chmod(0)
    before = digests.of_file(path)
    os.utime(path, (1, 1))
    assert digests.of_file(path) != before


def test_what_cannot_be_read_has_a_digest_too(tmp_path):
    assert digests.of_file(tmp_path / "missing") == digests.of_file(tmp_path / "missing too")
    assert digests.of_file(tmp_path / "missing") != digests.of_file(Path(__file__))


def test_several_files_are_their_names_and_what_they_hold(tmp_path):
    def digest(**contents):
        for name, text in contents.items():
            (tmp_path / name).write_text(text)
        return digests.of_files([tmp_path / name for name in contents], tmp_path)

    assert digest(a="1", b="2") == digest(b="2", a="1")
    assert len({digest(a="1", b="2"), digest(a="2", b="1"), digest(a="1", c="2")}) == 3


def a_new_file(folder):
    (folder / "sub" / "new").write_text("")


def another_size(folder):
    (folder / "sub" / "x.csv").write_text("longer than before")


def another_time(folder):
    os.utime(folder / "sub" / "x.csv", (1, 1))


def another_name(folder):
    (folder / "sub" / "x.csv").rename(folder / "sub" / "y.csv")


def one_less(folder):
    (folder / "sub" / "x.csv").unlink()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "x.csv").write_text("1")
    return tmp_path


@pytest.mark.parametrize("change", [a_new_file, another_size, another_time, another_name, one_less])
def test_a_change_in_a_folder_is_seen(folder, change):
    before = digests.of_folder(folder)
    assert digests.of_folder(folder) == before
    change(folder)
    assert digests.of_folder(folder) != before


def test_what_python_and_jupyter_leave_behind_does_not_count(folder):
    before = digests.of_folder(folder)
    for left in ("__pycache__/x.pyc", ".ipynb_checkpoints/x.ipynb", ".hidden"):
        (folder / "sub" / left).parent.mkdir(exist_ok=True)
        (folder / "sub" / left).write_text("")
    assert digests.of_folder(folder) == before


def test_a_folder_without_end_and_links_that_lead_nowhere(folder, monkeypatch):
    os.symlink(folder, folder / "sub" / "itself")
    os.symlink(folder / "nowhere", folder / "sub" / "broken")
    before = digests.of_folder(folder)
    (folder / "zzz").write_text("")
    assert digests.of_folder(folder) != before
    monkeypatch.setattr(digests, "MOST_FILES", 1)
    bounded = digests.of_folder(folder)
    (folder / "sub" / "x.csv").unlink()
    assert digests.of_folder(folder) == bounded, "only the first file, zzz, is looked at"
