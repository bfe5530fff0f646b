"""One explorer of each kind, by the name of its module: what tests of all explorers show."""

import torch


def attention():
    from labkit.explorers.attention import AttentionExplorer

    torch.manual_seed(0)
    queries, keys, values = torch.randn(2, 5, 4), torch.randn(2, 5, 4), torch.randn(2, 5, 3)
    tokens = ["the", "cat", "saw", "it", "now"]
    return AttentionExplorer(queries, keys, values, tokens=tokens, mask="padding")


def convolution():
    from labkit.explorers.convolution import ConvolutionExplorer

    image = torch.arange(48.0).reshape(8, 6) % 7
    # A stride that does not divide, so that the red of its size is there too.
    return ConvolutionExplorer(image, presets={"learned": [[1.5, 2.0], [0.0, -1.0]]}, stride=2)


def neural_network():
    from labkit.explorers.neural_network import NeuralNetworkExplorer
    from labkit.ops.backpropagation import Layer

    hidden = Layer(torch.tensor([[0.5, 1.0], [1.0, -1.5]]), torch.tensor([0.0, 0.5]))
    last = Layer(torch.tensor([[1.0, -1.0]]), torch.tensor([0.5]))
    return NeuralNetworkExplorer([hidden, last], torch.tensor([2.0, 1.0]), torch.tensor([1.0]))


def pooling():
    from labkit.explorers.pooling import PoolingExplorer

    image = torch.arange(54.0).reshape(9, 6) % 7
    return PoolingExplorer(image, kernel_size=3, stride=2, padding=1, shift=(1, 0))


def positional_encoding():
    from labkit.explorers.positional_encoding import PositionalEncodingExplorer

    return PositionalEncodingExplorer(20, 7, base=100.0, kind="rotary", dimension=3)


def recurrence():
    from labkit.explorers.recurrence import RecurrenceExplorer

    inputs = torch.eye(4)[[0, 1, 2, 2, 3]]
    return RecurrenceExplorer(inputs, kind="lstm", tokens="hello", unit=2)


EXAMPLES = {
    make.__name__: make
    for make in (attention, convolution, neural_network, pooling, positional_encoding, recurrence)
}
