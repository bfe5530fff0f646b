"""Which kernel a notebook gets, and what it says of itself at the end."""

import ast
import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any

from labkit.execution.documents import Notebook

__all__ = ["FORKED", "Ended", "chosen", "ended", "error_stream", "facts"]

FORKED = "labkit"
"""The kernel that is forked from a server which has imported PyTorch already."""

ORDINARY = {"python3", "python", ""}
"""Names that mean no more than "this Python"."""

PATIENCE = 5.0
"""Seconds that a kernel has to say what it is."""

FACTS = """
import json, os, platform, re, sys
from importlib.metadata import PackageNotFoundError, distribution

def installed(name):
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return None
    # To ask for its version would parse the whole file, which has 30 kB for PyTorch.
    told = re.search("(?m)^Version: *(.+)$", found.read_text("METADATA") or "")
    return told[1].strip() if told else found.version

def peak_memory():
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line[:6] == "VmHWM:")
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024

torch = sys.modules.get("torch")
on_gpu = torch is not None and torch.cuda.is_initialized()
named = ["labkit", "torch", "torchvision", "numpy", "matplotlib", "ipykernel"]
facts = json.dumps({
    "device": torch.cuda.get_device_name() if on_gpu else "cpu",
    "gpu_memory": torch.cuda.max_memory_allocated() if on_gpu else None,
    "peak_memory": peak_memory(),
    "host": platform.node(),
    "versions": {"python": platform.python_version(), "platform": platform.platform(terse=True)}
    | {name: found for name in named if (found := installed(name))},
})
"""


@dataclass(frozen=True)
class Ended:
    """How a kernel's process ended, if it has.

    Parameters
    ----------
    forked
        Whether it came from the fork server.
    exit_code
        ``None`` while it lives; negative for a signal.
    peak_memory
        Bytes that it held at most.
    """

    forked: bool = False
    exit_code: int | None = None
    peak_memory: int | None = None


async def ended(started: Any) -> Ended:
    """Return how the process of a started kernel ended; nothing but its kind while it lives."""
    provisioner = started.provisioner
    alive = await started.is_alive()
    return Ended(
        getattr(provisioner, "forked", False),
        None if alive else getattr(provisioner, "exit_code", None),
        None if alive else getattr(provisioner, "peak_memory", None),
    )


def error_stream(started: Any) -> IO[bytes] | None:
    """Return what a started kernel prints to outside of cells, if it was given a pipe for that."""
    return getattr(getattr(started.provisioner, "process", None), "stderr", None)


def chosen(notebook: Notebook, asked: str | None) -> str:
    """Return the name of the kernel for a notebook: what was asked for, or what it names itself.

    Examples
    --------
    >>> chosen({"metadata": {"kernelspec": {"name": "python3"}}}, None)
    'labkit'
    >>> chosen({"metadata": {"kernelspec": {"name": "ir"}}}, None)
    'ir'
    """
    named = notebook["metadata"].get("kernelspec", {}).get("name", "")
    return asked or (FORKED if named in ORDINARY else named)


async def facts(client: Any, started: Any, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a Python kernel for its device, its versions and the memory it needed at most.

    Nothing is learned from a kernel of another language, or from one that is dead or stuck.
    """
    language = metadata.get("language_info", {}).get("name", "python")
    if language != "python" or client is None or not await started.is_alive():
        return {}
    expression = f"(lambda space: exec({FACTS!r}, space) or space['facts'])({{}})"
    try:
        async with asyncio.timeout(PATIENCE):
            # In the moment after a cell has failed, a kernel drops whatever it is asked.
            while (reply := await _asked(client, expression))["status"] == "aborted":
                await asyncio.sleep(0.01)
        answer = reply["user_expressions"]["facts"]
        return json.loads(ast.literal_eval(answer["data"]["text/plain"]))
    except (TimeoutError, KeyError, ValueError):
        return {}


async def _asked(client: Any, expression: str) -> dict[str, Any]:
    asked = client.execute("", silent=True, user_expressions={"facts": expression})
    while True:
        reply = await client.shell_channel.get_msg()
        if reply["parent_header"].get("msg_id") == asked:
            return reply["content"]
