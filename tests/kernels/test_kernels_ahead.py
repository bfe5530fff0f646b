import asyncio
from pathlib import Path

import pytest

from labkit.kernels.kernels_ahead import KernelsAhead


@pytest.fixture
def ahead():
    kernels = KernelsAhead()
    yield kernels
    kernels.close()


async def put_away(manager):
    await manager.shutdown_kernel(now=True)
    await manager.cleanup_resources()


def test_the_kernel_that_was_prepared_is_taken_once(ahead, tmp_path):
    async def first():
        ahead.prepare("labkit", str(tmp_path))
        prepared = await ahead.take("labkit", str(tmp_path))
        another = await ahead.take("labkit", str(tmp_path))
        processes = [m.provisioner.pid for m in (prepared, another)]
        folders = [Path(m.connection_file).parent for m in (prepared, another)]
        await put_away(prepared)
        await put_away(another)
        return processes, folders

    processes, folders = ahead.run(first)
    assert len(set(processes)) == 2
    assert not any(folder.exists() for folder in folders)


def test_what_is_prepared_in_one_notebook_is_taken_in_the_next(ahead, tmp_path):
    async def prepare():
        ahead.prepare("labkit", str(tmp_path))

    async def take():
        manager = await ahead.take("labkit", str(tmp_path))
        alive = await manager.is_alive()
        await put_away(manager)
        return alive

    ahead.run(prepare)
    assert ahead.run(take)


def test_one_of_another_folder_or_one_that_died_is_not_taken(ahead, tmp_path):
    async def take(folder, kill):
        ahead.prepare("labkit", str(tmp_path))
        prepared = await ahead._next[1]
        if kill:
            await prepared.shutdown_kernel(now=True)
        taken = await ahead.take("labkit", folder)
        pair = taken is prepared, await taken.is_alive()
        await put_away(taken)
        return pair

    (tmp_path / "other").mkdir()
    assert ahead.run(lambda: take(str(tmp_path / "other"), False)) == (False, True)
    assert ahead.run(lambda: take(str(tmp_path), True)) == (False, True)


def test_a_kernel_that_cannot_start_is_told_when_it_is_wanted(ahead, tmp_path):
    async def take():
        ahead.prepare("no-such-kernel", str(tmp_path))
        await ahead.take("no-such-kernel", str(tmp_path))

    with pytest.raises(Exception, match="no-such-kernel"):
        ahead.run(take)


def test_at_the_end_nothing_is_left(tmp_path):
    ahead = KernelsAhead()
    ended = []

    async def leave():
        ahead.prepare("labkit", str(tmp_path))
        ahead.later(slowly())

    async def slowly():
        await asyncio.sleep(0.05)
        ended.append(True)

    ahead.run(leave)
    prepared = ahead._next[1]
    ahead.close()
    assert ended == [True]
    assert not Path(prepared.result().connection_file).parent.exists()
