"""labkit.ops.positional_encoding: one import for all, learned tables, what positions are for."""

import pytest
import torch
from torch.nn import functional

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops import alibi, relative_bias, rotary_embedding, sinusoidal_encoding
from labkit.ops import positional_encoding as encodings
from labkit.ops.positional_encoding import learned_encoding


def numbers(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize(
    "part", [alibi, relative_bias, rotary_embedding, sinusoidal_encoding], ids=lambda m: m.__name__
)
def test_one_import_offers_every_part(part):
    for name in part.__all__:
        assert getattr(encodings, name) is getattr(part, name)
        assert name in encodings.__all__


def test_a_learned_encoding_is_a_row_of_the_table():
    table = numbers(5, 3)
    assert torch.equal(learned_encoding(table, 4), table[:4])
    places = torch.tensor([[4, 0], [1, 1]])
    found = learned_encoding(table, places)
    assert torch.equal(found, functional.embedding(places, table))
    assert torch.equal(learned_encoding(table, places.to(torch.uint8)), found)


def test_every_use_of_a_row_adds_to_its_gradient():
    ours, theirs = (numbers(5, 3).requires_grad_() for _ in range(2))
    places = torch.tensor([[4, 0], [1, 1]])
    direction = numbers(2, 2, 3, seed=1)
    learned_encoding(ours, places).backward(direction)
    functional.embedding(places, theirs).backward(direction)
    torch.testing.assert_close(ours.grad, theirs.grad)
    table = numbers(4, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda t: learned_encoding(t, 3), (table,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_of_the_table_is_kept(dtype):
    assert learned_encoding(numbers(3, 2).to(dtype), 2).dtype is dtype


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_positions_follow_the_table_to_its_gpu():
    table = numbers(5, 3)
    found = learned_encoding(table.cuda(), torch.tensor([4, 2]))
    assert found.device.type == "cuda"
    assert torch.equal(found.cpu(), table[[4, 2]])


def test_an_empty_sequence_a_view_and_a_nan():
    table = numbers(3, 5).T
    assert learned_encoding(table, 0).shape == (0, 3)
    assert torch.equal(learned_encoding(table, 5), table)
    spoiled = table.clone()
    spoiled[1, 0] = torch.nan
    assert learned_encoding(spoiled, 3).isnan().nonzero().tolist() == [[1, 0]]
    assert not table.isnan().any()


WRONG = [
    (
        "beyond",
        lambda t: learned_encoding(t, 6),
        OptionError,
        "position 5 has no row in a table of 5 rows; learn a longer table, or use sinusoidal",
    ),
    (
        "before",
        lambda t: learned_encoding(t, torch.tensor([2, -1])),
        OptionError,
        "position -1 has no row",
    ),
    (
        "between",
        lambda t: learned_encoding(t, torch.tensor([0.5])),
        DTypeError,
        r"whole numbers to look up, got torch.float32; use positions.long\(\)",
    ),
    (
        "integers",
        lambda t: learned_encoding(t.long(), 2),
        DTypeError,
        r"table must hold floating-point numbers, got torch.int64",
    ),
    ("one row", lambda t: learned_encoding(t[0], 2), ShapeError, r"got shape \(3,\)"),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call(numbers(5, 3))


def attend(x, *, turn=lambda x: x, bias=None):
    """Let every place of x attend to every place, with fixed projections."""
    query, key, value = (x @ numbers(8, 8, seed=seed) for seed in (1, 2, 3))
    query, key = turn(query), turn(key)
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)


WORDS, SHUFFLED = numbers(6, 8), torch.tensor([3, 0, 5, 1, 4, 2])


def test_attention_without_positions_is_permutation_equivariant():
    torch.testing.assert_close(attend(WORDS[SHUFFLED]), attend(WORDS)[SHUFFLED])


TOLD = {
    "sinusoidal": lambda x: attend(x + encodings.sinusoidal_encoding(6, 8, dtype=x.dtype)),
    "learned": lambda x: attend(x + encodings.learned_encoding(numbers(9, 8, seed=4), 6)),
    "rotary": lambda x: attend(x, turn=encodings.rotary_embedding),
    "alibi": lambda x: attend(x, bias=encodings.alibi_bias(1, 6, dtype=x.dtype, causal=False)[0]),
    "relative": lambda x: attend(
        x, bias=encodings.relative_position_bias(numbers(32, 1, seed=5), 6)[0]
    ),
}


@pytest.mark.parametrize("encoding", TOLD)
def test_with_positions_the_order_matters(encoding):
    told = TOLD[encoding]
    assert (told(WORDS[SHUFFLED]) - told(WORDS)[SHUFFLED]).abs().max() > 1e-3


@pytest.mark.parametrize("encoding", ["rotary", "alibi", "relative"])
def test_relative_encodings_do_not_notice_where_a_sequence_stands(encoding):
    """The first six places after three others: what they say to each other is the same."""
    later = torch.arange(6) + 3
    here = TOLD[encoding](WORDS)
    if encoding == "rotary":
        there = attend(WORDS, turn=lambda x: encodings.rotary_embedding(x, positions=later))
    else:
        whole = (
            encodings.alibi_bias(1, 9, dtype=torch.float64, causal=False)
            if encoding == "alibi"
            else encodings.relative_position_bias(numbers(32, 1, seed=5), 9)
        )
        there = attend(WORDS, bias=whole[0, 3:, 3:])
    torch.testing.assert_close(there, here)


@pytest.mark.parametrize("lengths", [(4, 4), (2, 5)])
def test_a_causal_bias_hides_what_comes_later(lengths):
    queries, keys = numbers(3, lengths[0], 8), numbers(3, lengths[1], 8, seed=1)
    values = numbers(3, lengths[1], 8, seed=2)
    bias = encodings.alibi_bias(3, *lengths, dtype=torch.float64)
    before = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
    changed = values.clone()
    changed[:, -1] = 100.0
    after = functional.scaled_dot_product_attention(queries, keys, changed, attn_mask=bias)
    torch.testing.assert_close(before[:, :-1], after[:, :-1])
    assert not torch.allclose(before[:, -1], after[:, -1])
