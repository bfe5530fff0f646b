import asyncio
import os
from pathlib import Path

import pytest

from labkit.kernels.kernel_manager import KernelManager


async def answered(manager):
    """Start a kernel, have it add two numbers, end it; return its answer."""
    await manager.start_kernel()
    assert manager.ready.done()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=60)
    asked = client.execute("", user_expressions={"sum": "40 + 2"})
    while (reply := await client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != asked:
        pass
    client.stop_channels()
    await manager.shutdown_kernel(now=True)
    return reply["content"]["user_expressions"]["sum"]["data"]["text/plain"]


@pytest.mark.parametrize("kernel", ["labkit", "python3"])
def test_a_kernel_answers_and_leaves_nothing_behind(kernel):
    async def use():
        manager = KernelManager(kernel)
        folder = Path(manager.connection_file).parent
        assert folder.exists()
        answer = await answered(manager)
        await manager.cleanup_resources()
        return answer, folder

    answer, folder = asyncio.run(use())
    assert answer == "42"
    assert not folder.exists()


@pytest.mark.skipif(os.name != "posix", reason="Windows has no Unix sockets for kernels")
def test_labkits_own_kernel_is_reached_without_a_port():
    manager = KernelManager("labkit")
    assert manager.transport == "ipc"
    asyncio.run(manager.cleanup_resources())


@pytest.mark.skipif(os.name != "posix", reason="Windows has no Unix sockets for kernels")
def test_a_folder_too_deep_for_a_socket_is_reached_by_a_port(monkeypatch, tmp_path):
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    manager = KernelManager("labkit")
    assert manager.transport == "tcp"
    asyncio.run(manager.cleanup_resources())
