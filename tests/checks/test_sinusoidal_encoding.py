"""Learners of many styles: the right ones pass, and each wrong one is told its own mistake."""

import math

import numpy as np
import pytest
import torch

from labkit.checks import check
from labkit.checks.answer import adapt
from labkit.checks.signature import read
from labkit.checks.sinusoidal_encoding import SINUSOIDAL_ENCODING

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def every_loop(length, d_model):
    pe = torch.zeros(length, d_model)
    for pos in range(length):
        for j in range(d_model):
            angle = pos / 10000 ** (2 * (j // 2) / d_model)
            pe[pos, j] = math.sin(angle) if j % 2 == 0 else math.cos(angle)
    return pe


def two_at_a_time(seq_len, d, n=10000):
    table = torch.zeros((seq_len, d))
    for k in range(seq_len):
        for i in range(0, d, 2):
            table[k, i] = math.sin(k / n ** (i / d))
            if i + 1 < d:
                table[k, i + 1] = math.cos(k / n ** (i / d))
    return table


def exponent_of_a_logarithm(max_len, d_model):
    position = torch.arange(max_len).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
    pe = torch.zeros(max_len, d_model)
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)[:, : d_model // 2]
    return pe


def outer_product(T, D, base=10000.0):
    frequencies = 1 / base ** (torch.arange(0, D, 2).float() / D)
    angles = torch.outer(torch.arange(T).float(), frequencies)
    return torch.stack((angles.sin(), angles.cos()), dim=2).reshape(T, -1)[:, :D]


def a_phase_for_the_cosines(n, dim):
    j = torch.arange(dim)
    return torch.sin(
        torch.arange(n)[:, None] * 10000.0 ** (-(j - j % 2) / dim) + j % 2 * math.pi / 2
    )


def where_even(positions, d_model, base=10_000):
    pos, j = torch.arange(positions)[:, None], torch.arange(d_model)[None]
    angles = pos / base ** (2 * torch.div(j, 2, rounding_mode="floor") / d_model)
    return torch.where(j % 2 == 0, torch.sin(angles), torch.cos(angles))


def complex_exponential(length, d):
    turn = torch.exp(1j * torch.outer(torch.arange(length), 1e4 ** (-torch.arange(0, d, 2) / d)))
    return torch.view_as_real(turn).flip(-1).flatten(1)[:, :d]


def polar(pos, d_model, *, base=10000):
    angles = torch.arange(pos)[:, None] * base ** (-torch.arange(0, d_model, 2) / d_model)
    turns = torch.polar(torch.ones_like(angles), angles)
    return torch.stack([turns.imag, turns.real], -1).reshape(pos, -1)[:, :d_model]


def numpy_table(num_positions, embed_dim):
    pos = np.arange(num_positions)[:, None]
    angles = pos / np.power(10000, 2 * (np.arange(embed_dim)[None] // 2) / embed_dim)
    angles[:, 0::2], angles[:, 1::2] = np.sin(angles[:, 0::2]), np.cos(angles[:, 1::2])
    return torch.from_numpy(angles)


def numpy_to_float(max_len, num_hiddens):
    rows = [
        [p / np.power(10000, 2 * (j // 2) / num_hiddens) for j in range(num_hiddens)]
        for p in range(max_len)
    ]
    table = np.array(rows)
    table[:, 0::2] = np.sin(table[:, 0::2])
    table[:, 1::2] = np.cos(table[:, 1::2])
    return torch.FloatTensor(table)


def lists(steps, width, base=1e4):
    def entry(p, j):
        return (math.cos if j % 2 else math.sin)(p / base ** ((j - j % 2) / width))

    return torch.tensor([[entry(p, j) for j in range(width)] for p in range(steps)])


def width_first(d_model, max_len=5000):
    return exponent_of_a_logarithm(max_len, d_model)


def einsum_in_double(L, E):
    frequencies = torch.logspace(0, -1, E + 1, base=10000, dtype=torch.float64)[:-1:2]
    angles = torch.einsum("p,i->pi", torch.arange(L, dtype=torch.float64), frequencies)
    pe = torch.empty(L, E)
    pe[:, ::2], pe[:, 1::2] = angles.sin(), angles[:, : E // 2].cos()
    return pe


def rotated_step_by_step(length, d_model):
    """Turn the hands on by one step at a time, as the shift property allows."""
    step = 10000.0 ** (-torch.arange(0, d_model, 2, dtype=torch.float64) / d_model)
    sin, cos = torch.zeros_like(step), torch.ones_like(step)
    rows = []
    for _ in range(length):
        rows.append(torch.stack((sin, cos), -1).flatten()[:d_model])
        sin, cos = sin * step.cos() + cos * step.sin(), cos * step.cos() - sin * step.sin()
    return torch.stack(rows).float()


def on_a_device(length, d_model, base=10_000, device="cpu", dtype=torch.float64):
    return where_even(length, d_model, base).to(device, dtype)


RIGHT = [
    every_loop, two_at_a_time, exponent_of_a_logarithm, outer_product, a_phase_for_the_cosines,
    where_even, complex_exponential, polar, numpy_table, numpy_to_float, lists, width_first,
    einsum_in_double, rotated_step_by_step, on_a_device,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: f.__name__)
def test_every_correct_style_passes(answer):
    verdict = check.sinusoidal_encoding(answer)
    assert verdict.passed, verdict
    assert verdict.evidence is not None


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: f.__name__)
def test_a_base_is_asked_of_those_that_take_one(answer):
    reading = read(answer, SINUSOIDAL_ENCODING)
    asked = [adapt(q, reading, SINUSOIDAL_ENCODING) for q in SINUSOIDAL_ENCODING.questions]
    with_base = answer in (two_at_a_time, outer_product, where_even, polar, lists, on_a_device)
    assert any(q is not None and q.arguments.get("base") == 100 for q in asked) == with_base
    assert check.sinusoidal_encoding(answer).asked == (12 if with_base else 10)


def test_a_base_that_must_be_given_is_given():
    def demanding(length, d_model, base):
        return where_even(length, d_model, base)

    verdict = check.sinusoidal_encoding(demanding)
    assert verdict
    assert verdict.asked == 12
    assert "All 12 answers are right; nothing that was given" in verdict.message


def test_a_class_instance_and_a_module_are_functions_too():
    class Table(torch.nn.Module):
        def forward(self, length, d_model):
            return where_even(length, d_model)

    assert check.sinusoidal_encoding(Table())


# ---------------------------------------------------------------- wrong answers

WRONG = []


def makes(mistake):
    def add(function):
        WRONG.append(pytest.param(function, mistake, id=function.__name__))
        return function

    return add


def interleave(even, odd, d_model):
    """Write two blocks into alternating columns."""
    pe = torch.zeros(len(even), d_model)
    pe[:, 0::2], pe[:, 1::2] = even, odd[:, : d_model // 2]
    return pe


@makes("sin_cos_swapped")
def cosines_first(length, d_model):
    angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, d_model, 2) / d_model)
    return interleave(angles.cos(), angles.sin(), d_model)


@makes("sin_cos_swapped")
def polar_without_a_flip(max_len, d_model, base=10000):
    angles = torch.outer(torch.arange(max_len), base ** (-torch.arange(0, d_model, 2) / d_model))
    turns = torch.view_as_real(torch.polar(torch.ones_like(angles), angles))
    return turns.flatten(1)[:, :d_model]


@makes("concatenated")
def two_blocks(length, d_model):
    half = d_model // 2
    angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, d_model, 2) / d_model)
    return torch.cat([angles.sin(), angles[:, :half].cos()], dim=1)


@makes("concatenated")
def blocks_in_loops(n, d):
    pe = torch.zeros(n, d)
    sines = math.ceil(d / 2)
    for p in range(n):
        for i in range(sines):
            pe[p, i] = math.sin(p / 10000 ** (2 * i / d))
        for i in range(d // 2):
            pe[p, sines + i] = math.cos(p / 10000 ** (2 * i / d))
    return pe


@makes("exponent_halved")
def pair_number_over_width(length, d_model):
    i = torch.arange((d_model + 1) // 2)
    angles = torch.arange(length)[:, None] / 10000 ** (i / d_model)
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("exponent_halved")
def logarithm_over_twice_the_width(seq_len, dim, base=10000.0):
    rate = torch.exp(-torch.arange((dim + 1) // 2) * math.log(base) / dim)
    angles = torch.arange(seq_len)[:, None] * rate
    return interleave(angles.sin(), angles.cos(), dim)


@makes("exponent_doubled")
def step_two_and_factor_two(length, d_model):
    pe = torch.zeros(length, d_model)
    for pos in range(length):
        for i in range(0, d_model, 2):
            pe[pos, i] = math.sin(pos / 10000 ** (2 * i / d_model))
            if i + 1 < d_model:
                pe[pos, i + 1] = math.cos(pos / 10000 ** (2 * i / d_model))
    return pe


@makes("exponent_doubled")
def pairs_for_the_width(length, d_model):
    rate = 10000.0 ** (-torch.arange(0, d_model, 2) / (d_model / 2))
    angles = torch.arange(length)[:, None] * rate
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("cosine_own_exponent")
def each_column_its_own(length, d_model):
    pe = torch.zeros(length, d_model)
    for pos in range(length):
        for j in range(d_model):
            angle = pos / 10000 ** (j / d_model)
            pe[pos, j] = math.sin(angle) if j % 2 == 0 else math.cos(angle)
    return pe


@makes("cosine_own_exponent")
def formula_with_the_column_for_i(max_len, d_model):
    angles = torch.arange(max_len)[:, None] / 10000 ** (2 * torch.arange(d_model) / d_model)
    pe = angles.clone()
    pe[:, 0::2], pe[:, 1::2] = angles[:, 0::2].sin(), angles[:, 1::2].cos()
    return pe


@makes("cosine_own_exponent")
def two_i_plus_one(length, d_model, base=10000):
    pe = torch.zeros(length, d_model)
    for i in range(0, d_model, 2):
        pe[:, i] = torch.sin(torch.arange(length) / base ** (i / d_model))
        if i + 1 < d_model:
            pe[:, i + 1] = torch.cos(torch.arange(length) / base ** ((2 * (i + 1)) / d_model))
    return pe


@makes("positions_from_one")
def counted_from_one(length, d_model):
    angles = torch.arange(1, length + 1)[:, None] / 1e4 ** (torch.arange(0, d_model, 2) / d_model)
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("positions_from_one")
def enumerated_from_one(n, d, base=10000):
    return torch.stack([where_even(k + 1, d, base)[-1] for k, _ in enumerate(range(n), start=1)])


@makes("frequency_inverted")
def multiplied(length, d_model):
    angles = torch.arange(length)[:, None].double() * 10000 ** (
        torch.arange(0, d_model, 2).double() / d_model
    )
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("frequency_inverted")
def minus_forgotten(length, d_model):
    rate = torch.exp(torch.arange(0, d_model, 2).double() * math.log(10000.0) / d_model)
    angles = torch.arange(length)[:, None] * rate
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("base_ignored")
def base_not_used(length, d_model, base=10000):
    return where_even(length, d_model)


@makes("base_wrong")
def three_zeros(length, d_model):
    return where_even(length, d_model, base=1000)


@makes("base_wrong")
def five_zeros(length, d_model):
    return outer_product(length, d_model, base=100_000.0)


@makes("base_wrong")
def exponent_without_a_logarithm(length, d_model):
    angles = torch.arange(length)[:, None] * torch.exp(-torch.arange(0, d_model, 2) / d_model)
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("base_wrong")
def three_zeros_unless_told(length, d_model, base=1000):
    return where_even(length, d_model, base)


@makes("wrong_logarithm")
def decimal_logarithm(length, d_model):
    rate = torch.exp(-torch.arange(0, d_model, 2) * math.log10(10000) / d_model)
    angles = torch.arange(length)[:, None] * rate
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("wrong_logarithm")
def binary_logarithm(length, d_model):
    rate = torch.exp(-torch.arange(0, d_model, 2) * math.log2(10000) / d_model)
    angles = torch.arange(length)[:, None] * rate
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("same_frequency")
def exponent_divided_with_a_floor(length, d_model):
    pe = torch.zeros(length, d_model)
    for p in range(length):
        for j in range(d_model):
            i = j // 2
            angle = p / 10000 ** (2 * i // d_model)
            pe[p, j] = math.cos(angle) if j % 2 else math.sin(angle)
    return pe


@makes("same_frequency")
def no_exponent_at_all(length, d_model, base=10000):
    angles = (torch.arange(length) / base)[:, None].expand(length, (d_model + 1) // 2)
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("odd_width")
def the_usual_crash(num_steps, num_hiddens):
    pe = torch.zeros(num_steps, num_hiddens)
    x = torch.arange(num_steps).reshape(-1, 1) / torch.pow(
        10000, torch.arange(0, num_hiddens, 2) / num_hiddens
    )
    pe[:, 0::2], pe[:, 1::2] = torch.sin(x), torch.cos(x)
    return pe


@makes("odd_width")
def half_the_width_rounded_down(length, d_model):
    i = torch.arange(d_model // 2)
    angles = torch.arange(length)[:, None] / 10000 ** (2 * i / d_model)
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(1)


@makes("odd_width")
def a_column_too_many(length, d_model):
    angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, d_model, 2) / d_model)
    return torch.stack((angles.sin(), angles.cos()), -1).flatten(1)


@makes("odd_width")
def last_column_left_alone(length, d_model):
    pe = torch.zeros(length, d_model)
    for i in range(d_model // 2):
        angle = torch.arange(length) / 10000 ** (2 * i / d_model)
        pe[:, 2 * i], pe[:, 2 * i + 1] = angle.sin(), angle.cos()
    return pe


@makes("odd_width")
def refuses_odd_widths(length, d_model):
    if d_model % 2 != 0:
        raise ValueError(f"cannot use sin/cos with an odd dimension ({d_model})")
    return where_even(length, d_model)


@makes("axes_swapped")
def features_in_rows(length, d_model):
    pe = torch.zeros(d_model, length)
    for j in range(d_model):
        angle = torch.arange(length) / 10000 ** ((j - j % 2) / d_model)
        pe[j] = angle.cos() if j % 2 else angle.sin()
    return pe


@makes("axes_swapped")
def width_and_length_mixed_up(length, d_model):
    return every_loop(d_model, length)


@makes("extra_axis")
def with_a_batch_axis(max_len, num_hiddens):
    return outer_product(max_len, num_hiddens)[None]


@makes("extra_axis")
def sequence_first(d_model, max_len=5000):
    return exponent_of_a_logarithm(max_len, d_model).unsqueeze(0).transpose(0, 1)


@makes("one_position")
def only_the_one_asked_for(pos, d_model):
    j = torch.arange(d_model)
    angle = pos / 10000 ** ((j - j % 2) / d_model)
    return torch.where(j % 2 == 0, angle.sin(), angle.cos())


@makes("length_off_by_one")
def up_to_and_with_the_length(length, d_model):
    return where_even(length + 1, d_model)


@makes("only_sines")
def sine_everywhere(length, d_model):
    j = torch.arange(d_model)
    return torch.sin(torch.arange(length)[:, None] / 10000 ** ((j - j % 2) / d_model))


@makes("only_sines")
def cosine_forgotten(length, d_model):
    pe = torch.zeros(length, d_model)
    for p in range(length):
        for j in range(0, d_model, 2):
            pe[p, j] = math.sin(p / 10000 ** (j / d_model))
    return pe


@makes("only_sines")
def overwritten_by_the_cosine(length, d_model):
    pe = torch.zeros(length, (d_model + 1) // 2)
    for i in range((d_model + 1) // 2):
        angle = torch.arange(length) / 10000 ** (2 * i / d_model)
        pe[:, i] = angle.sin()
        pe[:, i] = angle.cos()
    return pe


@makes("first_row_zero")
def zero_for_the_padding(max_len, d_model):
    table = np.array([
        [p / np.power(10000, 2 * (j // 2) / d_model) for j in range(d_model)]
        if p != 0 else np.zeros(d_model) for p in range(max_len)
    ])  # fmt: skip
    table[1:, 0::2] = np.sin(table[1:, 0::2])
    table[1:, 1::2] = np.cos(table[1:, 1::2])
    return torch.from_numpy(table)


@makes("degrees")
def taken_for_degrees(length, d_model):
    angles = torch.arange(length)[:, None] / 1e4 ** (torch.arange(0, d_model, 2) / d_model)
    return interleave(angles.deg2rad().sin(), angles.deg2rad().cos(), d_model)


@makes("degrees")
def whole_turns(length, d_model, base=1e4):
    angles = 2 * torch.pi * torch.arange(length)[:, None]
    angles = angles / base ** (torch.arange(0, d_model, 2) / d_model)
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("positions_normalised")
def from_0_to_1(length, d_model):
    angles = torch.linspace(0, 1, length)[:, None] / 1e4 ** (torch.arange(0, d_model, 2) / d_model)
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("positions_normalised")
def share_of_the_length(length, d_model):
    angles = (torch.arange(length) / length)[:, None]
    angles = angles / 1e4 ** (torch.arange(0, d_model, 2) / d_model)
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("angles_rounded")
def floor_division(length, d_model):
    pe = torch.zeros(length, d_model)
    for p in range(length):
        for j in range(d_model):
            angle = p // 10000 ** (2 * (j // 2) / d_model)
            pe[p, j] = math.cos(angle) if j % 2 else math.sin(angle)
    return pe


@makes("pairs_from_one")
def first_pair_has_number_1(length, d_model):
    i = torch.arange(1, (d_model + 1) // 2 + 1)
    angles = torch.arange(length)[:, None] / 10000 ** (2 * i / d_model)
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("exponent_stretched")
def as_tensor2tensor(length, d_model):
    half = (d_model + 1) // 2
    rate = torch.exp(-torch.arange(half) * math.log(10000) / max(half - 1, 1))
    angles = torch.arange(length)[:, None] * rate
    return interleave(angles.sin(), angles.cos(), d_model)


@makes("no_sine")
def the_angles_themselves(length, d_model):
    j = torch.arange(d_model)
    return torch.arange(length)[:, None] / 10000 ** ((j - j % 2) / d_model)


@makes("wrong_type")
def a_numpy_array(length, d_model):
    return where_even(length, d_model).numpy()


@makes("wrong_type")
def return_forgotten(length, d_model):
    where_even(length, d_model)


@makes("wrong_signature")
def wants_an_embedded_sentence(x):
    return x + where_even(*x.shape[-2:])


@makes("sin_cos_swapped+odd_width")
def swapped_and_even_only(length, d_model):
    pe = torch.zeros(length, d_model)
    angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, d_model, 2) / d_model)
    pe[:, 0::2], pe[:, 1::2] = torch.cos(angles), torch.sin(angles)
    return pe


@makes("exponent_halved+positions_from_one")
def from_one_and_without_the_two(length, d_model):
    angles = torch.arange(1, length + 1)[:, None] / 10000 ** (
        torch.arange((d_model + 1) // 2) / d_model
    )
    return interleave(angles.sin(), angles.cos(), d_model)


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.sinusoidal_encoding(answer)
    assert verdict.mistake == mistake, verdict
    assert not verdict.passed
    assert len(verdict.message) > 100


# ---------------------------------------------------------------- beyond the bank


def test_what_is_in_no_bank_is_rejected_with_the_first_number_and_its_formula():
    def tangent(length, d_model):
        angles = torch.arange(length)[:, None] / 10000 ** (torch.arange(0, d_model, 2) / d_model)
        return interleave(angles.sin(), angles.tan(), d_model)

    verdict = check.sinusoidal_encoding(tangent)
    assert verdict.mistake == "wrong_values"
    assert verdict.evidence.index == (0, 1)
    assert "pe[0, 1] should be cos(0 / 10000^(0/2)) = 1, yours is 0." in verdict.message


def test_a_table_of_zeros_or_noise_does_not_pass():
    zeros = check.sinusoidal_encoding(lambda n, d: torch.zeros(n, d))
    noise = check.sinusoidal_encoding(lambda n, d: torch.rand(n, d))
    assert zeros.mistake == noise.mistake == "wrong_values"
    assert "pe[0, 1] should be" in zeros.message


def test_one_wrong_number_in_a_long_table_is_found_and_derived():
    def spoiled(length, d_model):
        table = every_loop(length, d_model)
        if length > 100:
            table[251, 2] += 0.01
        return table

    verdict = check.sinusoidal_encoding(spoiled)
    assert verdict.mistake == "wrong_values"
    total = math.sin(251 / 10000 ** (2 / 4))
    expected = (
        f"pe[251, 2] should be sin(251 / 10000^(2/4)) = {total:.6g}, yours is {total + 0.01:.6g}"
    )
    assert expected in verdict.message
    assert "right where there are few positions" in verdict.message


def test_every_number_is_derived_as_its_formula_says():
    for question in SINUSOIDAL_ENCODING.questions:
        arguments = SINUSOIDAL_ENCODING.complete(question.arguments)
        expected = SINUSOIDAL_ENCODING.reference(arguments)
        for index in np.ndindex(*expected.shape):
            told = SINUSOIDAL_ENCODING.results[0].derive(arguments, index)
            formula = told.shown.replace("^", "**").replace("sin", "math.sin")
            value = eval(formula.replace("cos", "math.cos"), {"math": math})
            assert told.total == pytest.approx(float(expected[index]))
            assert value == pytest.approx(told.total, abs=1e-12)


def test_the_question_names_its_numbers():
    verdict = check.sinusoidal_encoding(cosines_first)
    assert "Asked: sinusoidal_encoding(positions=3, d_model=2)" in verdict.message
    assert "Sine and cosine have changed places." in verdict.message


def test_a_picture_is_drawn_of_tables_without_products():
    html = check.sinusoidal_encoding(cosines_first)._repr_html_()
    assert "data:image/png;base64" in html
