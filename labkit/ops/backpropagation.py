"""Back-propagation: the chain rule, walked from the loss back to the first layer [1]_.

On the way forward a layer makes weighted sums ``z = a W^T + b``, and the activation ``a = f(z)``
goes on. On the way back it takes δ, the gradient of the loss with respect to its z, and gives three
gradients: δᵀ a for its weights, the sum of δ over the batch for its bias, and δ W for the a that
came in, from which the layer before makes its own δ by multiplying by f'(z). Back-propagation
changes no weight: it computes gradients, and gradient descent takes the step.

B example in the batch, I O features into and out of a layer, C class.

References
----------
.. [1] Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors.
   https://doi.org/10.1038/323533a0. Their x is our z, and their y our a.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Integer
from torch import Tensor
from torch.nn.functional import one_hot

from labkit.errors import DeviceError, ShapeError
from labkit.ops.arguments import (
    expect_alike,
    expect_classes,
    expect_float,
    expect_one_of,
    expect_same_shape,
    expect_tensor,
)
from labkit.ops.neural_network import (
    Activation,
    Forward,
    Layer,
    forward,
    forward_loops,
    init_layers,
)
from labkit.ops.softmax import softmax

__all__ = [
    "Forward",
    "Layer",
    "backward",
    "backward_loops",
    "cross_entropy_gradient",
    "forward",
    "forward_loops",
    "init_layers",
    "mse_gradient",
]

# The slope f'(z) of each activation. That of relu at NaN is 1, as in autograd: no NaN is lost.
_SLOPES = {
    "tanh": lambda z: 1 - torch.tanh(z) ** 2,
    "relu": lambda z: (~(z <= 0)).to(z.dtype),
    "sigmoid": lambda z: torch.sigmoid(z) * (1 - torch.sigmoid(z)),
    "identity": torch.ones_like,
}


def cross_entropy_gradient(
    logits: Float[Tensor, "B C"], target: Integer[Tensor, " B"]
) -> Float[Tensor, "B C"]:
    """Give the gradient of the mean cross-entropy: what was predicted, minus what was true, over B.

    ``(softmax(logits) - one_hot(target)) / B``: each row adds up to zero, and no entry is larger
    than 1/B, however wrong the prediction.

    Raises
    ------
    DTypeError, OptionError, ShapeError, DeviceError
        If the targets are not one class from 0 to C - 1 for each row of logits, on their device.

    Examples
    --------
    >>> cross_entropy_gradient(torch.zeros(1, 2), torch.tensor([1])).tolist()
    [[0.5, -0.5]]
    """
    expect_float("logits", logits)
    expect_tensor("target", target)
    if logits.dim() != 2 or target.shape != logits.shape[:1]:
        raise ShapeError(
            "logits must be (batch, classes) and target (batch,), "
            f"got {tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if target.device != logits.device:
        raise DeviceError(
            f"logits are on {logits.device} but target is on {target.device}; "
            "use target.to(logits.device)"
        )
    batch, classes = logits.shape
    expect_classes(target, classes)
    truth = one_hot(target.long(), classes).to(logits.dtype)
    return (softmax(logits, dim=1) - truth) / batch


def mse_gradient(
    output: Float[Tensor, "*shape"], target: Float[Tensor, "*shape"]
) -> Float[Tensor, "*shape"]:
    """Give the gradient of the mean squared error: twice the difference, over how many there are.

    Raises
    ------
    ShapeError, DTypeError, DeviceError
        If the two differ in shape, dtype or device.

    Examples
    --------
    >>> mse_gradient(torch.tensor([3.0, 1.0]), torch.tensor([1.0, 1.0])).tolist()
    [2.0, 0.0]
    """
    expect_alike(output=output, target=target)
    expect_same_shape(output=output, target=target)
    return 2 * (output - target) / output.numel()


def backward_loops(
    trace: Forward,
    layers: Sequence[Layer],
    gradient: Float[Tensor, "B O"],
    *,
    activation: Activation = "tanh",
) -> tuple[list[Layer], Float[Tensor, "B I"]]:
    """Follow each path back, one product at a time: the definition of `backward`, slow on purpose.

    Examples
    --------
    >>> layer = Layer(torch.tensor([[10.0, 100.0]]), torch.tensor([0.5]))
    >>> trace = forward(torch.tensor([[2.0, 3.0]]), [layer])
    >>> backward_loops(trace, [layer], torch.ones(1, 1))[1].tolist()
    [[10.0, 100.0]]
    """
    _expect_trace(trace, layers, gradient, activation)
    gradients = []
    for k in reversed(range(len(layers))):
        a, z, weight = trace.inputs[k], trace.sums[k], layers[k].weight
        slope = _SLOPES["identity" if k == len(layers) - 1 else activation]
        ours = Layer(torch.zeros_like(weight), torch.zeros_like(layers[k].bias))
        incoming = torch.zeros_like(a)
        for b in range(len(z)):
            for o in range(len(weight)):
                delta = gradient[b, o] * slope(z[b, o])
                ours.bias[o] += delta
                for i in range(weight.shape[1]):
                    ours.weight[o, i] += delta * a[b, i]
                    incoming[b, i] += delta * weight[o, i]
        gradients.append(ours)
        gradient = incoming
    return gradients[::-1], gradient


def backward(
    trace: Forward,
    layers: Sequence[Layer],
    gradient: Float[Tensor, "B O"],
    *,
    activation: Activation = "tanh",
) -> tuple[list[Layer], Float[Tensor, "B I"]]:
    """Carry the loss's gradient from the output back through every layer.

    Parameters
    ----------
    trace
        What `forward` returned for these layers.
    layers
        The layers it went through.
    gradient
        Of the loss, with respect to the output: `cross_entropy_gradient` or `mse_gradient`.
    activation
        The one that the way forward had.

    Returns
    -------
    gradients
        Of the loss, with respect to each layer's weight and bias, in the order of the layers.
    gradient
        Of the loss, with respect to ``x``.

    Raises
    ------
    ShapeError
        If the trace was made by other layers, or the gradient is not of the output's shape.
    DTypeError, DeviceError
        If the gradient differs from the output in dtype or device.
    OptionError
        If the activation is not one of the four.

    Examples
    --------
    >>> layer = Layer(torch.tensor([[10.0, 100.0]]), torch.tensor([0.5]))
    >>> trace = forward(torch.tensor([[2.0, 3.0]]), [layer])
    >>> (ours,), of_x = backward(trace, [layer], torch.ones(1, 1))
    >>> ours.weight.tolist(), ours.bias.tolist(), of_x.tolist()
    ([[2.0, 3.0]], [1.0], [[10.0, 100.0]])
    """
    _expect_trace(trace, layers, gradient, activation)
    slope = _SLOPES[activation]
    gradients = []
    for (weight, _), a, z in reversed(list(zip(layers, trace.inputs, trace.sums, strict=True))):
        delta = gradient * slope(z) if gradients else gradient  # the last layer has no activation
        gradients.append(Layer(delta.T @ a, delta.sum(0)))
        gradient = delta @ weight
    return gradients[::-1], gradient


def _expect_trace(
    trace: Forward, layers: Sequence[Layer], gradient: Tensor, activation: str
) -> None:
    expect_one_of("activation", activation, _SLOPES)
    expect_alike(output=trace.output, gradient=gradient)
    expect_same_shape(output=trace.output, gradient=gradient)
    made_by = [(a.shape[1], z.shape[1]) for a, z in zip(trace.inputs, trace.sums, strict=True)]
    given = [tuple(reversed(layer.weight.shape)) for layer in layers]
    if made_by != given:
        raise ShapeError(
            f"the trace was made by layers of features {made_by}, but these have {given}; "
            "give backward the layers that forward had"
        )
