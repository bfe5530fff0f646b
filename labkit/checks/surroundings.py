"""Keep what a learner's function does to the process away from the rest of the notebook."""

import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import TextIOBase

import numpy as np
import torch

__all__ = ["Printed", "untouched"]


class Printed(TextIOBase):
    """A standard output that only counts the lines it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.lines = 0

    def write(self, text: str) -> int:
        """Count the lines in ``text`` and forget it."""
        self.lines += text.count("\n")
        return len(text)


@contextmanager
def untouched() -> Iterator[Printed]:
    """Set random states, default dtype and autograd aside, and give them back afterwards.

    Inside, autograd records, autocast is off, warnings are silent and printing is counted.
    """
    state, array_state = random.getstate(), np.random.get_state()
    dtype = torch.get_default_dtype()
    # A GPU that nobody has used yet has no generator to spare, and asking for one would start it.
    used = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    with (
        torch.random.fork_rng(devices=used),
        torch.inference_mode(False),
        torch.enable_grad(),
        torch.autocast("cpu", enabled=False),
        warnings.catch_warnings(),
        redirect_stdout(Printed()) as printed,
    ):
        warnings.simplefilter("ignore")
        try:
            yield printed
        finally:
            torch.set_default_dtype(dtype)
            random.setstate(state)
            np.random.set_state(array_state)
