"""Learners run a recurrent network over a sequence: right in many styles, wrong in more."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check
from labkit.checks.sequences import RNN

pytestmark = pytest.mark.usefixtures("as_learners_run_it")


def step(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return torch.tanh(F.linear(x, w_ih, b_ih) + F.linear(h, w_hh, b_hh))


# ---------------------------------------------------------------- right answers, in many styles


def loop(x, h, weight_ih, weight_hh, bias_ih=None, bias_hh=None):
    outputs = []
    for t in range(x.shape[0]):
        h = step(x[t], h, weight_ih, weight_hh, bias_ih, bias_hh)
        outputs.append(h)
    return torch.stack(outputs), h


def all_options(
    x, h, w_ih, w_hh, b_ih=None, b_hh=None, nonlinearity="tanh", batch_first=False, lengths=None
):
    if batch_first:
        x = x.permute(1, 0, 2)
    out = x.new_zeros(x.shape[0], *h.shape)
    for t in range(len(x)):
        sums = F.linear(x[t], w_ih, b_ih) + F.linear(h, w_hh, b_hh)
        new = sums.tanh() if nonlinearity == "tanh" else sums.relu()
        keep = torch.ones(len(h), 1, device=x.device) if lengths is None else (lengths > t)[:, None]
        h = torch.where(keep.bool(), new, h)
        out[t] = new * keep
    return [out.permute(1, 0, 2) if batch_first else out, h]


def row_by_row(x, h0, w_ih, w_hh, b_ih=0, b_hh=0, *, lengths=None):
    steps, rows, _ = x.shape
    outputs, lasts = [], []
    for n in range(rows):
        h, states = h0[n], []
        for t in range(steps if lengths is None else int(lengths[n])):
            h = torch.tanh(w_ih @ x[t, n] + b_ih + w_hh @ h + b_hh)
            states.append(h)
        states += [torch.zeros_like(h)] * (steps - len(states))
        outputs.append(torch.stack(states))
        lasts.append(h)
    return torch.stack(outputs, 1), torch.stack(lasts)


def by_torch(x, h, weight_ih, weight_hh, bias_ih, bias_hh, batch_first):
    weights = [weight_ih, weight_hh, bias_ih, bias_hh]
    options = (True, 1, 0.0, False, False, batch_first)
    output, h_n = torch.rnn_tanh(x, h[None], weights, *options)
    return output, h_n[0]


def inputs_first(inputs, state, W, U):
    """Multiply all inputs at once, before the loop."""
    sums = torch.tensordot(inputs, W, ([2], [1]))
    states = [state]
    for s in sums.unbind(0):
        states.append(torch.tanh(s + states[-1] @ U.T))
    return torch.stack(states[1:]), states[-1]


def recursive(x, h, w_ih, w_hh, b):
    if len(x) == 0:
        return x.new_zeros(0, *h.shape), h
    h = step(x[0], h, w_ih, w_hh, b)
    rest, last = recursive(x[1:], h, w_ih, w_hh, b)
    return torch.cat([h[None], rest]), last


class AsModule(nn.Module):
    def forward(self, x, h_0, weight_ih, weight_hh, batch_first=False):
        axis = 1 if batch_first else 0
        states = []
        for x_t in x.unbind(axis):
            h_0 = step(x_t, h_0, weight_ih, weight_hh)
            states.append(h_0)
        return torch.stack(states, dim=axis), states[-1]


def packed(x, h, w_ih, w_hh, lengths):
    """As PyTorch does it: rows sorted by length, and fewer of them in each step."""
    order = lengths.argsort(descending=True)
    x, h, lengths = x[:, order], h[order], lengths[order]
    out, states = x.new_zeros(len(x), *h.shape), h.clone()
    for t in range(int(lengths.max())):
        n = int((lengths > t).sum())
        h = step(x[t, :n], h[:n], w_ih, w_hh)
        out[t, :n] = h
        states = torch.cat([h, states[n:]])
    back = order.argsort()
    return out[:, back], states[back]


RIGHT = [loop, all_options, row_by_row, by_torch, inputs_first, recursive, AsModule()]


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: getattr(f, "__name__", type(f).__name__))
def test_every_correct_style_passes(answer):
    verdict = check.rnn(answer)
    assert verdict.passed, verdict


def test_whoever_demands_lengths_is_given_them():
    assert check.rnn(packed).passed, check.rnn(packed)


@pytest.mark.parametrize("question", RNN.questions, ids=lambda q: q.about)
def test_the_reference_is_that_of_pytorch(question):
    a = RNN.complete(question.arguments)
    layer = nn.RNN(
        a.x.shape[2],
        a.h.shape[1],
        nonlinearity=a.nonlinearity,
        bias=a.bias_ih is not None,
        batch_first=a.batch_first,
    )
    layer.load_state_dict({
        f"{name}_l0": a[name]
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        if a[name] is not None
    })  # fmt: skip
    x, steps = a.x, a.x.shape[1 if a.batch_first else 0]
    if a.lengths is not None:
        x = nn.utils.rnn.pack_padded_sequence(x, a.lengths, a.batch_first, enforce_sorted=False)
    output, h_n = layer(x, a.h[None])
    if a.lengths is not None:
        output, _ = nn.utils.rnn.pad_packed_sequence(output, a.batch_first, total_length=steps)
    torch.testing.assert_close(RNN.reference(a), (output, h_n[0]))


# ---------------------------------------------------------------- wrong answers, each its mistake

WRONG = []


def makes(mistake):
    def keep(function):
        WRONG.append(pytest.param(function, mistake, id=f"{mistake}-{function.__name__}"))
        return function

    return keep


@makes("state_not_carried")
def new_name(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    outputs = []
    for x_t in x:
        new = step(x_t, h, w_ih, w_hh, b_ih, b_hh)
        outputs.append(new)
    return torch.stack(outputs), new


@makes("state_not_carried")
def all_steps_at_once(x, h, w_ih, w_hh):
    output = torch.tanh(x @ w_ih.T + h @ w_hh.T)
    return output, output[-1]


@makes("initial_state_ignored")
def starts_with_zeros(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return loop(x, torch.zeros(x.shape[1], w_hh.shape[0]), w_ih, w_hh, b_ih, b_hh)


@makes("output_shifted")
def appends_first(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    outputs = []
    for x_t in x:
        outputs.append(h)
        h = step(x_t, h, w_ih, w_hh, b_ih, b_hh)
    return torch.stack(outputs), h


@makes("output_shifted")
def initial_state_included(x, h, w_ih, w_hh):
    states = [h]
    for t in range(len(x)):
        states.append(step(x[t], states[t], w_ih, w_hh))
    return torch.stack(states), states[-1]


@makes("output_shifted")
def last_missing(x, h, w_ih, w_hh):
    states = []
    for t in range(len(x)):
        h = step(x[t], h, w_ih, w_hh)
        if t < len(x) - 1:
            states.append(h)
    return torch.stack(states) if states else x.new_zeros(0, *h.shape), h


@makes("output_not_all")
def last_only(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    for x_t in x:
        h = step(x_t, h, w_ih, w_hh, b_ih, b_hh)
    return h, h


@makes("output_not_all")
def last_only_with_axis(x, h, w_ih, w_hh):
    for x_t in x:
        h = step(x_t, h, w_ih, w_hh)
    return h.unsqueeze(0), h


@makes("output_not_all")
def overwritten(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    states, h = [], h.clone()
    for x_t in x:
        h.copy_(step(x_t, h, w_ih, w_hh, b_ih, b_hh))
        states.append(h)
    return torch.stack(states), h


@makes("last_state_wrong")
def everything_twice(x, h, w_ih, w_hh):
    output, _ = loop(x, h, w_ih, w_hh)
    return output, output


@makes("last_state_wrong")
def returns_the_first(x, h, w_ih, w_hh):
    output, _ = loop(x, h, w_ih, w_hh)
    return output, output[0]


@makes("last_state_wrong")
def returns_what_came_in(x, h0, w_ih, w_hh, b_ih=None, b_hh=None):
    h, states = h0, []
    for x_t in x:
        h = step(x_t, h, w_ih, w_hh, b_ih, b_hh)
        states.append(h)
    return torch.stack(states), h0


@makes("last_state_wrong")
def layers_as_in_pytorch(x, h, w_ih, w_hh):
    output, h = loop(x, h, w_ih, w_hh)
    return output, h.unsqueeze(0)


@makes("results_swapped")
def state_first(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    output, h = loop(x, h, w_ih, w_hh, b_ih, b_hh)
    return h, output


@makes("time_batch_swapped")
def walks_along_the_batch(x, h, w_ih, w_hh):
    outputs = []
    for t in range(x.shape[1]):
        h = step(x[:, t], h, w_ih, w_hh)
        outputs.append(h)
    return torch.stack(outputs, dim=1), h


@makes("time_batch_swapped")
def stacked_on_the_batch(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    output, h = loop(x, h, w_ih, w_hh, b_ih, b_hh)
    return torch.stack(list(output), dim=1), h


@makes("batch_first_ignored")
def option_unused(x, h, w_ih, w_hh, batch_first=False):
    return loop(x, h, w_ih, w_hh)


@makes("batch_first_ignored")
def not_turned_back(x, h, w_ih, w_hh, batch_first=False):
    return loop(x.transpose(0, 1) if batch_first else x, h, w_ih, w_hh)


@makes("lengths_ignored")
def lengths_unused(x, h, w_ih, w_hh, lengths=None):
    return loop(x, h, w_ih, w_hh)


@makes("lengths_ignored")
def masked_output_only(x, h, w_ih, w_hh, b_ih=None, b_hh=None, lengths=None):
    output, h = loop(x, h, w_ih, w_hh, b_ih, b_hh)
    if lengths is not None:
        for n, length in enumerate(lengths.tolist()):
            output[length:, n] = 0
    return output, h


@makes("lengths_ignored")
def picked_the_last(x, h, w_ih, w_hh, lengths=None):
    output, h = loop(x, h, w_ih, w_hh)
    if lengths is not None:
        h = output[lengths - 1, torch.arange(len(h))]
    return output, h


@makes("lengths_ignored")
def zero_at_the_end(x, h, w_ih, w_hh, b_ih=None, b_hh=None, lengths=None):
    output, _ = loop(x, h, w_ih, w_hh, b_ih, b_hh)
    if lengths is not None:
        output = output * (torch.arange(len(x))[:, None] < lengths)[:, :, None]
    return output, output[-1]


@makes("lengths_ignored")
def frozen_but_shown(x, h, w_ih, w_hh, lengths=None):
    outputs = []
    for t in range(len(x)):
        new = step(x[t], h, w_ih, w_hh)
        h = new if lengths is None else torch.where((t < lengths)[:, None], new, h)
        outputs.append(h)
    return torch.stack(outputs), h


@makes("lengths_ignored")
def state_after_the_last(x, h, w_ih, w_hh, lengths=None):
    output, h_n = loop(x, h, w_ih, w_hh)
    if lengths is not None:
        h_n = output[lengths.clamp(max=len(x) - 1), range(len(h))]
        output = output * (torch.arange(len(x))[:, None] < lengths)[:, :, None]
    return output, h_n


@makes("lengths_ignored")
def padding_of_zeros_is_input_too(x, h, w_ih, w_hh, lengths=None):
    if lengths is not None:
        x = x * (torch.arange(len(x))[:, None] < lengths)[:, :, None]
    return loop(x, h, w_ih, w_hh)


@makes("lengths_ignored")
def as_long_as_the_shortest(x, h, w_ih, w_hh, lengths=None):
    steps = len(x) if lengths is None else min(lengths)
    output, h_n = loop(x[:steps], h, w_ih, w_hh)
    return F.pad(output, (0, 0, 0, 0, 0, len(x) - steps)), h_n


@makes("output_shifted")
def loop_ends_too_early(x, h, w_ih, w_hh):
    return loop(x[:-1], h, w_ih, w_hh)


@makes("output_shifted")
def loop_begins_too_late(x, h, w_ih, w_hh):
    states = []
    for t in range(1, len(x)):
        h = step(x[t], h, w_ih, w_hh)
        states.append(h)
    return torch.stack(states), h


@makes("output_not_all")
def concatenated(x, h, w_ih, w_hh):
    output, h_n = loop(x, h, w_ih, w_hh)
    return torch.cat(list(output)), h_n


@makes("bare_state_carried")
def squashed_for_output(x, h, w_ih, w_hh):
    states = []
    for x_t in x:
        h = x_t @ w_ih.T + h @ w_hh.T
        states.append(torch.tanh(h))
    return torch.stack(states), states[-1]


@makes("lengths_ignored")
def one_too_far(x, h, w_ih, w_hh, lengths=None):
    outputs = []
    for t in range(len(x)):
        new = step(x[t], h, w_ih, w_hh)
        on = torch.ones(len(h), 1) if lengths is None else (t <= lengths)[:, None]
        h = torch.where(on > 0, new, h)
        outputs.append(new * on)
    return torch.stack(outputs), h


@makes("tanh_forgotten")
def linear(x, h, w_ih, w_hh):
    states = []
    for x_t in x:
        h = x_t @ w_ih.T + h @ w_hh.T
        states.append(h)
    return torch.stack(states), h


@makes("tanh_too_early")
def bracket(x, h, w_ih, w_hh):
    states = []
    for x_t in x:
        h = torch.tanh(x_t @ w_ih.T) + h @ w_hh.T
        states.append(h)
    return torch.stack(states), h


@makes("bias_once")
def one_bias_unused(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return loop(x, h, w_ih, w_hh, b_ih)


@makes("bias_forgotten")
def no_biases(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    return loop(x, h, w_ih, w_hh)


@makes("weight_transposed")
def state_times_matrix(x, h, w_ih, w_hh):
    return loop(x, h, w_ih, w_hh.T)


@makes("weights_swapped")
def matrices_swapped(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    states = []
    for x_t in x:
        h = torch.tanh(x_t @ w_hh.T + h @ w_ih.T + b_ih + b_hh)
        states.append(h)
    return torch.stack(states), h


@makes("state_ignored")
def no_memory(x, h, w_ih, w_hh, b_ih=0, b_hh=0):
    output = torch.tanh(x @ w_ih.T + b_ih + b_hh)
    return output, output[-1]


@makes("input_repeated")
def index_forgotten(x, h, w_ih, w_hh):
    states = []
    for _t in range(len(x)):
        h = step(x[0], h, w_ih, w_hh)
        states.append(h)
    return torch.stack(states), h


@makes("time_reversed")
def from_the_end(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    states = []
    for t in reversed(range(len(x))):
        h = step(x[t], h, w_ih, w_hh, b_ih, b_hh)
        states.append(h)
    return torch.stack(states), h


@makes("time_reversed")
def from_the_end_in_place(x, h, w_ih, w_hh):
    out = x.new_zeros(len(x), *h.shape)
    for t in range(len(x) - 1, -1, -1):
        h = step(x[t], h, w_ih, w_hh)
        out[t] = h
    return out, h


@makes("rows_chained")
def state_runs_on(x, h, w_ih, w_hh):
    rows, lasts, state = [], [], h[0]
    for n in range(x.shape[1]):
        states = []
        for t in range(x.shape[0]):
            state = torch.tanh(w_ih @ x[t, n] + w_hh @ state)
            states.append(state)
        rows.append(torch.stack(states))
        lasts.append(state)
    return torch.stack(rows, 1), torch.stack(lasts)


@makes("batch_one_only")
def one_row(x, h, w_ih, w_hh):
    output, last = loop(x.squeeze(1), h.squeeze(0), w_ih, w_hh)
    return output.unsqueeze(1), last.unsqueeze(0)


@makes("state_not_carried+tanh_forgotten")
def two_mistakes(x, h, w_ih, w_hh):
    output = x @ w_ih.T + h @ w_hh.T
    return output, output[-1]


@makes("wrong_type")
def output_alone(x, h, w_ih, w_hh):
    return loop(x, h, w_ih, w_hh)[0]


@makes("wrong_type")
def list_of_states(x, h, w_ih, w_hh):
    output, h = loop(x, h, w_ih, w_hh)
    return list(output), h


@makes("input_modified")
def in_place(x, h, w_ih, w_hh):
    states = []
    for x_t in x:
        h.copy_(step(x_t, h, w_ih, w_hh))
        states.append(h.clone())
    return torch.stack(states), h


@makes("wrong_gradient")
def truncated(x, h, w_ih, w_hh, b_ih=None, b_hh=None):
    states = []
    for x_t in x:
        h = step(x_t, h.detach() if states else h, w_ih, w_hh, b_ih, b_hh)
        states.append(h)
    return torch.stack(states), h


@makes("gradient_cut")
def data_stacked(x, h, w_ih, w_hh):
    output, h = loop(x, h, w_ih, w_hh)
    return output.data, h.data


@makes("wrong_dtype")
def filled_with_float32(x, h, w_ih, w_hh):
    out = torch.zeros(len(x), *h.shape)
    output, h = loop(x, h, w_ih, w_hh)
    out += output
    return out, h


# ---------------------------------------------------------------- beyond the bank


@makes("state_without_weights")
def accumulates(x, h, w_ih, w_hh):
    states = []
    for x_t in x:
        h = h + step(x_t, h, w_ih, w_hh)
        states.append(h)
    return torch.stack(states), h


@makes("wrong_values")
def two_back(x, h, w_ih, w_hh):
    states = [h, h]
    for x_t in x:
        states.append(step(x_t, states[-2], w_ih, w_hh))
    return torch.stack(states[2:]), states[-1]


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.rnn(answer)
    assert verdict.mistake == mistake, verdict
    assert len(verdict.message) > 100


def test_a_wrong_number_is_derived_in_its_own_result():
    message = check.rnn(two_back).message
    assert "output[1, 0, 0] should be tanh(" in message
    assert "where x is the input of step 1, and h is the state after step 0" in message
    message = check.rnn(returns_what_came_in).message
    assert "h_n[0, 0] should be output[1, 0, 0] = " in message
    assert "(row 0, unit 0: the state after the last step)" in message


def test_a_number_in_the_padding_is_explained():
    message = check.rnn(picked_the_last).message
    assert "output[1, 0, 0] should be 0, yours is" in message
    assert "step 1 is padding: lengths[0] is 1" in message
    assert "lengths = [1, 3]" in message


def test_the_number_of_results_is_told():
    assert "returns one tensor, not 2 tensors, output, h_n." in check.rnn(output_alone).message
    assert "End with return output, h_n;" in check.rnn(list_of_states).message
