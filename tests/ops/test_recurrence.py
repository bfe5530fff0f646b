"""labkit.ops.recurrence: worked numbers, its loops, PyTorch over a grid, gradients, edges."""

from itertools import product
from math import exp, tanh

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops.recurrence import gru, gru_loops, lstm, lstm_loops, lstm_update, rnn, rnn_loops

NETWORKS = {
    "tanh": (rnn, rnn_loops, torch.nn.RNN, {}),
    "relu": (rnn, rnn_loops, torch.nn.RNN, {"nonlinearity": "relu"}),
    "GRU": (gru, gru_loops, torch.nn.GRU, {}),
    "LSTM": (lstm, lstm_loops, torch.nn.LSTM, {}),
}
STACKS = [
    {"num_layers": layers, "bidirectional": both, "bias": bias}
    for layers, both, bias in product([1, 3], [False, True], [False, True])
]
LAYOUTS = ["time first", "batch first", "unbatched"]
LENGTHS = [3, 5, 1, 5]  # of 6 steps


def numbers(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


class Problem:
    """A PyTorch layer of 3 features and 4 units, the same in labkit, and something to read."""

    def __init__(self, kind, layout="time first", *, batch=4, start=False, time=6, **stack):
        self.fast, self.slow, module, self.options = NETWORKS[kind]
        with torch.random.fork_rng():
            torch.manual_seed(0)
            first = {"batch_first": True} if layout == "batch first" else {}
            self.module = module(3, 4, **stack, **first, **self.options).double()
        self.options = self.options | first
        self.weights = dict(self.module.named_parameters())
        shape = {"time first": (time, batch, 3), "batch first": (batch, time, 3)}
        self.x = numbers(*shape.get(layout, (time, 3))).requires_grad_()
        places = stack.get("num_layers", 1) * (1 + stack.get("bidirectional", False))
        axes = (places, 4) if layout == "unbatched" else (places, batch, 4)
        states = [numbers(*axes, seed=s).requires_grad_() for s in (1, 2)]
        self.states = (states if kind == "LSTM" else states[:1]) if start else []
        self.start = tuple(self.states) if len(self.states) > 1 else next(iter(self.states), None)
        self.leaves = [self.x, *self.states, *self.weights.values()]

    def ours(self, run=None, **options):
        run = run or self.fast
        return flat(run(self.x, self.weights, initial_state=self.start, **self.options, **options))

    def theirs(self):
        return flat(self.module(self.x, self.start))

    def theirs_packed(self, lengths, batch_first):
        options = {"batch_first": batch_first}
        packed = pack_padded_sequence(self.x, lengths, enforce_sorted=False, **options)
        output, last = self.module(packed, self.start)
        time = self.x.shape[1 if batch_first else 0]
        return flat((pad_packed_sequence(output, total_length=time, **options)[0], last))


def flat(result):
    output, last = result
    return [output, *(last if isinstance(last, tuple) else (last,))]


def assert_same(ours, theirs, leaves):
    """Compare all results, and the gradient of each leaf in a direction that mixes them all."""
    torch.testing.assert_close(ours, theirs)
    directions = [numbers(*result.shape, seed=9) for result in theirs]
    mine, its = (
        torch.autograd.grad(results, leaves, directions, allow_unused=True)
        for results in (ours, theirs)
    )
    torch.testing.assert_close(list(mine), list(its))


def sigmoid(number):
    return 1 / (1 + exp(-number))


@pytest.mark.parametrize("run", [rnn, rnn_loops])
def test_three_steps_of_two_units_worked_out(run):
    weights = {
        "weight_ih_l0": torch.tensor([[1.0], [-1.0]]),
        "weight_hh_l0": torch.tensor([[0.5, 0.0], [1.0, 0.5]]),
    }
    output, h = run(torch.tensor([[1.0], [0.0], [2.0]]), weights)
    a, b = tanh(1), tanh(-1)
    c, d = tanh(0.5 * a), tanh(a + 0.5 * b)
    e, f = tanh(2 + 0.5 * c), tanh(-2 + c + 0.5 * d)
    torch.testing.assert_close(output, torch.tensor([[a, b], [c, d], [e, f]]))
    torch.testing.assert_close(h, torch.tensor([[e, f]]))


@pytest.mark.parametrize("run", [lstm, lstm_loops])
def test_one_lstm_step_with_all_gates_worked_out(run):
    weights = {
        "weight_ih_l0": torch.tensor([[1.0], [2.0], [3.0], [4.0]]),
        "weight_hh_l0": torch.tensor([[0.1], [0.2], [0.3], [0.4]]),
        "bias_ih_l0": torch.tensor([1.0, 0.0, 0.0, 0.0]),
        "bias_hh_l0": torch.tensor([0.0, 0.0, 0.0, -1.0]),
    }
    start = torch.tensor([[10.0]]), torch.tensor([[2.0]])
    _, (h, c) = run(torch.tensor([[0.5]]), weights, initial_state=start)
    i, f = sigmoid(1 * 0.5 + 0.1 * 10 + 1), sigmoid(2 * 0.5 + 0.2 * 10)
    g, o = tanh(3 * 0.5 + 0.3 * 10), sigmoid(4 * 0.5 + 0.4 * 10 - 1)
    assert c.item() == pytest.approx(f * 2 + i * g)
    assert h.item() == pytest.approx(o * tanh(f * 2 + i * g))


@pytest.mark.parametrize("run", [gru, gru_loops])
def test_a_gru_resets_after_the_product_and_after_its_bias(run):
    weights = {
        "weight_ih_l0": torch.tensor([[1.0], [2.0], [3.0]]),
        "weight_hh_l0": torch.tensor([[0.1], [0.2], [0.3]]),
        "bias_ih_l0": torch.tensor([0.0, 0.0, 0.5]),
        "bias_hh_l0": torch.tensor([0.0, 0.0, 0.7]),
    }
    output, _ = run(torch.tensor([[0.5]]), weights, initial_state=torch.tensor([[2.0]]))
    r, z = sigmoid(0.5 + 0.1 * 2), sigmoid(2 * 0.5 + 0.2 * 2)
    n = tanh(3 * 0.5 + 0.5 + r * (0.3 * 2 + 0.7))
    assert output.item() == pytest.approx((1 - z) * n + z * 2)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_agrees_with_the_loops(kind, layout):
    problem = Problem(kind, layout, num_layers=2, bidirectional=True, batch=2, time=3, start=True)
    lengths = {} if layout == "unbatched" else {"lengths": [2, 3]}
    fast, slow = problem.ours(**lengths), problem.ours(problem.slow, **lengths)
    assert_same(fast, slow, problem.leaves)


@pytest.mark.parametrize("run", [lstm, lstm_loops])
def test_peepholes_agree_with_the_updates_of_each_step(run):
    problem = Problem("LSTM", start=True, batch=2, time=3)
    peepholes = numbers(3, 4, seed=5)
    state = tuple(initial[0] for initial in problem.start)
    for x in problem.x:
        state = lstm_update(x, state, *problem.weights.values(), peepholes=peepholes)
    _, *last = problem.ours(run, peepholes=peepholes)
    torch.testing.assert_close(tuple(s[0] for s in last), state)


def test_each_layer_and_direction_has_its_peepholes():
    problem = Problem("LSTM", num_layers=2, bidirectional=True, batch=2, time=3)
    peepholes = numbers(4, 3, 4, seed=5).requires_grad_()
    fast = problem.ours(peepholes=peepholes)
    slow = problem.ours(lstm_loops, peepholes=peepholes)
    assert_same(fast, slow, [*problem.leaves, peepholes])


@pytest.mark.parametrize("start", [False, True], ids=["zeros", "start"])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("stack", STACKS, ids=str)
@pytest.mark.parametrize("kind", NETWORKS)
def test_agrees_with_pytorch_in_values_and_all_gradients(kind, stack, layout, start):
    problem = Problem(kind, layout, start=start, **stack)
    assert_same(problem.ours(), problem.theirs(), problem.leaves)


@pytest.mark.parametrize("start", [False, True], ids=["zeros", "start"])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("stack", STACKS[1::2], ids=str)
@pytest.mark.parametrize("kind", NETWORKS)
def test_lengths_agree_with_packed_sequences(kind, stack, batch_first, start):
    problem = Problem(kind, LAYOUTS[batch_first], start=start, **stack)
    theirs = problem.theirs_packed(LENGTHS, batch_first)
    assert_same(problem.ours(lengths=LENGTHS), theirs, problem.leaves)
    torch.testing.assert_close(problem.ours(lengths=torch.tensor(LENGTHS)), theirs)


@pytest.mark.parametrize("run", ["fast", "slow"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_padding_of_nan_changes_nothing(kind, run):
    clean = Problem(kind, num_layers=2, bidirectional=True, start=True, time=5)
    padded = Problem(kind, num_layers=2, bidirectional=True, start=True, time=5)
    inside = torch.arange(5)[:, None] < torch.tensor([3, 5, 0, 2])
    with torch.no_grad():
        padded.x[~inside] = torch.nan
    results = [
        problem.ours(getattr(problem, run), lengths=[3, 5, 0, 2]) for problem in (clean, padded)
    ]
    gradients = [
        torch.autograd.grad([r.sin().sum() for r in result], problem.leaves)
        for result, problem in zip(results, (clean, padded), strict=True)
    ]
    torch.testing.assert_close(*results, rtol=0, atol=0)
    torch.testing.assert_close(*gradients, rtol=0, atol=0)
    assert not results[0][0][~inside].any()
    assert not gradients[0][0][~inside].any()
    assert results[0][0][inside].any()


@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=str)
@pytest.mark.parametrize("run", ["fast", "slow"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_reverse_is_a_flip_of_each_sequence_within_its_own_length(kind, run, lengths):
    def flipped(padded):
        result = padded.clone()
        for b, length in enumerate(lengths or [6] * 4):
            result[:length, b] = padded[:length, b].flip(0)
        return result

    problem = Problem(kind, num_layers=2, start=True)
    run = getattr(problem, run)
    output, *last = problem.ours(run, lengths=lengths, reverse=True)
    problem.x = flipped(problem.x)
    expected, *ends = problem.ours(run, lengths=lengths)
    torch.testing.assert_close([output, *last], [flipped(expected), *ends])


@pytest.mark.parametrize("kind", NETWORKS)
def test_gradcheck(kind):
    problem = Problem(kind, batch=2, time=2, start=True)
    names = list(problem.weights)

    def run(x, *rest):
        states, weights = rest[: len(problem.states)], rest[len(problem.states) :]
        start = states if len(states) > 1 else states[0]
        named = dict(zip(names, weights, strict=True))
        return tuple(
            flat(problem.fast(x, named, initial_state=start, lengths=[2, 1], **problem.options))
        )

    assert torch.autograd.gradcheck(run, problem.leaves)
    assert torch.autograd.gradgradcheck(run, problem.leaves, fast_mode=True)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("run", ["fast", "slow"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_the_dtype_is_kept_also_by_the_gradient(kind, run, dtype):
    problem = Problem(kind, batch=2, time=3)
    exact = problem.ours()
    x = problem.x.detach().to(dtype).requires_grad_()
    weights = {name: w.detach().to(dtype) for name, w in problem.weights.items()}
    results = flat(getattr(problem, run)(x, weights, **problem.options))
    (gradient,) = torch.autograd.grad(results[0].float().sum(), x)
    assert {r.dtype for r in results} == {gradient.dtype} == {dtype}
    for result, expected in zip(results, exact, strict=True):
        # States of size ~1, a few roundings at each of three steps.
        torch.testing.assert_close(
            result.double(), expected, rtol=0, atol=20 * torch.finfo(dtype).eps
        )
    (wanted,) = torch.autograd.grad(exact[0].sum(), problem.x)
    torch.testing.assert_close(gradient.double(), wanted, rtol=0, atol=40 * torch.finfo(dtype).eps)


@pytest.mark.parametrize("kind", NETWORKS)
def test_the_device_is_kept(kind):
    problem = Problem(kind)
    weights = {name: w.to("meta") for name, w in problem.weights.items()}
    for lengths in (None, LENGTHS):
        results = flat(problem.fast(problem.x.to("meta"), weights, lengths=lengths))
        assert {result.device.type for result in results} == {"meta"}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("lengths", [None, LENGTHS], ids=str)
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_gpu_gives_the_same(kind, lengths):
    problem = Problem(kind, num_layers=2, bidirectional=True)
    weights = {name: w.cuda() for name, w in problem.weights.items()}
    there = flat(problem.fast(problem.x.cuda(), weights, lengths=lengths, **problem.options))
    assert {result.device.type for result in there} == {"cuda"}
    torch.testing.assert_close([r.cpu() for r in there], problem.ours(lengths=lengths))


@pytest.mark.parametrize("run", ["fast", "slow"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_the_inputs_are_not_modified(kind, run):
    problem = Problem(kind, num_layers=2, start=True, batch=2, time=3)
    before = [leaf.clone() for leaf in problem.leaves]
    problem.ours(getattr(problem, run), lengths=[3, 1])
    assert all(torch.equal(a, b) for a, b in zip(problem.leaves, before, strict=True))


@pytest.mark.parametrize("kind", NETWORKS)
def test_views_that_are_not_contiguous(kind):
    problem = Problem(kind)
    views = {
        "expanded": problem.x[:, :1].expand(-1, 4, -1),
        "transposed": numbers(3, 4, 6).transpose(0, 2),
        "every second": numbers(12, 4, 3)[::2],
    }
    for view in views.values():
        problem.x = view
        torch.testing.assert_close(problem.ours(), problem.theirs())


@pytest.mark.parametrize("run", ["fast", "slow"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_an_empty_sequence_keeps_the_initial_state(kind, run):
    problem = Problem(kind, time=0, num_layers=2, start=True)
    output, *last = problem.ours(getattr(problem, run))
    assert output.shape == (0, 4, 4)
    assert all(torch.equal(a, b) for a, b in zip(last, problem.states, strict=True))
    torch.autograd.grad([s.sum() for s in last], problem.states)


@pytest.mark.parametrize("run", ["fast", "slow"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_length_of_0_keeps_the_initial_state(kind, reverse, run):
    problem = Problem(kind, start=True)
    output, *last = problem.ours(getattr(problem, run), lengths=[0, 6, 0, 2], reverse=reverse)
    for state, initial in zip(last, problem.states, strict=True):
        assert torch.equal(state[:, ::2], initial[:, ::2])
    assert not output[:, ::2].any()
    none_at_all = problem.ours(getattr(problem, run), lengths=[0] * 4)
    torch.testing.assert_close(none_at_all[1:], [*problem.states])
    assert not none_at_all[0].any()


@pytest.mark.parametrize("lengths", [None, []], ids=str)
@pytest.mark.parametrize("kind", NETWORKS)
def test_an_empty_batch(kind, lengths):
    problem = Problem(kind, batch=0, num_layers=2, bidirectional=True)
    output, *last = problem.ours(lengths=lengths)
    assert output.shape == (6, 0, 8)
    assert all(state.shape == (4, 0, 4) for state in last)
    torch.testing.assert_close([output, *last], problem.theirs())


@pytest.mark.parametrize("kind", NETWORKS)
def test_one_step(kind):
    problem = Problem(kind, time=1, bidirectional=True, start=True)
    assert_same(problem.ours(), problem.theirs(), problem.leaves)


@pytest.mark.parametrize("run", ["fast", "slow"])
@pytest.mark.parametrize("kind", NETWORKS)
def test_a_nan_stays_in_its_own_sequence_and_after_its_own_time(kind, run):
    problem = Problem(kind)
    clean, *_ = problem.ours()
    with torch.no_grad():
        problem.x[2, 1] = torch.nan
    output, *last = problem.ours(getattr(problem, run))
    assert output[2:, 1].isnan().all()
    output[2:, 1] = clean[2:, 1]
    torch.testing.assert_close(output, clean)
    assert all(
        state.isnan().any(dim=-1).tolist() == [[False, True, False, False]] for state in last
    )


@pytest.mark.parametrize("kind", NETWORKS)
def test_very_large_inputs_saturate_and_do_not_overflow(kind):
    problem = Problem(kind)
    problem.x = problem.x * 1e30
    torch.testing.assert_close(problem.ours(), problem.theirs())


@pytest.mark.parametrize("kind", NETWORKS)
def test_autocast_computes_in_half_precision(kind):
    problem = Problem(kind, num_layers=2)
    weights = {name: w.detach().float() for name, w in problem.weights.items()}
    with torch.autocast("cpu", dtype=torch.bfloat16):
        results = flat(problem.fast(problem.x.float(), weights, lengths=LENGTHS, **problem.options))
    assert {r.dtype for r in results} == {torch.bfloat16}
    exact = problem.ours(lengths=LENGTHS)
    torch.testing.assert_close([r.double() for r in results], exact, rtol=0.05, atol=0.05)


def test_the_state_of_a_module_is_enough():
    problem = Problem("GRU", num_layers=2, bidirectional=True)
    output, _ = gru(
        problem.x, problem.module.state_dict(), num_layers=2, bidirectional=True, lengths=(6,) * 4
    )
    torch.testing.assert_close(output, problem.ours()[0])


WRONG = [
    ("rank", lambda x, w: rnn(x[None], w), ShapeError, r"x must be \(time, batch, features\)"),
    (
        "rank, batch first",
        lambda x, w: rnn(x[0, 0], w, batch_first=True),
        ShapeError,
        "batch, time",
    ),
    ("integers", lambda x, w: rnn(x.long(), w), DTypeError, r"use x.float\(\)"),
    ("a list", lambda x, w: rnn(x.tolist(), w), DTypeError, "must be a torch.Tensor, got list"),
    ("dtypes", lambda x, w: rnn(x.float(), w), DTypeError, r"use weight_ih_l0.to\(x.dtype\)"),
    ("devices", lambda x, w: rnn(x.to("meta"), w), DeviceError, r"weight_ih_l0.to\(x.device\)"),
    ("width", lambda x, w: rnn(x[..., :2], w), ShapeError, r"weight_ih_l0 must have.*\(4, 2\)"),
    ("kind", lambda x, w: lstm(x, w), ShapeError, r"\(16, 3\).*4 rows are those of nn.RNN"),
    ("nonlinearity", lambda x, w: rnn(x, w, nonlinearity="sin"), OptionError, "'tanh' or 'relu'"),
    ("layers", lambda x, w: rnn(x, w, num_layers=2), OptionError, "num_layers=2.*those of 1"),
    ("both", lambda x, w: rnn(x, w, bidirectional=True), OptionError, "of 1 direction; the second"),
    ("state", lambda x, w: rnn(x, w, initial_state=x), ShapeError, r"\(1, 4, 4\).*hidden\), got"),
    ("no state", lambda x, w: rnn(x, w, initial_state=[None]), DTypeError, "initial_state h must"),
    ("a number", lambda x, w: rnn(x, w, initial_state=0), DTypeError, "initial_state h must be a"),
    ("pair", lambda x, w: rnn(x, w, initial_state=(x, x)), ShapeError, "must be one tensor, got 2"),
    ("negative", lambda x, w: rnn(x, w, lengths=[1, -1, 2, 2]), OptionError, r"lengths\[1\] = -1"),
    ("long", lambda x, w: rnn(x, w, lengths=[1, 7, 2, 2]), OptionError, "6 steps: use 0 to 6"),
    ("few", lambda x, w: rnn(x, w, lengths=[1]), ShapeError, r"each of 4 sequences, got \[1\]"),
    ("floats", lambda x, w: rnn(x, w, lengths=torch.ones(4)), OptionError, "whole numbers of step"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    problem = Problem("tanh")
    with pytest.raises(error, match=says):
        call(problem.x, problem.weights)


@pytest.mark.usefixtures("as_learners_run_it")
def test_what_an_lstm_or_two_directions_refuse():
    problem = Problem("LSTM", bidirectional=True)
    with pytest.raises(OptionError, match="these weights read in both"):
        problem.ours(reverse=True)
    with pytest.raises(ShapeError, match=r"pair \(h, c\) of tensors, got 1"):
        lstm(problem.x, problem.weights, initial_state=numbers(2, 4, 4))
    with pytest.raises(ShapeError, match=r"peepholes must have shape \(2, 3, 4\), got \(3, 4\)"):
        problem.ours(peepholes=numbers(3, 4))
    with pytest.raises(ShapeError, match="initial_state c must have"):
        lstm(problem.x, problem.weights, initial_state=(numbers(2, 4, 4), numbers(1, 4, 4)))
