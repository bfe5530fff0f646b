"""What an explorer of sequences may be given: steps of a few numbers each, and their labels.

Axes: ``T`` steps, ``I`` numbers in a step.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.explorers.inputs import Matrix, finite_numbers

__all__ = ["sequence_numbers", "step_labels"]

MOST_STEPS = 64
WIDEST = 16
LONGEST_LABEL = 24


def sequence_numbers(inputs: Matrix) -> Float[Tensor, "T I"]:
    """Return one sequence as float32 on the CPU.

    Raises
    ------
    ShapeError
        If it is not (steps, width), or has more steps or numbers than can be shown.
    DTypeError, OptionError
        If its values are complex, NaN or infinite.

    Examples
    --------
    >>> sequence_numbers([[0, 1], [1, 0]])
    tensor([[0., 1.],
            [1., 0.]])
    """
    numbers = finite_numbers(inputs, "inputs").to(torch.float32)
    if numbers.ndim != 2 or 0 in numbers.shape:
        raise ShapeError(
            f"inputs has shape {tuple(numbers.shape)}; expected (steps, width); pick one sequence "
            "of a batch, such as x[:, 0], and write one number a step as x[:, None]"
        )
    steps, width = numbers.shape
    if steps > MOST_STEPS or width > WIDEST:
        raise ShapeError(
            f"inputs of {steps} steps of {width} numbers are too many to show; expected at most "
            f"{MOST_STEPS} steps of {WIDEST} numbers; cut it, inputs[:{MOST_STEPS}, :{WIDEST}]"
        )
    return numbers.contiguous()


def step_labels(
    tokens: str | Sequence[str] | None, steps: int, *, name: str = "tokens", of: str = "steps"
) -> list[str]:
    """Return a label for each step, or none at all; ``name`` and ``of`` are for the messages.

    Raises
    ------
    ShapeError
        If there are not as many as steps.
    OptionError
        If they are no texts, or longer than can be shown.

    Examples
    --------
    >>> step_labels("人工智能", steps=4)
    ['人', '工', '智', '能']
    """
    if tokens is None:
        return []
    labels = list(tokens)
    if len(labels) != steps:
        raise ShapeError(f"{name} has {len(labels)} labels for {steps} {of}; expected one for each")
    for label in labels:
        if not isinstance(label, str) or len(label) > LONGEST_LABEL:
            raise OptionError(
                f"{name} holds {label!r}; expected texts of at most {LONGEST_LABEL} characters; "
                "write a number as str(number)"
            )
    return labels
