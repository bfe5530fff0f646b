import os
import stat

import pytest

from labkit.cluster.parcel import Parcel, files_in, link, pack, unpack


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "here/数据").mkdir(parents=True)
    (tmp_path / "here/数据/x.csv").write_bytes(b"3,4\r\n\xff")
    (tmp_path / "here/large.bin").write_bytes(b"0" * 1000)
    return tmp_path / "here"


def test_what_is_packed_is_unpacked_the_same(folder, tmp_path):
    packed = pack(folder, files_in(folder))
    unpack(packed, tmp_path / "there")
    assert (tmp_path / "there/数据/x.csv").read_bytes() == b"3,4\r\n\xff"
    assert (tmp_path / "there/large.bin").read_bytes() == b"0" * 1000
    assert not packed.left_out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_a_program_is_one_there_too(folder, tmp_path):
    (folder / "run.sh").write_text("echo")
    (folder / "run.sh").chmod(0o750)
    unpack(pack(folder, [folder / "run.sh"]), tmp_path / "there")
    assert stat.S_IMODE((tmp_path / "there/run.sh").stat().st_mode) == 0o750


def test_small_files_go_first_and_what_does_not_fit_is_named(folder):
    (folder / "middle.bin").write_bytes(b"1" * 500)
    packed = pack(folder, files_in(folder), most=1003)
    assert sorted(packed.files) == ["middle.bin", "数据/x.csv"]
    assert packed.left_out == {"large.bin": 1000}


def test_what_cannot_be_read_does_not_hinder_the_rest(folder):
    packed = pack(folder, [folder / "nothing", folder / "数据", folder / "large.bin"])
    assert list(packed.files) == ["large.bin"]


def test_what_was_left_out_is_linked_where_it_is_the_same_file(folder, tmp_path):
    parcel = Parcel(left_out={"large.bin": 1000, "数据/x.csv": 999, "gone": 1})
    missing = link(parcel, folder, tmp_path / "there")
    assert missing == ["数据/x.csv", "gone"]
    assert (tmp_path / "there/large.bin").samefile(folder / "large.bin")


def test_hidden_files_links_and_caches_do_not_count(folder):
    for name in (".git/config", "__pycache__/x.pyc", ".hidden"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")
    (folder / "link").symlink_to(folder / "large.bin")
    names = {path.relative_to(folder).as_posix() for path in files_in(folder)}
    assert names == {"large.bin", "数据/x.csv"}


def test_a_file_that_was_written_again_is_not_in_its_state_of_before(folder):
    before = files_in(folder)
    (folder / "large.bin").write_bytes(b"1" * 1000)
    os.utime(folder / "large.bin", ns=(1, 1))
    changed = [path for path, state in files_in(folder).items() if before[path] != state]
    assert changed == [folder / "large.bin"]
