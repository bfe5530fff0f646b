import asyncio
import sys
from importlib import metadata

import pytest

from labkit.execution import kernel_facts
from labkit.kernels import forked

from ..kernels.starting import started_in_a_loop


@pytest.mark.parametrize(
    ("named", "asked", "chosen"),
    [
        ({}, None, "labkit"),
        ({"kernelspec": {}}, None, "labkit"),
        ({"kernelspec": {"name": "python3"}}, None, "labkit"),
        ({"kernelspec": {"name": "labkit"}}, None, "labkit"),
        ({"kernelspec": {"name": "ir"}}, None, "ir"),
        ({"kernelspec": {"name": "ir"}}, "python3", "python3"),
    ],
)
def test_a_notebook_gets_the_kernel_asked_for_or_the_one_it_names(named, asked, chosen):
    assert kernel_facts.chosen({"metadata": named}, asked) == chosen


def asked(*cells, metadata=None):
    """Execute cells in a kernel; return its facts and how it ended, which it has not."""

    async def ask():
        async with started_in_a_loop() as (manager, client):
            for cell in cells:
                await client.execute_interactive(cell, timeout=60, output_hook=lambda _: None)
            found = await kernel_facts.facts(client, manager, metadata or {})
            return found, await kernel_facts.ended(manager)

    return asyncio.run(ask())


def test_a_kernel_says_what_it_is():
    found, ended = asked("kept = bytearray(300_000_000)")
    assert found["device"] == "cpu"
    assert found["gpu_memory"] is None
    assert found["host"]
    assert {"python", "platform", "labkit", "torch", "numpy"} <= found["versions"].keys()
    assert found["versions"]["python"] == sys.version.split()[0]
    for package in ("labkit", "torch", "numpy", "ipykernel"):
        assert found["versions"][package] == metadata.version(package)
    assert 300e6 < found["peak_memory"] < 10e9
    assert ended == kernel_facts.Ended(forked=not forked.why_not())


def test_to_ask_leaves_no_trace_in_the_notebooks_names():
    found, _ = asked("before = set(globals())", "del found")
    assert found["device"] == "cpu"


@pytest.mark.parametrize("cell", ["%reset -f", "del __builtins__", "json = print"])
def test_a_kernel_in_disorder_says_what_it_can(cell):
    found, _ = asked(cell)
    assert found == {} or found["versions"]["python"] == sys.version.split()[0]


def test_a_kernel_whose_cell_has_just_failed_is_asked_until_it_listens_again():
    """As if the moment lasted: how long it does is up to threads of ipykernel."""
    deaf = "import threading; kernel = get_ipython().kernel; kernel._aborting = True"
    found, _ = asked(f"{deaf}\nthreading.Timer(0.3, setattr, [kernel, '_aborting', False]).start()")
    assert found["device"] == "cpu"


def test_a_kernel_of_another_language_is_not_asked():
    found, _ = asked(metadata={"language_info": {"name": "R"}})
    assert found == {}


def test_how_a_kernel_ended_is_known_afterwards():
    async def end():
        async with started_in_a_loop() as (manager, client):
            client.execute("import os; os._exit(5)")
            while await manager.is_alive():
                await asyncio.sleep(0.01)
            return await kernel_facts.ended(manager), await kernel_facts.facts(client, manager, {})

    ended, found = asyncio.run(end())
    assert found == {}
    assert (ended.forked, ended.exit_code) == (not forked.why_not(), 5)
    if ended.forked:
        assert ended.peak_memory > 10e6


def test_only_a_kernel_with_a_pipe_has_an_error_stream():
    async def stream():
        async with started_in_a_loop() as (manager, _):
            return kernel_facts.error_stream(manager)

    assert asyncio.run(stream()) is None
