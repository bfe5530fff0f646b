"""The same question in four forms, and back."""

import inspect

import pytest
import torch

from labkit.checks.comparison import alike, plain
from labkit.checks.multi_head_attention import MULTI_HEAD_ATTENTION
from labkit.checks.multi_head_forms import as_asked


def apart(query, key, value, w_q, w_k, w_v, w_o, num_heads): ...


def stacked(query, key, value, in_proj_weight, out_proj_weight, num_heads): ...


def alone(x, w_q, w_k, w_v, w_o, num_heads): ...


def alone_stacked(x, in_proj_weight, out_proj_weight, num_heads): ...


def of_a_mapping(query, key, value, weights, *, num_heads=1, mask=None):
    return query, key, value, weights, num_heads, mask


INPUTS = {
    apart: "query key value w_q w_k w_v w_o num_heads",
    stacked: "query key value in_proj_weight out_proj_weight num_heads",
    alone: "x w_q w_k w_v w_o num_heads",
    alone_stacked: "x in_proj_weight out_proj_weight num_heads",
    of_a_mapping: "query key value in_proj_weight out_proj_weight num_heads",
}


@pytest.mark.parametrize("function", INPUTS)
def test_the_operation_has_the_form_of_the_function(function):
    operation = as_asked(function, MULTI_HEAD_ATTENTION)[1]
    assert operation.inputs == tuple(INPUTS[function].split())
    assert len(operation.questions) == len(MULTI_HEAD_ATTENTION.questions)
    assert all(set(q.arguments) <= {*operation.inputs, *operation.defaults}
               for q in operation.questions)  # fmt: skip


@pytest.mark.parametrize("function", [apart, print, None, 3, "multi_head_attention"])
def test_what_has_no_other_form_is_left_alone(function):
    if function is print:
        assert as_asked(function, MULTI_HEAD_ATTENTION)[0] is print
    else:
        assert as_asked(function, MULTI_HEAD_ATTENTION) == (function, MULTI_HEAD_ATTENTION)


def answers(operation, function):
    return [function(operation.complete(q.arguments)) for q in operation.questions]


def test_stacked_matrices_have_the_same_right_answers():
    operation = as_asked(stacked, MULTI_HEAD_ATTENTION)[1]
    here = answers(operation, operation.reference)
    there = answers(MULTI_HEAD_ATTENTION, MULTI_HEAD_ATTENTION.reference)
    assert all(map(torch.equal, here, there))


def test_stacked_matrices_have_the_same_wrong_answers():
    operation = as_asked(stacked, MULTI_HEAD_ATTENTION)[1]
    last = -2  # causal in one sequence
    for ours, theirs in zip(MULTI_HEAD_ATTENTION.mistakes, operation.mistakes, strict=True):
        for sentence, variant in ours.variants.items():
            other = theirs.variants[sentence]
            try:
                right = variant(
                    MULTI_HEAD_ATTENTION.reference,
                    MULTI_HEAD_ATTENTION.complete(MULTI_HEAD_ATTENTION.questions[last].arguments),
                )
            except (ValueError, RuntimeError):
                continue
            given = other(
                operation.reference, operation.complete(operation.questions[last].arguments)
            )
            assert alike(plain(given), plain(right)), sentence


def test_a_bias_that_one_of_three_lacks_is_zero_in_the_stack():
    operation = as_asked(stacked, MULTI_HEAD_ATTENTION)[1]
    forgotten = next(m for m in operation.mistakes if m.name == "bias_forgotten")
    biased = next(q for q in operation.questions if "in_proj_bias" in q.arguments)
    seen = []
    variant = forgotten.variants["Yours leaves out that of the queries."]
    variant(lambda a: seen.append(a) or a.query, operation.complete(biased.arguments))
    width = biased.arguments.query.shape[-1]
    bias = biased.arguments.in_proj_bias
    assert seen[0].in_proj_bias.tolist() == [0.0] * width + bias[width:].tolist()


def test_one_input_is_asked_with_masks_of_its_own_length():
    operation = as_asked(alone, MULTI_HEAD_ATTENTION)[1]
    for question in operation.questions:
        a = operation.complete(question.arguments)
        length = a.x.shape[1]
        assert a.mask is None or a.mask.shape == (length, length)
        assert operation.reference(a).shape == a.x.shape
        assert operation.results[0].derive(a, (0, 0, 0)).total == pytest.approx(
            float(operation.reference(a)[0, 0, 0]), abs=1e-5
        )


def test_a_function_of_a_mapping_gets_one():
    asked, _ = as_asked(of_a_mapping, MULTI_HEAD_ATTENTION)
    assert list(inspect.signature(asked).parameters)[:3] == ["query", "key", "value"]
    given = asked(1, 2, value=3, in_proj_weight=4, out_proj_weight=5, num_heads=6, in_proj_bias=7)
    state = {"in_proj_weight": 4, "out_proj.weight": 5, "in_proj_bias": 7}
    assert given == (1, 2, 3, state, 6, None)


def test_a_mapping_may_stand_anywhere():
    def first(state_dict, query, key, value, /, heads, mask=None):
        return state_dict, query, key, value, heads, mask

    asked, _ = as_asked(first, MULTI_HEAD_ATTENTION)
    given = asked(1, 2, 3, 4, in_proj_weight=5, out_proj_weight=6, mask=7)
    assert given == ({"in_proj_weight": 5, "out_proj.weight": 6}, 1, 2, 3, 4, 7)


def test_the_learners_own_line_is_found():
    asked, _ = as_asked(of_a_mapping, MULTI_HEAD_ATTENTION)
    assert asked.__code__ is of_a_mapping.__code__
