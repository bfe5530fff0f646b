"""labkit.ops.recurrent_loops: the definition itself, against PyTorch and its own gradients."""

import pytest
import torch

from labkit.errors import OptionError
from labkit.ops.recurrent_loops import gru_loops, lstm_loops, rnn_loops

LOOPS = {"RNN": rnn_loops, "GRU": gru_loops, "LSTM": lstm_loops}


def problem(kind, **options):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = getattr(torch.nn, kind)(2, 3, **options).double()
        return module, torch.randn(3, 2, 2, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("kind", LOOPS)
def test_agrees_with_pytorch_in_values_and_all_gradients(kind, bias):
    module, x = problem(kind, num_layers=2, bidirectional=True, bias=bias)
    weights = dict(module.named_parameters())
    ours, theirs = LOOPS[kind](x, weights), module(x)
    torch.testing.assert_close(ours, theirs)
    leaves = [x, *weights.values()]
    mine, its = (torch.autograd.grad(output.sin().sum(), leaves) for output, _ in (ours, theirs))
    torch.testing.assert_close(mine, its)


def test_relu_agrees_with_pytorch():
    module, x = problem("RNN", nonlinearity="relu")
    torch.testing.assert_close(
        rnn_loops(x, module.state_dict(), nonlinearity="relu"), tuple(module(x))
    )


@pytest.mark.parametrize("kind", LOOPS)
def test_gradcheck(kind):
    module, x = problem(kind)
    weights = module.state_dict()
    assert torch.autograd.gradcheck(lambda x: LOOPS[kind](x, weights, lengths=[3, 1])[0], x)


@pytest.mark.usefixtures("as_learners_run_it")
def test_it_takes_the_same_options_and_no_others():
    module, x = problem("RNN")
    with pytest.raises(OptionError, match="num_layers=2"):
        rnn_loops(x, module.state_dict(), num_layers=2)
    with pytest.raises(TypeError, match="dropout"):
        rnn_loops(x, module.state_dict(), dropout=0.5)
