"""labkit.ops.rotary_embedding: one worked turn, the loops, a written-out reference, properties."""

import math
from itertools import product

import pytest
import torch

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.ops.rotary_embedding import rotary_embedding, rotary_embedding_loops

BOTH = pytest.mark.parametrize("rotate", [rotary_embedding, rotary_embedding_loops])
LAYOUTS = pytest.mark.parametrize("layout", ["interleaved", "half"])
GRID = [
    {"layout": layout, "rotary_dim": width, "base": base, "scale": scale}
    for layout, width, base, scale in product(
        ["interleaved", "half"], [None, 2, 6, 8], [20, 10_000.0], [1, 0.25]
    )
]


def numbers(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def as_matrices(
    x, *, positions=None, base=10_000.0, layout="interleaved", rotary_dim=None, scale=1
):
    """Multiply each vector with the paper's block-diagonal matrix of rotations: the reference."""
    width = rotary_dim or x.shape[-1]
    steps = torch.arange(x.shape[-2]) if positions is None else positions
    angles = steps[..., None].to(x) * scale * base ** (-torch.arange(0, width, 2).to(x) / width)
    matrices = torch.zeros(*angles.shape[:-1], x.shape[-1], x.shape[-1]).to(x)
    matrices.diagonal(dim1=-2, dim2=-1).fill_(1)
    for i in range(width // 2):
        a, b = (2 * i, 2 * i + 1) if layout == "interleaved" else (i, i + width // 2)
        matrices[..., a, a] = matrices[..., b, b] = angles[..., i].cos()
        matrices[..., a, b], matrices[..., b, a] = -angles[..., i].sin(), angles[..., i].sin()
    return (matrices @ x[..., None]).squeeze(-1)


@BOTH
def test_the_worked_turn(rotate):
    x = torch.tensor([[3.0, 4.0, 1.0, 2.0]] * 3)
    expected = [
        [3, 4, 1, 2],
        [
            3 * math.cos(1) - 4 * math.sin(1),
            3 * math.sin(1) + 4 * math.cos(1),
            1 * math.cos(0.1) - 2 * math.sin(0.1),
            1 * math.sin(0.1) + 2 * math.cos(0.1),
        ],
        [
            3 * math.cos(2) - 4 * math.sin(2),
            3 * math.sin(2) + 4 * math.cos(2),
            1 * math.cos(0.2) - 2 * math.sin(0.2),
            1 * math.sin(0.2) + 2 * math.cos(0.2),
        ],
    ]
    torch.testing.assert_close(rotate(x, base=100), torch.tensor(expected))


@BOTH
def test_the_worked_turn_of_halves(rotate):
    x = torch.tensor([[3.0, 1.0, 4.0, 2.0]] * 2)
    turned = rotate(x, base=100, layout="half")[1]
    expected = [
        3 * math.cos(1) - 4 * math.sin(1),
        1 * math.cos(0.1) - 2 * math.sin(0.1),
        3 * math.sin(1) + 4 * math.cos(1),
        1 * math.sin(0.1) + 2 * math.cos(0.1),
    ]
    torch.testing.assert_close(turned, torch.tensor(expected))


@pytest.mark.parametrize("options", GRID, ids=str)
def test_agrees_with_the_loops(options):
    x = numbers(2, 3, 4, 8)
    torch.testing.assert_close(rotary_embedding(x, **options), rotary_embedding_loops(x, **options))


@pytest.mark.parametrize("options", GRID, ids=str)
@pytest.mark.parametrize("places", [None, torch.tensor([7, 0, 2, 2, 900])], ids=str)
def test_agrees_with_matrices_of_rotation_in_values_and_gradients(options, places):
    x = numbers(3, 5, 8).requires_grad_()
    ours = rotary_embedding(x, positions=places, **options)
    theirs = as_matrices(x, positions=places, **options)
    torch.testing.assert_close(ours, theirs)
    direction = numbers(3, 5, 8, seed=1)
    torch.testing.assert_close(
        *(torch.autograd.grad(result, x, direction)[0] for result in (ours, theirs))
    )


@BOTH
@LAYOUTS
def test_gradcheck(rotate, layout):
    x = numbers(2, 3, 6).requires_grad_()
    places = numbers(2, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x, p: rotate(x, positions=p, layout=layout, rotary_dim=4), (x, places)
    )


@LAYOUTS
def test_second_derivatives(layout):
    x, places = numbers(2, 4).requires_grad_(), numbers(2, seed=1).requires_grad_()
    assert torch.autograd.gradgradcheck(
        lambda x, p: rotary_embedding(x, positions=p, layout=layout), (x, places)
    )


@pytest.mark.parametrize("width", [2, 4, 10])
def test_the_layouts_are_permutations_of_each_other(width):
    x = numbers(3, 5, 12)
    order = torch.cat(
        (torch.arange(0, width, 2), torch.arange(1, width, 2), torch.arange(width, 12))
    )
    halves = rotary_embedding(x[..., order], layout="half", rotary_dim=width)
    torch.testing.assert_close(halves, rotary_embedding(x, rotary_dim=width)[..., order])


@LAYOUTS
@pytest.mark.parametrize("base", [3.0, 10_000.0])
def test_scores_depend_on_the_difference_alone(layout, base):
    query, key = numbers(1, 8), numbers(1, 8, seed=1)

    def score(query_place, key_place):
        q, k = (
            rotary_embedding(x, positions=torch.tensor([p]), layout=layout, base=base)
            for x, p in ((query, query_place), (key, key_place))
        )
        return q @ k.mT

    for difference in (-4, 0, 1, 9):
        expected = score(difference, 0)
        for key_place in (1, 5, 100, 3_000):
            torch.testing.assert_close(score(key_place + difference, key_place), expected)
    assert not torch.allclose(score(4, 0), score(5, 0))
    assert not torch.allclose(score(4, 0), score(0, 4))


@LAYOUTS
def test_lengths_are_kept(layout):
    x = numbers(2, 50, 16)
    turned = rotary_embedding(x, layout=layout)
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))


@LAYOUTS
def test_a_partial_width_leaves_the_other_features_as_they_are(layout):
    x = numbers(2, 5, 12)
    turned = rotary_embedding(x, rotary_dim=4, layout=layout)
    assert torch.equal(turned[..., 4:], x[..., 4:])
    torch.testing.assert_close(turned[..., :4], rotary_embedding(x[..., :4], layout=layout))


def test_a_scale_multiplies_the_positions():
    x, places = numbers(2, 6, 8), torch.arange(6)
    torch.testing.assert_close(
        rotary_embedding(x, scale=0.5), rotary_embedding(x, positions=places / 2)
    )
    # Twice the length at half the scale ends where the trained length ended.
    long = rotary_embedding(x[:, :1].expand(-1, 13, -1), scale=0.5)
    torch.testing.assert_close(
        long[:, 12], rotary_embedding(x[:, :1], positions=torch.tensor([6]))[:, 0]
    )


@BOTH
def test_positions_of_each_sequence_serve_all_its_heads(rotate):
    x = numbers(2, 3, 4, 6)
    places = torch.tensor([[0, 1, 2, 3], [5, 0, 0, 9]])
    turned = rotate(x, positions=places)
    for b in range(2):
        torch.testing.assert_close(turned[b], rotate(x[b], positions=places[b]))
    torch.testing.assert_close(rotate(x, positions=places[:, None]), turned)


def test_as_many_heads_as_sequences_are_not_confused():
    x = numbers(2, 2, 4, 6)
    places = torch.tensor([[0, 1, 2, 3], [5, 6, 7, 8]])
    turned = rotary_embedding(x, positions=places)
    for b, h in product(range(2), range(2)):
        torch.testing.assert_close(turned[b, h], rotary_embedding(x[b, h], positions=places[b]))


def test_a_cache_that_goes_on_from_a_position_gives_the_same():
    x = numbers(2, 9, 8)
    whole = rotary_embedding(x)
    last = rotary_embedding(x[:, 6:], positions=torch.arange(6, 9))
    torch.testing.assert_close(last, whole[:, 6:])


@BOTH
@LAYOUTS
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_the_dtype_is_kept_and_half_precision_is_turned_in_float32(rotate, layout, dtype):
    x = numbers(2, 300, 4, dtype=dtype).requires_grad_()
    turned = rotate(x, layout=layout)
    assert turned.dtype is dtype
    exact = as_matrices(x.double(), layout=layout)
    # One rounding of numbers up to 4: at position 300, angles in half precision would be far off.
    torch.testing.assert_close(turned.double(), exact, rtol=0, atol=4 * torch.finfo(dtype).eps)
    assert torch.autograd.grad(turned.sum(), x)[0].dtype is dtype


def test_far_positions_are_as_precise_as_near_ones():
    x = numbers(2, 16, dtype=torch.float32)
    places = torch.tensor([1_000_000, 1_000_003])
    torch.testing.assert_close(
        rotary_embedding(x, positions=places).double(),
        as_matrices(x.double(), positions=places),
        rtol=0,
        atol=1e-6,
    )


@LAYOUTS
def test_the_device_is_kept(layout):
    x = torch.zeros(2, 3, 4, device="meta")
    assert rotary_embedding(x, layout=layout).device.type == "meta"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@pytest.mark.parametrize("options", GRID[::3], ids=str)
def test_a_gpu_gives_the_same(options):
    x = numbers(2, 3, 5, 8)
    places = torch.tensor([[4, 0, 1, 1, 80], [0, 1, 2, 3, 4]])
    there = rotary_embedding(x.cuda(), positions=places, **options)
    assert there.device.type == "cuda"
    torch.testing.assert_close(there.cpu(), rotary_embedding(x, positions=places, **options))


@BOTH
@LAYOUTS
def test_the_input_is_not_modified(rotate, layout):
    x, places = numbers(2, 3, 4), torch.tensor([3, 1, 2])
    before = x.clone()
    rotate(x, positions=places, layout=layout)
    assert torch.equal(x, before)
    assert places.tolist() == [3, 1, 2]


@BOTH
@LAYOUTS
@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4), (1, 4), (1, 1, 1, 2)])
def test_empty_batches_empty_sequences_one_head_and_length_1(rotate, layout, shape):
    x = numbers(*shape)
    torch.testing.assert_close(rotate(x, layout=layout), as_matrices(x, layout=layout))


@LAYOUTS
def test_views_that_are_not_contiguous(layout):
    x = numbers(2, 5, 3, 8).transpose(1, 2)
    flat = numbers(1 + 5 * 8)
    for view in (x, x[:1].expand(4, -1, -1, -1), numbers(3, 16)[:, ::2], numbers(8, 4).T,
                 flat[1:].view(5, 8), flat[:40].view(5, 8)[:, 1:7]):  # fmt: skip
        torch.testing.assert_close(
            rotary_embedding(view, layout=layout), as_matrices(view, layout=layout)
        )


@BOTH
@LAYOUTS
def test_a_nan_stays_in_its_pair(rotate, layout):
    x = numbers(2, 3, 6)
    x[1, 2, 1] = torch.nan
    partner = 0 if layout == "interleaved" else 4
    found = rotate(x, layout=layout).isnan().nonzero().tolist()
    assert found == sorted([[1, 2, 1], [1, 2, partner]])


WRONG = [
    ("one axis", lambda x: rotary_embedding(x[0, 0]), ShapeError, r"\(\.\.\., length, width\).*8,"),
    ("odd width", lambda x: rotary_embedding(x[..., :7]), OptionError, "even.* 7; got 7; use .*=6"),
    ("odd part", lambda x: rotary_embedding(x, rotary_dim=3), OptionError, "got 3; use .*dim=2"),
    ("too wide", lambda x: rotary_embedding(x, rotary_dim=10), OptionError, "x, 8; got 10; .*=8"),
    ("no part", lambda x: rotary_embedding(x, rotary_dim=0), OptionError, "rotary_dim .*>= 1, got"),
    ("integers", lambda x: rotary_embedding(x.long()), DTypeError, r"int64; use x.float\(\)"),
    ("layout", lambda x: rotary_embedding(x, layout="neox"), OptionError, "'half', got 'neox'"),
    ("base", lambda x: rotary_embedding(x, base=0), OptionError, "base must be a number above 0"),
    ("scale", lambda x: rotary_embedding(x, scale=-1), OptionError, "scale must be .* got -1"),
    (
        "positions of another length",
        lambda x: rotary_embedding(x, positions=torch.arange(4)),
        ShapeError,
        r"\(length,\).*got \(4,\) for x \(2, 3, 8\)",
    ),
    (
        "positions of another batch",
        lambda x: rotary_embedding(x, positions=torch.zeros(3, 3)),
        ShapeError,
        r"got \(3, 3\) for x",
    ),
    (
        "positions with an axis too many",
        lambda x: rotary_embedding(x, positions=torch.zeros(1, 2, 3)),
        ShapeError,
        r"got \(1, 2, 3\) for x",
    ),
    (
        "one position for a longer sequence",
        lambda x: rotary_embedding(x, positions=torch.arange(1)),
        ShapeError,
        r"got \(1,\) for x",
    ),
    (
        "a single position",
        lambda x: rotary_embedding(x, positions=torch.tensor(3)),
        ShapeError,
        r"got \(\) for x",
    ),
]


@pytest.mark.usefixtures("as_learners_run_it")
@pytest.mark.parametrize(
    ("call", "error", "says"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_bad_input_says_what_to_do(call, error, says):
    with pytest.raises(error, match=says):
        call(numbers(2, 3, 8))


@pytest.mark.usefixtures("as_learners_run_it")
def test_the_loops_refuse_the_same():
    with pytest.raises(OptionError, match="rotary_dim must be even"):
        rotary_embedding_loops(numbers(2, 3))
