"""The kernel of an explorer: what may be one, and a few that are worth sliding over a picture."""

from typing import Any

from traitlets import HasTraits, TraitError, TraitType

from labkit.errors import LabkitError
from labkit.explorers.inputs import LARGEST_KERNEL, kernel_weights

__all__ = ["PRESETS", "KernelTrait"]

PRESETS: dict[str, list[list[float]]] = {
    "identity": [[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]],
    "vertical edge": [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]],
    "horizontal edge": [[-1.0, -2.0, -1.0], [0.0, 0.0, 0.0], [1.0, 2.0, 1.0]],
    "blur": [[1 / 9] * 3] * 3,
    "sharpen": [[0.0, -1.0, 0.0], [-1.0, 5.0, -1.0], [0.0, -1.0, 0.0]],
}


class KernelTrait(TraitType[list[list[float]], Any]):
    """A kernel as rows of floats; takes a tensor, an array or nested lists."""

    info_text = f"a matrix of at most {LARGEST_KERNEL} × {LARGEST_KERNEL} numbers"

    def validate(self, obj: HasTraits | None, value: Any) -> list[list[float]]:
        """Return the kernel as rows of floats."""
        try:
            return kernel_weights(value)
        except LabkitError as error:
            raise TraitError(str(error)) from error
