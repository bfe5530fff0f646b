"""Where a lesson computes, and how it is made to repeat: device, seeds, determinism.

The same notebook runs on a CPU and on a GPU: ``device`` is a parameter, nothing else changes.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args

import numpy as np
import torch

from labkit.errors import DeviceError, OptionError

__all__ = ["available_devices", "describe", "deterministic", "device", "seed_everything"]

DeviceName = Literal["auto", "cpu", "cuda", "mps"]

_HOW_TO_GET = {
    "cuda": "install an NVIDIA driver and a CUDA build of PyTorch",
    "mps": "use a Mac with Apple silicon and macOS 12.3 or later",
}


def available_devices() -> list[str]:
    """Name the devices of this machine, fastest first; ``"cpu"`` is always the last.

    Examples
    --------
    >>> available_devices()[-1]
    'cpu'
    """
    present = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    return [name for name, is_present in present.items() if is_present()] + ["cpu"]


def device(name: DeviceName = "auto") -> torch.device:
    """Choose the device that a lesson computes on.

    Parameters
    ----------
    name
        ``"auto"`` takes the fastest that this machine has; the others must be present.

    Raises
    ------
    OptionError
        If the name is none of the four.
    DeviceError
        If this machine has no such device: nothing is silently run elsewhere.

    Examples
    --------
    >>> device("cpu")
    device(type='cpu')
    """
    if name not in get_args(DeviceName):
        expected = ", ".join(repr(choice) for choice in get_args(DeviceName))
        raise OptionError(f"no device is called {name!r}; use one of {expected}")
    present = available_devices()
    if name == "auto":
        return torch.device(present[0])
    if name not in present:
        raise DeviceError(
            f"device {name!r} was asked for, but this machine has only {', '.join(present)}; "
            f'use device="auto" to take what is there, or {_HOW_TO_GET[name]}'
        )
    return torch.device(name)


def describe(chosen: torch.device) -> str:
    """Say a device in words, such as ``"cuda (NVIDIA H200)"`` or ``"cpu (2 threads)"``.

    Examples
    --------
    >>> describe(torch.device("cpu")).startswith("cpu (")
    True
    """
    if chosen.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(chosen)})"
    if chosen.type == "mps":
        return "mps (Apple GPU)"
    threads = torch.get_num_threads()
    return f"cpu ({threads} thread{'s' if threads > 1 else ''})"


def seed_everything(seed: int) -> torch.Generator:
    """Seed Python, NumPy and PyTorch on every device, so that a lesson repeats.

    Parameters
    ----------
    seed
        Any integer from 0 to 2³² − 1 (NumPy's range).

    Returns
    -------
    torch.Generator
        A CPU generator seeded alike, for code that takes one.

    Raises
    ------
    OptionError
        If the seed is outside that range.

    Examples
    --------
    >>> a = torch.rand(2, generator=seed_everything(7))
    >>> torch.equal(a, torch.rand(2, generator=seed_everything(7)))
    True
    """
    if not 0 <= seed < 2**32:
        raise OptionError(f"seed {seed} is out of range; use an integer from 0 to {2**32 - 1}")
    random.seed(seed)
    np.random.seed(seed)
    return torch.manual_seed(seed).clone_state()


@contextmanager
def deterministic(*, warn_only: bool = False) -> Iterator[None]:
    """Let PyTorch use only kernels that give the same bits twice, inside a ``with`` block.

    Parameters
    ----------
    warn_only
        Warn instead of raising when an operation has no deterministic kernel.

    Notes
    -----
    Some CUDA kernels also need ``CUBLAS_WORKSPACE_CONFIG=:4096:8`` in the environment before the
    first of them runs; PyTorch's error says so. See
    https://pytorch.org/docs/stable/notes/randomness.html

    Examples
    --------
    >>> with deterministic():
    ...     torch.are_deterministic_algorithms_enabled()
    True
    """
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.benchmark,
    )
    torch.use_deterministic_algorithms(True, warn_only=warn_only)
    # The benchmark mode picks a kernel by timing, which may pick another one next time.
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.benchmark = before[2]
