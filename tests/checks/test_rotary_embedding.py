"""Learners of many styles: the right ones pass, and each wrong one is told its own mistake."""

import math

import numpy as np
import pytest
import torch

from labkit.checks import check
from labkit.checks.rotary_embedding import ROTARY_EMBEDDING
from labkit.ops.positional_encoding import sinusoidal_encoding

pytestmark = pytest.mark.usefixtures("as_learners_run_it")

# ---------------------------------------------------------------- right answers, in many styles


def angles_of(length, width, base=10_000, dtype=torch.float64):
    exponents = torch.arange(0, width, 2, dtype=dtype) / width
    return torch.arange(length, dtype=dtype)[:, None] / base**exponents


def every_loop(x):
    flat = x.reshape(-1, *x.shape[-2:])
    out = torch.zeros_like(flat)
    for n in range(len(flat)):
        for p in range(x.shape[-2]):
            for i in range(x.shape[-1] // 2):
                angle = p / 10000 ** (2 * i / x.shape[-1])
                a, b = flat[n, p, 2 * i], flat[n, p, 2 * i + 1]
                out[n, p, 2 * i] = a * math.cos(angle) - b * math.sin(angle)
                out[n, p, 2 * i + 1] = a * math.sin(angle) + b * math.cos(angle)
    return out.reshape(x.shape)


def even_and_odd_columns(x, base=10000):
    angles = angles_of(*x.shape[-2:], base, x.dtype)
    out = torch.empty_like(x)
    out[..., 0::2] = x[..., 0::2] * angles.cos() - x[..., 1::2] * angles.sin()
    out[..., 1::2] = x[..., 0::2] * angles.sin() + x[..., 1::2] * angles.cos()
    return out


def complex_numbers(xq, theta=10000.0):
    angles = angles_of(*xq.shape[-2:], theta, xq.dtype)
    turns = torch.polar(torch.ones_like(angles), angles)
    points = torch.view_as_complex(xq.reshape(*xq.shape[:-1], -1, 2))
    return torch.view_as_real(points * turns).flatten(-2)


def rotate_every_two(q):
    other = torch.stack((-q[..., 1::2], q[..., 0::2]), dim=-1).flatten(-2)
    angles = angles_of(*q.shape[-2:], dtype=q.dtype).repeat_interleave(2, dim=-1)
    return q * angles.cos() + other * angles.sin()


def matrices(x):
    length, width = x.shape[-2:]
    rows = []
    for p in range(length):
        blocks = []
        for angle in angles_of(length, width, dtype=x.dtype)[p]:
            c, s = angle.cos(), angle.sin()
            blocks.append(torch.stack((torch.stack((c, -s)), torch.stack((s, c)))))
        rows.append(x[..., p, :] @ torch.block_diag(*blocks).T)
    return torch.stack(rows, dim=-2)


def einsum_of_turns(tensor):
    a = angles_of(*tensor.shape[-2:], dtype=tensor.dtype)
    turns = torch.stack((a.cos(), -a.sin(), a.sin(), a.cos()), -1).unflatten(-1, (2, 2))
    return torch.einsum("tiuv,...tiv->...tiu", turns, tensor.unflatten(-1, (-1, 2))).flatten(-2)


def with_positions(x, positions=None, base=10_000):
    places = torch.arange(x.shape[-2]) if positions is None else positions
    angles = places[..., None] / base ** (torch.arange(0, x.shape[-1], 2) / x.shape[-1])
    if places.dim() == 2 and x.dim() == 4:
        angles = angles[:, None]
    c, s = angles.cos().to(x), angles.sin().to(x)
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack((a * c - b * s, a * s + b * c), dim=-1).flatten(-2)


def positions_demanded(x, pos):
    return with_positions(x, pos)


def partial(x, rotary_dim=None):
    width = rotary_dim or x.shape[-1]
    return torch.cat((even_and_odd_columns(x[..., :width]), x[..., width:]), dim=-1)


def two_layouts(x, layout="interleaved"):
    if layout == "interleaved":
        return even_and_odd_columns(x)
    a, b = x.chunk(2, dim=-1)
    angles = angles_of(*x.shape[-2:], dtype=x.dtype)
    c, s = angles.cos(), angles.sin()
    return torch.cat((a * c - b * s, a * s + b * c), dim=-1)


def every_option(
    x, *, positions=None, base=10_000.0, layout="interleaved", rotary_dim=None, scale=1.0
):
    places = torch.arange(x.shape[-2]) if positions is None else positions
    head, rest = (x, x[..., :0]) if rotary_dim is None else x.tensor_split([rotary_dim], dim=-1)
    if layout == "half":
        head = head.unflatten(-1, (2, -1)).mT.flatten(-2)
    exponent = torch.arange(0, head.shape[-1], 2) / head.shape[-1]
    angles = (places * scale)[..., None] * base**-exponent
    if places.dim() == 2:
        angles = angles.view(len(places), *(1,) * (x.dim() - 3), *angles.shape[1:])
    c, s = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    a, b = head[..., ::2], head[..., 1::2]
    out = torch.stack((a * c - b * s, a * s + b * c), dim=-1).flatten(-2)
    if layout == "half":
        out = out.unflatten(-1, (-1, 2)).mT.flatten(-2)
    return torch.cat((out, rest), dim=-1)


def turned_from_the_left_by_lists(x):
    steps = [10000 ** (-2 * i / x.shape[-1]) for i in range(x.shape[-1] // 2)]
    columns = []
    places = torch.arange(x.shape[-2], dtype=x.dtype)
    for i, step in enumerate(steps):
        a, b = x[..., 2 * i], x[..., 2 * i + 1]
        c, s = torch.cos(places * step), torch.sin(places * step)
        columns += [a * c - b * s, a * s + b * c]
    return torch.stack(columns, dim=-1)


def positions_along_the_length(x, positions=None):
    places = torch.arange(x.shape[-2]) if positions is None else positions
    angles = places[..., None] / 10000 ** (torch.arange(0, x.shape[-1], 2) / x.shape[-1])
    c, s = angles.cos().to(x), angles.sin().to(x)
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack((a * c - b * s, a * s + b * c), dim=-1).flatten(-2)


RIGHT = [
    positions_along_the_length,
    every_loop, even_and_odd_columns, complex_numbers, rotate_every_two, matrices, einsum_of_turns,
    with_positions, positions_demanded, partial, two_layouts, every_option,
    turned_from_the_left_by_lists,
]  # fmt: skip


@pytest.mark.parametrize("answer", RIGHT, ids=lambda f: f.__name__)
def test_every_correct_style_passes(answer):
    verdict = check.rotary_embedding(answer)
    assert verdict.passed, verdict


def test_what_a_function_takes_is_asked():
    assert check.rotary_embedding(every_loop).asked == 12
    assert check.rotary_embedding(every_option).asked == len(ROTARY_EMBEDDING.questions) == 21
    notes = check.rotary_embedding(every_loop).notes
    assert "does not take it: positions, base, layout, rotary_dim, scale." in notes[0]


# ---------------------------------------------------------------- wrong answers

WRONG = []


def makes(mistake):
    def add(function):
        WRONG.append(pytest.param(function, mistake, id=function.__name__))
        return function

    return add


def rotate_half(x):
    a, b = x.chunk(2, dim=-1)
    return torch.cat((-b, a), dim=-1)


@makes("layout_swapped")
def as_llama(x):
    angles = angles_of(*x.shape[-2:], dtype=x.dtype)
    angles = torch.cat((angles, angles), dim=-1)
    return x * angles.cos() + rotate_half(x) * angles.sin()


@makes("layout_swapped")
def halves_with_the_angles_of_neighbours(x):
    angles = angles_of(*x.shape[-2:], dtype=x.dtype).repeat_interleave(2, dim=-1)
    other = torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)
    wrong = angles.unflatten(-1, (-1, 2)).mT.flatten(-2)
    return x * wrong.cos() + other * wrong.sin()


@makes("layout_swapped")
def neighbours_joined_as_halves(x):
    angles = angles_of(*x.shape[-2:], dtype=x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    turned = (a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())
    return torch.cat(turned, dim=-1)


@makes("layout_swapped")
def halves_stacked_as_neighbours(x):
    angles = angles_of(*x.shape[-2:], dtype=x.dtype)
    a, b = x.chunk(2, -1)
    turned = (a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())
    return torch.stack(turned, dim=-1).flatten(-2)


@makes("turned_backwards")
def clockwise(x):
    angles = angles_of(*x.shape[-2:], dtype=x.dtype)
    a, b = x[..., 0::2], x[..., 1::2]
    turned = (a * angles.cos() + b * angles.sin(), b * angles.cos() - a * angles.sin())
    return torch.stack(turned, dim=-1).flatten(-2)


@makes("turned_backwards")
def conjugated(x, base=10_000):
    angles = angles_of(*x.shape[-2:], base, x.dtype)
    turns = torch.exp(-1j * angles).to(torch.promote_types(x.dtype, torch.complex64))
    points = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(points * turns).flatten(-2)


@makes("turned_backwards")
def matrix_from_the_right(x):
    a = angles_of(*x.shape[-2:], dtype=x.dtype)
    turns = torch.stack((a.cos(), -a.sin(), a.sin(), a.cos()), -1).unflatten(-1, (2, 2))
    return torch.einsum("tiuv,...tiu->...tiv", turns, x.unflatten(-1, (-1, 2))).flatten(-2)


@makes("sign_wrong")
def minus_forgotten(x):
    angles = angles_of(*x.shape[-2:], dtype=x.dtype).repeat_interleave(2, dim=-1)
    other = torch.stack((x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)
    return x * angles.cos() + other * angles.sin()


@makes("sign_wrong")
def minus_everywhere(x):
    angles = angles_of(*x.shape[-2:], dtype=x.dtype).repeat_interleave(2, dim=-1)
    other = torch.stack((x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)
    return x * angles.cos() - other * angles.sin()


@makes("first_overwritten")
def in_place_of_a_copy(x):
    angles, x = angles_of(*x.shape[-2:], dtype=x.dtype), x.clone()
    x[..., 0::2] = x[..., 0::2] * angles.cos() - x[..., 1::2] * angles.sin()
    x[..., 1::2] = x[..., 0::2] * angles.sin() + x[..., 1::2] * angles.cos()
    return x


@makes("first_overwritten")
def one_name_used_twice(x):
    columns = []
    for i in range(x.shape[-1] // 2):
        angle = torch.arange(x.shape[-2]).to(x) / 10000 ** (2 * i / x.shape[-1])
        a, b = x[..., 2 * i], x[..., 2 * i + 1]
        a = a * angle.cos() - b * angle.sin()
        b = a * angle.sin() + b * angle.cos()
        columns += [a, b]
    return torch.stack(columns, dim=-1)


@makes("positions_from_one")
def first_position_is_1(x):
    places = torch.arange(1, x.shape[-2] + 1)
    return with_positions(x, places)


@makes("exponent_halved")
def pair_over_width(x):
    rate = 10000.0 ** -(torch.arange(x.shape[-1] // 2) / x.shape[-1])
    turns = torch.exp(1j * torch.arange(x.shape[-2])[:, None] * rate)
    points = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    return torch.view_as_real(points * turns).flatten(-2).to(x.dtype)


@makes("exponent_doubled")
def even_numbers_doubled(x, base=10000):
    rate = 1 / base ** (2 * torch.arange(0, x.shape[-1], 2).to(x) / x.shape[-1])
    angles = (torch.arange(x.shape[-2]).to(x)[:, None] * rate).repeat_interleave(2, -1)
    other = torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)
    return x * angles.cos() + other * angles.sin()


@makes("frequency_inverted")
def multiplied_by_the_base(x):
    rate = 10000.0 ** (torch.arange(0, x.shape[-1], 2).double() / x.shape[-1])
    angles = torch.arange(x.shape[-2])[:, None] * rate
    c, s = angles.cos().to(x), angles.sin().to(x)
    a, b = x[..., ::2], x[..., 1::2]
    return torch.stack((a * c - b * s, a * s + b * c), dim=-1).flatten(-2)


@makes("same_frequency")
def one_angle_for_all(x):
    angle = torch.arange(x.shape[-2]).to(x)[:, None]
    a, b = x[..., ::2], x[..., 1::2]
    turned = (a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos())
    return torch.stack(turned, dim=-1).flatten(-2)


@makes("base_ignored")
def base_given_and_forgotten(x, theta=10000.0):
    return even_and_odd_columns(x)


@makes("base_wrong")
def a_thousand(x):
    return even_and_odd_columns(x, 1000)


@makes("base_wrong")
def a_hundred_thousand_unless_told(x, base=100_000.0):
    return even_and_odd_columns(x, base)


@makes("wrong_axis")
def heads_are_counted(x):
    if x.dim() < 4:
        return even_and_odd_columns(x)
    return even_and_odd_columns(x.transpose(1, 2)).transpose(1, 2)


@makes("wrong_axis")
def length_before_heads(x):
    if x.dim() == 2:
        return even_and_odd_columns(x)
    return even_and_odd_columns(x.transpose(-3, -2)).transpose(-3, -2)


@makes("leading_axes")
def batches_alone(x):
    batch, length, width = x.shape
    pairs = even_and_odd_columns(x).view(batch, length, width)
    return pairs


@makes("leading_axes")
def four_axes_alone(x):
    b, h, t, e = x.shape
    return even_and_odd_columns(x).view(b, h, t, e)


@makes("positions_ignored")
def takes_positions_and_counts(x, positions=None):
    return even_and_odd_columns(x)


@makes("layout_swapped")
def halves_with_angles_of_neighbours(x):
    angles = torch.arange(x.shape[-2])[:, None] / 10000 ** (
        torch.arange(0, x.shape[-1], 2) / x.shape[-1]
    )
    c, s = (t.repeat_interleave(2, dim=-1).to(x) for t in (angles.cos(), angles.sin()))
    first, second = x.chunk(2, dim=-1)
    return x * c + torch.cat((-second, first), dim=-1) * s


@makes("term_forgotten")
def no_partner(x):
    angles = torch.arange(x.shape[-2])[:, None] / 10000 ** (
        torch.arange(0, x.shape[-1], 2) / x.shape[-1]
    )
    c, s = (t.repeat_interleave(2, dim=-1).to(x) for t in (angles.cos(), angles.sin()))
    return x * c + x * s


@makes("angles_not_shared")
def one_angle_for_each_feature(x):
    angles = torch.arange(x.shape[-2])[:, None] / 10000 ** (torch.arange(x.shape[-1]) / x.shape[-1])
    other = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)
    return x * angles.cos().to(x) + other * angles.sin().to(x)


@makes("rotary_dim_ignored")
def all_features_anyway(x, rotary_dim=None):
    return even_and_odd_columns(x)


@makes("rotary_dim_ignored")
def frequencies_of_the_whole(x, rotary_dim=None):
    width = rotary_dim or x.shape[-1]
    angles = angles_of(*x.shape[-2:], dtype=x.dtype)[:, : width // 2]
    a, b = x[..., 0:width:2], x[..., 1:width:2]
    turned = (a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos())
    return torch.cat((torch.stack(turned, dim=-1).flatten(-2), x[..., width:]), dim=-1)


@makes("rotary_dim_ignored")
def only_what_was_turned(x, rotary_dim=None):
    return even_and_odd_columns(x[..., : rotary_dim or x.shape[-1]])


@makes("layout_ignored")
def one_layout_for_both(x, layout="interleaved"):
    return even_and_odd_columns(x)


@makes("scale_ignored")
def divided_by_the_scale(x, scale=1.0):
    return with_positions(x, torch.arange(x.shape[-2]) / scale)


@makes("cos_sin_swapped")
def swapped(x):
    angles = angles_of(*x.shape[-2:], dtype=x.dtype).repeat_interleave(2, dim=-1)
    other = torch.stack((-x[..., 1::2], x[..., 0::2]), dim=-1).flatten(-2)
    return x * angles.sin() + other * angles.cos()


@makes("term_forgotten")
def cosine_alone(x):
    return x * angles_of(*x.shape[-2:], dtype=x.dtype).repeat_interleave(2, dim=-1).cos()


@makes("term_forgotten")
def second_without_the_first(x):
    angles = angles_of(*x.shape[-2:], dtype=x.dtype)
    a, b = x[..., ::2], x[..., 1::2]
    turned = (a * angles.cos() - b * angles.sin(), b * angles.cos())
    return torch.stack(turned, dim=-1).flatten(-2)


@makes("half_turned")
def odd_columns_kept(x):
    angles, out = angles_of(*x.shape[-2:], dtype=x.dtype), x.clone()
    out[..., ::2] = x[..., ::2] * angles.cos() - x[..., 1::2] * angles.sin()
    return out


@makes("half_turned")
def real_part_alone(x):
    points = torch.view_as_complex(x.unflatten(-1, (-1, 2)).contiguous())
    angles = angles_of(*x.shape[-2:], dtype=x.dtype)
    return (points * torch.polar(torch.ones_like(angles), angles)).real


@makes("encoding_added")
def sinusoids_added(x):
    return x + sinusoidal_encoding(*x.shape[-2:], dtype=x.dtype)


@makes("not_turned")
def returned_as_it_came(x):
    return x.clone()


@makes("degrees")
def taken_for_degrees(x):
    return with_positions(x, torch.arange(x.shape[-2]) * math.pi / 180)


@makes("gradient_cut")
def through_numpy(x):
    array, angles = x.numpy(), angles_of(*x.shape[-2:]).numpy()
    out = np.empty_like(array)
    out[..., ::2] = array[..., ::2] * np.cos(angles) - array[..., 1::2] * np.sin(angles)
    out[..., 1::2] = array[..., ::2] * np.sin(angles) + array[..., 1::2] * np.cos(angles)
    return torch.from_numpy(out)


@makes("wrong_dtype")
def angles_in_double(x):
    return even_and_odd_columns(x.double())


@makes("input_modified")
def turned_in_the_callers_tensor(x):
    x.copy_(even_and_odd_columns(x))
    return x


@makes("turned_backwards+positions_from_one")
def backwards_and_from_one(x):
    return with_positions(x, -torch.arange(1, x.shape[-2] + 1))


@pytest.mark.parametrize(("answer", "mistake"), WRONG)
def test_each_mistake_is_called_by_its_name(answer, mistake):
    verdict = check.rotary_embedding(answer)
    assert verdict.mistake == mistake, verdict
    assert not verdict.passed
    assert len(verdict.message) > 100


# ---------------------------------------------------------------- beyond the bank


def test_what_is_in_no_bank_is_rejected_with_the_first_number_and_its_formula():
    def squared(x):
        return even_and_odd_columns(x) ** 2

    verdict = check.rotary_embedding(squared)
    assert verdict.mistake == "wrong_values"
    index, total = verdict.evidence.index, verdict.evidence.derivation.total
    assert total == pytest.approx(float(verdict.evidence.expected[index]))
    assert f"output{list(index)} should be" in verdict.message
    assert f"= {total:.6g}, yours is {total**2:.6g}." in verdict.message
    # The last axes have names, however many stand before them.
    position, feature = index[-2:]
    assert f"(position {position}, feature {feature}: features 0 and 1" in verdict.message


def test_one_wrong_number_is_found():
    def spoiled(x):
        out = even_and_odd_columns(x).clone()
        if x.shape[-2] == 70:
            out[69, 3] += 0.01
        return out

    verdict = check.rotary_embedding(spoiled)
    assert verdict.mistake == "wrong_values"
    assert "output[69, 3] should be" in verdict.message


@pytest.mark.parametrize("question", ROTARY_EMBEDDING.questions, ids=lambda q: q.about)
def test_every_number_is_derived_as_its_formula_says(question):
    arguments = ROTARY_EMBEDDING.complete(question.arguments)
    expected = ROTARY_EMBEDDING.reference(arguments)
    for index in np.ndindex(*expected.shape):
        told = ROTARY_EMBEDDING.results[0].derive(arguments, index)
        formula = told.shown.replace("^", "**")
        value = eval(formula, {"sin": math.sin, "cos": math.cos, "x": _Indexed(arguments.x)})
        assert told.total == pytest.approx(float(expected[index]), abs=1e-6)
        assert value == pytest.approx(told.total, abs=1e-4)


class _Indexed:
    """Let a formula say x[0, 1] with a list: x[[0, 1]] is what the text x[0, 1] stands for."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __getitem__(self, index):
        return float(self.tensor[index])


def test_a_partial_width_says_which_features_stay():
    def rest_doubled(x, rotary_dim=None):
        out = partial(x, rotary_dim).clone()
        out[..., rotary_dim or x.shape[-1] :] *= 2
        return out

    verdict = check.rotary_embedding(rest_doubled)
    assert verdict.mistake == "wrong_values"
    assert "right where all features are turned" in verdict.message
    assert "a feature that is not turned" in verdict.message
