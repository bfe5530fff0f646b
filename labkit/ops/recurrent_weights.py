"""The weights of a recurrent network under PyTorch's names, read and checked layer by layer.

``weight_ih_l0`` multiplies the *input* of layer 0, ``weight_hh_l0`` its *hidden* state; the ending
``_reverse`` belongs to the direction that reads from the end. The rows of all gates lie on top of
one another, so that one product serves them all: r, z, n in a GRU, i, f, g, o in an LSTM.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.ops.arguments import expect_alike

__all__ = ["GATES", "LayerWeights", "expect_fitting", "read_weights"]

# Blocks of rows in each weight matrix; a plain RNN has no gates, but its one block of sums.
GATES = {"RNN": 1, "RNN with an output gate": 2, "GRU": 3, "LSTM": 4}

_KEY = re.compile(r"(weight_ih|weight_hh|bias_ih|bias_hh)_l(\d+)(_reverse)?")


class LayerWeights(NamedTuple):
    """The weights of one layer in one direction.

    Parameters
    ----------
    weight_ih
        What the input is multiplied by, (gates * hidden, input).
    weight_hh
        What the previous state is multiplied by, (gates * hidden, hidden).
    bias_ih, bias_hh
        What is added to each of the two products; ``None`` adds nothing.
    peepholes
        Of an LSTM, what the gates i, f and o see of the cell, (3, hidden); no PyTorch layer has
        them.
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    peepholes: Tensor | None = None


def read_weights(
    weights: Mapping[str, Tensor],
    kind: str,
    input_size: int,
    *,
    num_layers: int | None = None,
    bidirectional: bool | None = None,
) -> list[list[LayerWeights]]:
    """Read layers, directions and biases from the names, and check every shape.

    Parameters
    ----------
    weights
        As ``nn.RNN(...).state_dict()``, or ``dict(module.named_parameters())`` to train them.
    kind
        ``"RNN"``, ``"GRU"`` or ``"LSTM"``.
    input_size
        Features of one time step of the input.
    num_layers, bidirectional
        What the caller expects; ``None`` takes what the names say.

    Returns
    -------
    list of list of LayerWeights
        For each layer from the bottom: one direction, or forward and reverse.

    Raises
    ------
    OptionError
        If a name is missing or means nothing, or the caller expects something else.
    ShapeError
        If a weight has another shape than its place asks for.

    Examples
    --------
    >>> import torch
    >>> [[layer]] = read_weights(torch.nn.GRU(2, 3).state_dict(), "GRU", 2)
    >>> layer.weight_ih.shape
    torch.Size([9, 2])
    """
    if not isinstance(weights, Mapping):
        raise OptionError(
            f"weights must be a mapping from names to tensors, got {type(weights).__name__}; "
            f"of a module use module.state_dict(), or dict(module.named_parameters())"
        )
    layers, directions, bias = _read_names(weights, kind)
    if num_layers not in (None, layers):
        raise OptionError(f"num_layers={num_layers}, but the weights are those of {layers}")
    if bidirectional not in (None, directions == 2):
        raise OptionError(
            f"bidirectional={bidirectional}, but the weights are those of {directions} "
            f"direction{'s' * (directions > 1)}; the second one's names end in _reverse"
        )
    hidden = weights["weight_hh_l0"].shape[-1]
    stack = []
    for layer in range(layers):
        width = hidden * directions if layer else input_size
        suffixes = [f"_l{layer}", f"_l{layer}_reverse"][:directions]
        stack.append([_read_layer(weights, suffix, bias) for suffix in suffixes])
        for suffix, read in zip(suffixes, stack[-1], strict=True):
            expect_fitting(read, kind, width, hidden, suffix)
    return stack


def _read_names(weights: Mapping[str, Tensor], kind: str) -> tuple[int, int, bool]:
    """Return the number of layers, of directions, and whether there are biases."""
    found = {name: _KEY.fullmatch(name) for name in weights}
    for name, match in found.items():
        if "weight_hr" in name:
            raise OptionError(f"{name} projects the state: proj_size is not supported; use 0")
        if match is None:
            raise OptionError(
                f"weights holds {name!r}, which is no weight of a recurrent layer; names are "
                f"those of nn.{kind}(...).state_dict(), such as 'weight_ih_l0'"
            )
    layers = 1 + max((int(match[2]) for match in found.values() if match), default=0)
    directions = 1 + any(name.endswith("_reverse") for name in weights)
    bias = any(name.startswith("bias") for name in weights)
    parts = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if bias else [])]
    endings = ["", "_reverse"][:directions]
    expected = [f"{p}_l{n}{end}" for n in range(layers) for end in endings for p in parts]
    missing = [name for name in expected if name not in weights]
    if missing:
        raise OptionError(
            f"weights lacks {missing[0]!r}: {layers} layer(s) in {directions} direction(s) "
            f"{'with' if bias else 'without'} bias need {', '.join(expected)}"
        )
    return layers, directions, bias


def _read_layer(weights: Mapping[str, Tensor], suffix: str, bias: bool) -> LayerWeights:
    parts = LayerWeights._fields[: 4 if bias else 2]
    return LayerWeights(*(weights[part + suffix] for part in parts))


def expect_fitting(
    layer: LayerWeights, kind: str, input_size: int, hidden: int, suffix: str = ""
) -> None:
    """Refuse the weights of one layer that do not fit one another, its input or its state.

    Parameters
    ----------
    layer
        The weights.
    kind
        ``"RNN"``, ``"GRU"`` or ``"LSTM"``, or another with a number of gates in `GATES`.
    input_size, hidden
        Features of the input, and units of the state.
    suffix
        What follows ``weight_ih`` in the names that the caller knows.

    Raises
    ------
    ShapeError
        Naming the weight, the shape that was expected and where it comes from.

    Examples
    --------
    >>> import torch
    >>> expect_fitting(LayerWeights(torch.ones(6, 5), torch.ones(6, 2)), "GRU", 5, 2)
    """
    expect_alike(**{f"{part}{suffix}": tensor for part, tensor in layer._asdict().items()})
    rows = GATES[kind] * hidden
    shapes = {
        "weight_ih": (rows, input_size),
        "weight_hh": (rows, hidden),
        "peepholes": (3, hidden),
    }
    for part, tensor in layer._asdict().items():
        expected = shapes.get(part, (rows,))
        if tensor is not None and tensor.shape != expected:
            raise ShapeError(
                f"{part}{suffix} must have shape {expected}, got {tuple(tensor.shape)}: "
                f"{GATES[kind]} × {hidden} rows ({kind}, hidden size {hidden})"
                + _columns(part, input_size, hidden)
                + _other_kind(tensor, kind, hidden)
            )


def _columns(part: str, input_size: int, hidden: int) -> str:
    columns = {"weight_ih": f"{input_size} features of its input", "weight_hh": f"{hidden} units"}
    return f", one column for each of {columns[part]}" if part in columns else ""


def _other_kind(tensor: Tensor, kind: str, hidden: int) -> str:
    """Say whose weights these are, if the rows tell."""
    for other in ("RNN", "GRU", "LSTM"):
        if other != kind and len(tensor) == GATES[other] * hidden:
            return f"; {len(tensor)} rows are those of nn.{other}"
    return ""
