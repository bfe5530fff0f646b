"""A neural network: weighted sums, with an activation between one and the next.

A layer takes the weighted sums ``z = a W^T + b`` of what comes in; the activation ``a = f(z)`` goes
on to the next layer. The last layer has no activation: its sums are the network's output, such as
the logits of a classifier. Without any activation ("identity") the layers multiply out to one
matrix, and however many they are, the network is a linear model [1]_. Books call this network a
multilayer perceptron (MLP).

B example in the batch, I O features into and out of a layer.

References
----------
.. [1] Goodfellow, Bengio and Courville (2016), Deep Learning, chapter 6.
   https://www.deeplearningbook.org/contents/mlp.html
.. [2] LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, section 4.6: the first weights.
   http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf
"""

from collections.abc import Sequence
from itertools import pairwise
from numbers import Integral
from typing import Literal, NamedTuple, SupportsIndex

import torch
from jaxtyping import Float
from torch import Tensor

from labkit.errors import OptionError, ShapeError
from labkit.ops.arguments import expect_alike, expect_one_of

__all__ = ["Forward", "Layer", "forward", "forward_loops", "init_layers"]

Activation = Literal["tanh", "relu", "sigmoid", "identity"]

_ACTIVATIONS = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
}


class Layer(NamedTuple):
    """The numbers of one layer, or the gradient with respect to each of them."""

    weight: Float[Tensor, "O I"]
    bias: Float[Tensor, " O"]


class Forward(NamedTuple):
    """What the way forward gives, and what it keeps for the way back.

    ``output`` is the last layer's sums; ``inputs`` holds what came into each layer (a), and
    ``sums`` its weighted sums (z).
    """

    output: Float[Tensor, "B O"]
    inputs: list[Tensor]
    sums: list[Tensor]


def init_layers(
    sizes: Sequence[SupportsIndex],
    *,
    generator: torch.Generator | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> list[Layer]:
    """Start small and at random: weights of standard deviation 1/√I [2]_, biases of zero.

    Equal weights would get equal gradients and stay equal for ever; weights of this size give sums
    as large as what came in, so that neither values nor gradients fade from layer to layer.

    Parameters
    ----------
    sizes
        Features at the input, then out of each layer: ``(64, 32, 10)`` makes two layers.
    generator
        Where the random numbers come from; they are drawn on its own device.
    dtype, device
        Of the layers; PyTorch's defaults where nothing is said.

    Raises
    ------
    OptionError
        If ``sizes`` is not two or more whole numbers above zero.

    Examples
    --------
    >>> layers = init_layers((64, 32, 10), generator=torch.Generator().manual_seed(0))
    >>> [tuple(layer.weight.shape) for layer in layers]
    [(32, 64), (10, 32)]
    """
    if len(sizes) < 2 or not all(isinstance(size, Integral) and size > 0 for size in sizes):
        raise OptionError(
            f"sizes must be two or more whole numbers above 0, such as (64, 32, 10); got {sizes}"
        )
    drawn_on = device if generator is None else generator.device
    layers = []
    for fan_in, fan_out in pairwise(sizes):
        normal = torch.randn(fan_out, fan_in, generator=generator, dtype=dtype, device=drawn_on)
        weight = (normal / fan_in**0.5).to(device)
        layers.append(Layer(weight, torch.zeros_like(weight[:, 0])))
    return layers


def forward_loops(
    x: Float[Tensor, "B I"], layers: Sequence[Layer], *, activation: Activation = "tanh"
) -> Forward:
    """Add up one weighted sum at a time: the definition of `forward`, slow on purpose.

    Examples
    --------
    >>> layer = Layer(torch.tensor([[10.0, 100.0]]), torch.tensor([0.5]))
    >>> forward_loops(torch.tensor([[2.0, 3.0]]), [layer]).output.tolist()
    [[320.5]]
    """
    _expect_fitting(x, layers, activation)
    inputs, sums = [], []
    for weight, bias in layers:
        a = _ACTIVATIONS[activation](sums[-1]) if sums else x
        z = torch.zeros(len(x), len(weight), dtype=x.dtype, device=x.device)
        for b in range(len(x)):
            for o in range(len(weight)):
                z[b, o] = bias[o] + sum(a[b, i] * weight[o, i] for i in range(weight.shape[1]))
        inputs.append(a)
        sums.append(z)
    return Forward(sums[-1], inputs, sums)


def forward(
    x: Float[Tensor, "B I"], layers: Sequence[Layer], *, activation: Activation = "tanh"
) -> Forward:
    """Send a batch through the layers, and keep what the way back needs.

    Parameters
    ----------
    x
        One row for each example.
    layers
        In their order; each takes as many features as the one before gives.
    activation
        What stands between the layers; none follows the last.

    Returns
    -------
    Forward
        The output, what came into each layer, and each layer's weighted sums.

    Raises
    ------
    ShapeError
        If there is no layer, or one does not take what the one before gives.
    DTypeError, DeviceError
        If a tensor is not floating point, or the tensors differ in dtype or device.
    OptionError
        If the activation is not one of the four.

    Examples
    --------
    >>> hidden = Layer(torch.eye(2), torch.zeros(2))
    >>> last = Layer(torch.tensor([[10.0, 100.0]]), torch.tensor([0.5]))
    >>> forward(torch.tensor([[-2.0, 3.0]]), [hidden, last], activation="relu").output.tolist()
    [[300.5]]
    """
    _expect_fitting(x, layers, activation)
    inputs, sums = [], []
    for weight, bias in layers:
        a = _ACTIVATIONS[activation](sums[-1]) if sums else x
        z = a @ weight.T + bias
        inputs.append(a)
        sums.append(z)
    return Forward(sums[-1], inputs, sums)


def _expect_fitting(x: Tensor, layers: Sequence[Layer], activation: str) -> None:
    expect_one_of("activation", activation, _ACTIVATIONS)
    if not layers:
        raise ShapeError("a network needs one layer at least, got none; see init_layers")
    for k, (weight, bias) in enumerate(layers):
        expect_alike(x=x, **{f"layers[{k}].weight": weight, f"layers[{k}].bias": bias})
    if x.dim() != 2:
        raise ShapeError(f"x must be (batch, features), got {tuple(x.shape)}")
    features = x.shape[1]
    for k, (weight, bias) in enumerate(layers):
        if weight.dim() != 2 or weight.shape[1] != features or bias.shape != weight.shape[:1]:
            raise ShapeError(
                f"{features} features come into layers[{k}], so its weight must be "
                f"(out, {features}) and its bias (out,); got weight {tuple(weight.shape)} and "
                f"bias {tuple(bias.shape)}"
            )
        features = len(weight)
