import os
import re
import signal
import subprocess
import sys

import pytest

from labkit.errors import NotebookError
from labkit.execution.folder_lock import LOCK, FolderLock

HOLDER = """
import subprocess, sys, time
from pathlib import Path
from labkit.execution.folder_lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.acquire()
sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
child = subprocess.Popen(sleeping, stdout=subprocess.DEVNULL)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Start a process that has the lock, and a child of its own."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    child = int(process.stdout.readline())
    yield process
    process.kill()
    process.communicate()
    os.kill(child, signal.SIGTERM)


def test_a_second_run_is_refused_at_once_and_told_whom_to_wait_for(tmp_path, holder):
    with pytest.raises(NotebookError) as refused:
        FolderLock(tmp_path).acquire()
    said = str(refused.value)
    assert re.search(rf"process {holder.pid} on \S+, since 20\S+; nothing was run", said)
    assert str(tmp_path) in said
    assert "--out" in said


def test_a_killed_run_leaves_the_folder_free_though_its_children_live(tmp_path, holder):
    holder.kill()
    holder.wait()
    lock = FolderLock(tmp_path)
    lock.acquire()
    lock.release()


def test_within_one_process_too(tmp_path):
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    with pytest.raises(NotebookError, match=f"process {os.getpid()} on"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_whoever_holds_it_need_not_have_signed(tmp_path):
    lock = FolderLock(tmp_path)
    lock.acquire()
    for owner in tmp_path.glob("*.owner"):
        owner.write_text("[1]")
    with pytest.raises(NotebookError, match="got that of another process"):
        FolderLock(tmp_path).acquire()
    lock.release()


def test_a_folder_that_cannot_be_locked(tmp_path):
    (tmp_path / LOCK).mkdir()
    with pytest.raises(NotebookError, match=r"can be locked, got .*; nothing was run"):
        FolderLock(tmp_path).acquire()
