"""What a recurrent update asks of its input, its states and its weights."""

from torch import Tensor

from labkit.errors import ShapeError
from labkit.ops.arguments import expect_alike
from labkit.ops.recurrent_weights import LayerWeights, expect_fitting

__all__ = ["expect_pair", "expect_peepholes", "expect_step"]


def expect_pair(state: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Refuse an LSTM's state that is not both h and c.

    Raises
    ------
    ShapeError
        Saying what a state is.

    Examples
    --------
    >>> import torch
    >>> h, c = expect_pair((torch.zeros(2), torch.ones(2)))
    """
    if not isinstance(state, tuple | list) or len(state) != 2:
        raise ShapeError("an LSTM's state is a pair (h, c) of tensors; start with zeros for both")
    return state[0], state[1]


def expect_peepholes(peepholes: Tensor, x: Tensor, shape: tuple[int, ...]) -> None:
    """Refuse peepholes that are not one number for each of i, f and o of each unit.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        Saying what was expected.

    Examples
    --------
    >>> import torch
    >>> expect_peepholes(torch.zeros(3, 5), torch.zeros(2), (3, 5))
    """
    expect_alike(x=x, peepholes=peepholes)
    if peepholes.shape != shape:
        raise ShapeError(
            f"peepholes must have shape {shape}, got {tuple(peepholes.shape)}: one number for "
            f"each of the gates i, f and o, and each of {shape[-1]} units"
        )


def expect_step(kind: str, x: Tensor, state: tuple[Tensor, ...], layer: LayerWeights) -> None:
    """Refuse an input, states and weights that do not fit one another.

    Parameters
    ----------
    kind
        As in `labkit.ops.recurrent_weights.GATES`.
    x
        The input, with any number of batch axes before its features.
    state
        h, and c in an LSTM.
    layer
        The weights.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        Naming what does not fit.

    Examples
    --------
    >>> import torch
    >>> layer = LayerWeights(torch.ones(2, 3), torch.ones(2, 2))
    >>> expect_step("RNN", torch.ones(3), (torch.zeros(2),), layer)
    """
    parts = zip(("h", "c"), state, strict=False)
    expect_alike(x=x, **dict(parts), **layer._asdict())
    if x.dim() == 0 or any(s.dim() == 0 or s.shape[:-1] != x.shape[:-1] for s in state):
        raise ShapeError(
            "x must be (batch, features) and each state (batch, hidden), of one batch, or both "
            f"without it; got x {tuple(x.shape)}, state {[tuple(s.shape) for s in state]}"
        )
    if any(s.shape != state[0].shape for s in state):
        raise ShapeError(f"h {tuple(state[0].shape)} and c {tuple(state[1].shape)} must be alike")
    expect_fitting(layer, kind, x.shape[-1], state[0].shape[-1])
