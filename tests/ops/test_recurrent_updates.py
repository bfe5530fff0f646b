"""labkit.ops.recurrent_updates: one step worked out, PyTorch's cells, gradients, edges, errors."""

from math import exp, tanh

import pytest
import torch

from labkit.errors import DeviceError, DTypeError, OptionError, ShapeError
from labkit.ops.recurrent_updates import gated_output_update, gru_update, lstm_update, rnn_update

CELLS = {
    "tanh": (rnn_update, torch.nn.RNNCell, {}),
    "relu": (rnn_update, torch.nn.RNNCell, {"nonlinearity": "relu"}),
    "GRU": (gru_update, torch.nn.GRUCell, {}),
    "LSTM": (lstm_update, torch.nn.LSTMCell, {}),
}
UPDATES = {"RNN": rnn_update, "GRU": gru_update, "LSTM": lstm_update, "gated": gated_output_update}
ROWS = {"RNN": 4, "GRU": 12, "LSTM": 16, "gated": 8}


def numbers(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def problem(kind, *, batch=(5,), hidden=4, dtype=torch.float64):
    """Three features, four units: the input, the state or states, and the weights."""
    rows = ROWS[kind]
    x, h, c = numbers(*batch, 3), numbers(*batch, hidden, seed=1), numbers(*batch, hidden, seed=2)
    shapes = [(rows, 3), (rows, hidden), (rows,), (rows,)]
    weights = [numbers(*shape, seed=seed) for seed, shape in enumerate(shapes, start=3)]
    x, h, c, *weights = (tensor.to(dtype) for tensor in (x, h, c, *weights))
    return x, (h, c) if kind == "LSTM" else h, weights


def flat(state):
    return list(state) if isinstance(state, tuple) else [state]


def test_a_plain_rnn_worked_out():
    x, h = torch.tensor([1.0, 2.0]), torch.tensor([0.5, -0.5])
    weight_ih, weight_hh = torch.tensor([[1.0, -1.0], [0.0, 1.0]]), torch.tensor([[2.0, 0], [1, 1]])
    bias_ih, bias_hh = torch.tensor([0.25, 0.0]), torch.tensor([0.0, -1.0])
    sums = [1 * 1 - 1 * 2 + 2 * 0.5 + 0.25, 1 * 2 + 1 * 0.5 + 1 * -0.5 - 1]
    new = rnn_update(x, h, weight_ih, weight_hh, bias_ih, bias_hh)
    assert new.tolist() == pytest.approx([tanh(sums[0]), tanh(sums[1])])
    relu = rnn_update(x, h, -weight_ih, -weight_hh, nonlinearity="relu")
    assert relu.tolist() == [0, 0]


def test_peepholes_let_i_and_f_see_the_old_cell_and_o_the_new_one():
    zero = torch.zeros(4, 1)
    content = torch.tensor([0.0, 0.0, 1.0, 0.0])
    start, peepholes = (torch.zeros(1), torch.tensor([2.0])), torch.tensor([[0.1], [0.2], [0.3]])
    h, c = lstm_update(torch.zeros(1), start, zero, zero, content, peepholes=peepholes)
    i, f = 1 / (1 + exp(-0.1 * 2)), 1 / (1 + exp(-0.2 * 2))
    assert c.item() == pytest.approx(f * 2 + i * tanh(1))
    assert h.item() == pytest.approx(1 / (1 + exp(-0.3 * c.item())) * tanh(c.item()))


def test_a_gated_output_worked_out():
    weight_ih, weight_hh = torch.tensor([[1.0], [2.0]]), torch.tensor([[0.5], [-0.5]])
    h = gated_output_update(torch.tensor([1.0]), torch.tensor([3.0]), weight_ih, weight_hh)
    o = 1 / (1 + exp(-(2 * 1 - 0.5 * 3)))
    assert h.item() == pytest.approx(o * tanh(1 * 1 + 0.5 * 3))


def test_a_gated_output_forgets_faster_than_a_plain_rnn():
    """Its gate is less than 1 and stands in the way of every step."""
    x, h, (weight_ih, weight_hh, *biases) = problem("gated")
    weight_hh[4:] = 0  # the gate sees the input alone, and cannot make up for what it takes
    plain = [weight[:4] for weight in (weight_ih, weight_hh, *biases)]
    jacobian = torch.autograd.functional.jacobian
    gated = jacobian(lambda h: gated_output_update(x, h, weight_ih, weight_hh, *biases), h)
    ungated = jacobian(lambda h: rnn_update(x, h, *plain), h)
    assert gated.norm() < ungated.norm()


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("batch", [(5,), (), (1,), (0,)], ids=str)
@pytest.mark.parametrize("kind", CELLS)
def test_agrees_with_pytorch_in_values_and_all_gradients(kind, batch, bias):
    update, cell, options = CELLS[kind]
    name = "RNN" if options or kind == "tanh" else kind
    x, state, weights = problem(name, batch=batch)
    leaves = [t.requires_grad_() for t in (x, *flat(state), *weights[: 4 if bias else 2])]
    cell = cell(3, 4, bias=bias, **options).double()
    module = dict(zip(["weight_ih", "weight_hh", "bias_ih", "bias_hh"], leaves[-4:], strict=False))
    if not bias:
        module = {"weight_ih": leaves[-2], "weight_hh": leaves[-1]}
    ours = flat(update(x, state, *module.values(), **options))
    theirs = flat(torch.func.functional_call(cell, module, (x, state)))
    torch.testing.assert_close(ours, theirs)
    mine, its = (
        torch.autograd.grad([r.sin().sum() for r in results], leaves) for results in (ours, theirs)
    )
    torch.testing.assert_close(mine, its)


@pytest.mark.parametrize("kind", UPDATES)
def test_gradcheck(kind):
    x, state, weights = problem(kind, batch=(2,))
    leaves = [t.requires_grad_() for t in (x, *flat(state), *weights)]
    count = len(flat(state))

    def update(x, *rest):
        state = rest[0] if count == 1 else rest[:count]
        return UPDATES[kind](x, state, *rest[count:])

    assert torch.autograd.gradcheck(update, leaves)
    assert torch.autograd.gradgradcheck(update, leaves, fast_mode=True)


def test_gradcheck_of_peepholes():
    x, state, weights = problem("LSTM", batch=(2,))
    peepholes = numbers(3, 4, seed=8).requires_grad_()
    state = tuple(s.requires_grad_() for s in state)
    assert torch.autograd.gradcheck(
        lambda h, c, p: lstm_update(x, (h, c), *weights, peepholes=p), (*state, peepholes)
    )


@pytest.mark.parametrize("kind", UPDATES)
def test_any_number_of_batch_axes(kind):
    x, state, weights = problem(kind, batch=(2, 5))
    new = flat(UPDATES[kind](x, state, *weights))
    first = tuple(s[1, 3] for s in flat(state))
    one = flat(UPDATES[kind](x[1, 3], first if kind == "LSTM" else first[0], *weights))
    torch.testing.assert_close([s[1, 3] for s in new], one)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("kind", UPDATES)
def test_the_dtype_is_kept(kind, dtype):
    arguments = problem(kind, dtype=dtype)
    exact = problem(kind)
    new = flat(UPDATES[kind](*arguments[:2], *arguments[2]))
    assert {s.dtype for s in new} == {dtype}
    for state, expected in zip(new, flat(UPDATES[kind](*exact[:2], *exact[2])), strict=True):
        # Sums of about ten numbers of size ~1, then slopes of at most 1.
        atol = 40 * torch.finfo(dtype).eps
        torch.testing.assert_close(state.double(), expected, rtol=0, atol=atol)


@pytest.mark.parametrize("kind", UPDATES)
def test_the_inputs_are_not_modified_and_may_be_expanded(kind):
    x, state, weights = problem(kind)
    x = x[:1].expand(5, 3)
    before = [t.clone() for t in (x, *flat(state), *weights)]
    new = flat(UPDATES[kind](x, state, *weights))
    after = (x, *flat(state), *weights)
    assert all(torch.equal(a, b) for a, b in zip(after, before, strict=True))
    torch.testing.assert_close(new, flat(UPDATES[kind](x.contiguous(), state, *weights)))


@pytest.mark.parametrize("kind", UPDATES)
def test_a_nan_stays_in_its_own_sequence(kind):
    x, state, weights = problem(kind)
    x[2, 0] = torch.nan
    for new in flat(UPDATES[kind](x, state, *weights)):
        assert new.isnan().any(dim=1).tolist() == [False, False, True, False, False]


WRONG = [
    ("batch", lambda x, h, w: rnn_update(x[:2], h, *w), ShapeError, "of one batch.*x \\(2, 3\\)"),
    ("no batch", lambda x, h, w: rnn_update(x, h[0], *w), ShapeError, "each state \\(batch, hid"),
    ("width", lambda x, h, w: rnn_update(x[:, :2], h, *w), ShapeError, r"weight_ih must.*\(4, 2\)"),
    (
        "hidden",
        lambda x, h, w: rnn_update(x, h[:, :2], *w),
        ShapeError,
        r"weight_ih.*hidden size 2",
    ),
    (
        "bias",
        lambda x, h, w: rnn_update(x, h, *w[:3], w[3][:1]),
        ShapeError,
        r"bias_hh.*\(4,\), got",
    ),
    ("kind", lambda x, h, w: gru_update(x, h, *w), ShapeError, "4 rows are those of nn.RNN"),
    ("gated", lambda x, h, w: gated_output_update(x, h, *w), ShapeError, "2 × 4 rows"),
    ("one state", lambda x, h, w: lstm_update(x, h, *w), ShapeError, r"pair \(h, c\) of tensors"),
    ("h, c", lambda x, h, w: lstm_update(x, (h, h[:, :1]), *w), ShapeError, "must be alike"),
    ("nonlinear", lambda x, h, w: rnn_update(x, h, *w, nonlinearity=""), OptionError, "got ''"),
    ("integers", lambda x, h, w: rnn_update(x.long(), h, *w), DTypeError, r"use x.float\(\)"),
    ("dtypes", lambda x, h, w: rnn_update(x, h.float(), *w), DTypeError, r"use h.to\(x.dtype\)"),
    ("devices", lambda x, h, w: rnn_update(x, h.to("meta"), *w), DeviceError, r"h.to\(x.device\)"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call(*problem("RNN"))


@pytest.mark.usefixtures("as_learners_run_it")
def test_peepholes_of_another_shape():
    x, state, weights = problem("LSTM")
    with pytest.raises(ShapeError, match=r"peepholes must have shape \(3, 4\), got \(4, 4\)"):
        lstm_update(x, state, *weights, peepholes=numbers(4, 4))
