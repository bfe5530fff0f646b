"""A small network as Python code: what the button "Copy as Python" gives, to be run and changed."""

from collections.abc import Sequence

from labkit.explorers.network_layers import Parameters
from labkit.explorers.network_steps import Step

__all__ = ["network_code"]

CODE = """\
import torch

x = torch.tensor({x})
target = torch.tensor({target})
network = [
{layers}
]
lr = {lr}

parameters = [p.requires_grad_() for layer in network for p in layer]
values, sums = [x], []
for weight, bias in network:
    sums.append(weight @ values[-1] + bias)
    sums[-1].retain_grad()
    values.append({activation})
output = sums[-1]  # no activation follows the last layer
loss = ((output - target) ** 2).sum()
loss.backward()
print({shown})

with torch.no_grad():
    for parameter in parameters:
        parameter -= lr * parameter.grad
"""
LAYER = "    (torch.tensor({}), torch.tensor({})),"
ACTIVATIONS = {
    "relu": "torch.relu(sums[-1])",
    "tanh": "torch.tanh(sums[-1])",
    "sigmoid": "torch.sigmoid(sums[-1])",
    "identity": "sums[-1]",
}


def network_code(
    parameters: Parameters,
    step: Step,
    *,
    x: Sequence[float],
    target: Sequence[float],
    activation: str,
    lr: float,
) -> str:
    """Write both passes of a network and one step of gradient descent, and print one number.

    Examples
    --------
    >>> code = network_code(
    ...     [[[[2.0]], [1.0]]], Step("slope"), x=[3.0], target=[5.0], activation="relu", lr=0.1
    ... )
    >>> print(code.splitlines()[-5])
    print(sums[0].grad[0])
    """
    return CODE.format(
        x=list(x),
        target=list(target),
        layers="\n".join(LAYER.format(*layer) for layer in parameters),
        lr=lr,
        activation=ACTIVATIONS[activation],
        shown=_expression(parameters, step),
    )


def _expression(parameters: Parameters, step: Step) -> str:
    kind, k, unit, source = step
    if kind == "loss":
        return "loss"
    if kind == "slope":
        return f"sums[{k}].grad[{unit}]"
    if kind == "sum":
        return f"output[{unit}]" if k == len(parameters) - 1 else f"values[{k + 1}][{unit}]"
    is_bias = source == len(parameters[k][0][0])
    return f"network[{k}][1].grad[{unit}]" if is_bias else f"network[{k}][0].grad[{unit}, {source}]"
