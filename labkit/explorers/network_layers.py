"""What an explorer of a network may be given: a few small layers, one example and its target."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.explorers.inputs import Matrix, finite_numbers
from labkit.ops.backpropagation import Layer

__all__ = [
    "LARGEST",
    "Network",
    "Parameters",
    "Row",
    "layer_sizes",
    "layer_tensors",
    "network_numbers",
    "row",
]

Row = Tensor | np.ndarray | Sequence[int | float]
Network = Sequence[Sequence[Any]]  # of each layer (weight, bias): tensors, or rows of numbers
Parameters = list[list[Any]]  # of each layer: its weight as rows of floats, and its bias

MOST_LAYERS, WIDEST = 3, 6
LARGEST = 1e6  # a weight beyond it says that the training has come apart


def network_numbers(network: Network) -> Parameters:
    """Return the layers as lists of floats, so that a change of them travels as a few numbers.

    Raises
    ------
    ShapeError
        If the layers do not fit together, or are too many or too wide to show.
    DTypeError, OptionError
        If their values are complex, NaN, infinite or beyond a million.

    Examples
    --------
    >>> network_numbers([Layer(torch.tensor([[0.1, -2.0]]), torch.zeros(1))])
    [[[[0.1, -2.0]], [0.0]]]
    """
    if not 1 <= len(network) <= MOST_LAYERS:
        raise ShapeError(
            f"the network has {len(network)} layers; expected a list of 1 to {MOST_LAYERS}, "
            "each Layer(weight, bias)"
        )
    parameters = []
    for k, layer in enumerate(network):
        if len(layer) != 2:
            raise ShapeError(f"network[{k}] has {len(layer)} parts; expected Layer(weight, bias)")
        weight, bias = layer
        weights = _as_written(weight, f"network[{k}].weight")
        biases = _as_written(bias, f"network[{k}].bias")
        if weights.ndim != 2 or biases.shape != weights.shape[:1]:
            raise ShapeError(
                f"network[{k}] has weight {tuple(weights.shape)} and bias {tuple(biases.shape)}; "
                "expected (out, in) and (out,)"
            )
        parameters.append([weights.tolist(), biases.tolist()])
    _expect_a_chain(parameters)
    return parameters


def row(values: Row, name: str, width: int, side: str) -> list[float]:
    """Return as many numbers as the network has on that side, ``"inputs"`` or ``"outputs"``.

    Raises
    ------
    ShapeError
        If they are not as many.
    DTypeError, OptionError
        If they are complex, NaN, infinite or beyond a million.

    Examples
    --------
    >>> row([2, 1], "x", 2, "inputs")
    [2.0, 1.0]
    """
    numbers = _as_written(values, name)
    if numbers.shape != (width,):
        raise ShapeError(
            f"{name} has shape {tuple(numbers.shape)} for a network of {width} {side}; "
            f"expected ({width},); pick one example of a batch, such as {name}[0]"
        )
    return numbers.tolist()


def layer_sizes(parameters: Parameters) -> list[int]:
    """Return how many inputs there are, and how many neurons in each layer.

    Examples
    --------
    >>> layer_sizes([[[[0.1, -2.0]], [0.0]]])
    [2, 1]
    """
    return [len(parameters[0][0][0]), *(len(bias) for _, bias in parameters)]


def layer_tensors(parameters: Parameters) -> list[Layer]:
    """Return the layers in double precision.

    Examples
    --------
    >>> layer_tensors([[[[0.1, -2.0]], [0.0]]])[0].bias
    tensor([0.], dtype=torch.float64)
    """
    return [
        Layer(*(torch.tensor(part, dtype=torch.float64) for part in layer)) for layer in parameters
    ]


def _as_written(values: Row | Matrix, name: str) -> Float[Tensor, "..."]:
    try:
        given = values if isinstance(values, Tensor) else np.array(values)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"{name} holds no numbers, or rows of unequal length: {error}") from error
    numbers = finite_numbers(given, name) + 0.0  # −0.0 + 0.0 is 0.0
    if numbers.numel() and numbers.abs().max() > LARGEST:
        raise OptionError(f"{name} holds numbers beyond {LARGEST:,.0f}; scale them down")
    if given.dtype in (torch.float32, np.float32):
        # 0.1 in float32 is 0.10000000149…; whoever wrote 0.1 meant 0.1.
        return torch.from_numpy(numbers.numpy().astype("f4").astype("U").astype("f8"))
    return numbers


def _expect_a_chain(parameters: Parameters) -> None:
    sizes = layer_sizes(parameters) if all(weight for weight, _ in parameters) else [0]
    if not 0 < min(sizes) <= max(sizes) <= WIDEST:
        raise ShapeError(
            f"the layers have {' → '.join(map(str, sizes))} neurons; expected 1 to {WIDEST} in each"
        )
    for k, (before, (weight, _)) in enumerate(pairwise([[], *parameters])):
        if before and len(weight[0]) != len(before[1]):
            raise ShapeError(
                f"network[{k}] takes {len(weight[0])} numbers, but network[{k - 1}] gives "
                f"{len(before[1])}; expected a weight of ({len(weight)}, {len(before[1])})"
            )
