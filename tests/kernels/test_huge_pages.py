import subprocess
import sys
from pathlib import Path

import pytest

from labkit.kernels import huge_pages
from labkit.kernels.huge_pages import places

from .forking import needs_huge_pages

MAPS = """\
00200000-00a00000 rw-p 00000000 00:00 0                                  [heap]
01000000-01500000 rw-p 00000000 00:00 0
01500000-01900000 r--p 00000000 00:00 0
02000000-02800000 rw-s 00000000 00:00 0
03000000-03800000 rw-p 00001000 08:01 7                                  /lib/libtorch.so
04100000-04500000 rw-p 00000000 00:00 0
05000000-05800000 rw-p 00000000 00:00 0                                  [stack]
"""
# Fills the memory of a Python, asks for huge pages, and looks what has become of it.
GATHERED = """
from pathlib import Path
from labkit.kernels import huge_pages

def small():
    lines = Path("/proc/self/smaps_rollup").read_text().split("\\n")
    kept = {line.split(":")[0]: int(line.split()[1]) for line in lines if "kB" in line}
    return kept["Anonymous"] - kept["AnonHugePages"]

kept = [str(number) * 9 for number in range(1_000_000)]
before, steps = small(), sum(huge_pages.gather())
assert kept == [str(number) * 9 for number in range(1_000_000)]
print(steps, before, small())
"""


def test_only_private_memory_that_no_file_has_is_taken_and_whole_pages_of_it():
    found = [hex(place) for place in places(MAPS, 2**21)]
    assert found == [*map(hex, range(0x200000, 0xA00000, 2**21)), "0x1000000", "0x1200000",
                     "0x4200000"]  # fmt: skip


@needs_huge_pages
def test_what_was_in_small_pages_is_in_huge_ones():
    done = subprocess.run([sys.executable, "-c", GATHERED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    steps, before, after = map(int, done.stdout.split())
    assert steps > 5
    assert after < before / 2


@needs_huge_pages
def test_memory_that_was_hardly_used_is_not_filled_up():
    code = (
        "import mmap, resource\n"
        "from labkit.kernels import huge_pages\n"
        "place = mmap.mmap(-1, 200_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
        "place[::100_000] = bytes(2_000)\n"
        "print(sum(huge_pages.gather()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 20, "of the 95 that would fit in there"


@pytest.mark.parametrize("size", ["", "many"])
def test_where_there_are_none_nothing_is_done(tmp_path, monkeypatch, size):
    monkeypatch.setattr(huge_pages, "SIZE", tmp_path / "size")
    assert list(huge_pages.gather()) == []
    Path(tmp_path, "size").write_text(size)
    assert list(huge_pages.gather()) == []
