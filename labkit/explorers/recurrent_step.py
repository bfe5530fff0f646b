"""One unit at one step of a recurrent layer: what its gates read and say, in numbers and words."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.explorers.recurrent_layer import GATES, RecurrentLayer

__all__ = ["Gate", "Step", "update_of_unit", "update_words"]


class Gate(NamedTuple):
    """One gate of one unit: what it gets from the input and from the state, and what it says."""

    name: str
    from_input: float
    from_state: float
    value: float


class Step(NamedTuple):
    """One unit at one step: its gates, the cell (0 without one), and the state that they make."""

    position: int
    unit: int
    gates: tuple[Gate, ...]
    before: float
    cell: float
    state: float


def update_of_unit(
    layer: RecurrentLayer, inputs: Float[Tensor, "T I"], position: int, unit: int
) -> Step:
    """Work out one unit at one step.

    Examples
    --------
    >>> layer = RecurrentLayer.seeded("gru", width=2, hidden=3)
    >>> step = update_of_unit(layer, torch.eye(2), position=1, unit=2)
    >>> [gate.name for gate in step.gates]
    ['r', 'z', 'n']
    """
    *earlier, now = layer.run(inputs[: position + 1])
    before = earlier[-1].state if earlier else torch.zeros(layer.hidden)
    read = [part[:, unit].tolist() for part in (now.from_input, now.from_state, now.gates)]
    gates = tuple(map(Gate, GATES[layer.kind], *read))
    return Step(position, unit, gates, *(x[unit].item() for x in (before, now.cell, now.state)))


def update_words(step: Step, *, reveal: bool = True) -> str:
    """Say how the gates make the new state, which may be kept back.

    Examples
    --------
    >>> update_words(Step(0, 0, (Gate("h", 0.25, 0.5, 0.6351),), 0.0, 0.0, 0.6351))
    'h = tanh(0.25 + 0.5) = 0.6351'
    """
    cell, state = (f"{number:.4g}" if reveal else "?" for number in (step.cell, step.state))
    if len(step.gates) == 1:
        _, read, recalled, _ = step.gates[0]
        return f"h = tanh({read:.4g} + {recalled:.4g}) = {state}"
    gates = ", ".join(f"{gate.name} = {gate.value:.4g}" for gate in step.gates)
    if len(step.gates) == 3:
        return f"{gates}\nh = (1 - z) × n + z × {step.before:.4g} = {state}"
    return f"{gates}\nc = f × c + i × g = {cell}, h = o × tanh(c) = {state}"
