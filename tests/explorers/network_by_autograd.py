"""A small network as torch alone has it: what the explorer's numbers are compared with."""

import itertools

import torch

FUNCTIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
}
SIZES = [(1, 1), (3, 2), (2, 2, 1), (4, 6, 5), (6, 6, 6, 6), (1, 3, 1, 2)]


def network(sizes, seed=0):
    """Draw layers, an example and its target."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    layers = [(draw(out, into), draw(out)) for into, out in itertools.pairwise(sizes)]
    return layers, draw(sizes[0]), draw(sizes[-1])


def both_passes(layers, x, target, activation):
    """Return values, sums, the loss, slopes and gradients, all by autograd."""
    layers = [tuple(part.clone().requires_grad_() for part in layer) for layer in layers]
    values, sums = [x], []
    for weight, bias in layers:
        sums.append(weight @ values[-1] + bias)
        sums[-1].retain_grad()
        values.append(sums[-1] if len(sums) == len(layers) else FUNCTIONS[activation](sums[-1]))
    loss = ((values[-1] - target) ** 2).sum()
    loss.backward()
    return {
        "values": [value.detach() for value in values],
        "sums": [z.detach() for z in sums],
        "loss": loss.detach(),
        "slopes": [z.grad for z in sums],
        "gradients": [tuple(part.grad for part in layer) for layer in layers],
    }


def descended(layers, x, target, activation, lr, steps):
    """Take steps of torch's own SGD; return the layers and the loss before each."""
    layers = [tuple(part.clone().requires_grad_() for part in layer) for layer in layers]
    optimizer = torch.optim.SGD([part for layer in layers for part in layer], lr=lr)
    losses = []
    for _ in range(steps):
        value = x
        for k, (weight, bias) in enumerate(layers):
            value = weight @ value + bias
            value = value if k == len(layers) - 1 else FUNCTIONS[activation](value)
        loss = ((value - target) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return [tuple(part.detach() for part in layer) for layer in layers], losses


def in_order(sizes, passes):
    """List every number in the order in which it is worked out: forward, the loss, back."""
    numbers = [value for row in passes["values"][1:] for value in row.tolist()]
    numbers.append(passes["loss"].item())
    for slopes, (weight, bias) in reversed(
        list(zip(passes["slopes"], passes["gradients"], strict=True))
    ):
        for unit, slope in enumerate(slopes.tolist()):
            numbers += [slope, *weight[unit].tolist(), bias[unit].item()]
    return numbers
