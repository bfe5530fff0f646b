from itertools import pairwise

import pytest
import torch

from labkit.checks.attention_questions import PLAIN, STAGES, pattern
from labkit.checks.banks.attention_scores import scores_of, visible
from labkit.checks.question import Arguments

QUESTIONS = [q for stage in STAGES for q in stage]
DEFAULTS = {"mask": None, "bias": None, "causal": False, "scale": None}


def complete(question):
    return Arguments(DEFAULTS, **question.arguments)


@pytest.mark.parametrize("shape", [(1, 3), (2, 4), (4, 4), (2, 3, 3), (2, 3, 4, 5)])
def test_a_mask_shows_every_query_some_keys_and_hides_some(shape):
    mask = pattern(*shape)
    assert mask.shape == shape
    assert mask.any(-1).all()
    assert not mask.all(-1).any()


def test_a_square_mask_is_not_its_transpose_and_shows_its_diagonal():
    assert not pattern(4, 4).equal(pattern(4, 4).T)
    assert pattern(4, 4).diagonal().all()


def test_every_question_is_asked_once_and_about_another_thing():
    assert len({q.about for q in QUESTIONS}) == len(QUESTIONS)


def test_plain_questions_come_first_and_have_no_options():
    assert STAGES[0][: len(PLAIN)] == PLAIN
    assert all(set(q.arguments) == {"q", "k", "v"} for q in PLAIN)
    assert all(set(q.arguments) > {"q", "k", "v"} for q in STAGES[0][len(PLAIN) :])


def test_only_the_stage_about_it_has_a_query_that_sees_nothing():
    for stage in STAGES:
        blind = {not visible(complete(q)).any(-1).all() for q in stage}
        assert blind == {stage is STAGES[3]}


def test_only_the_stage_about_them_has_scores_that_are_large():
    for stage in STAGES:
        large = {bool(scores_of(complete(q)).abs().max() > 80) for q in stage}
        assert large == {stage is STAGES[1]}


def test_large_scores_differ_by_one_among_the_visible():
    for question in STAGES[1]:
        a = complete(question)
        scores = scores_of(a).masked_fill(~visible(a), -torch.inf)
        for row in scores:
            best, second = row.sort(descending=True).values[:2].tolist()
            assert 0 < best - second <= 2


def test_the_stage_of_half_precision_is_in_it_and_no_other():
    for stage in STAGES:
        assert {q.dtype for q in stage} == {torch.float16 if stage is STAGES[2] else torch.float32}


def test_only_the_last_stage_is_causal_with_more_keys_than_queries():
    for stage in STAGES:
        lengths = [(q.arguments.q.shape[-2], q.arguments.k.shape[-2]) for q in stage
                   if q.arguments.get("causal")]  # fmt: skip
        assert all((a < b) == (stage is STAGES[-1]) for a, b in lengths)


def test_numbers_that_could_be_taken_for_d_differ_somewhere():
    """Of any two sizes that might stand under the root, some question tells them apart."""
    plain = [q.arguments for q in STAGES[0] if q.arguments.q.dim() == 4]
    sizes = [(*a.q.shape, a.k.shape[-2], a.v.shape[-1]) for a in plain]
    for one, other in pairwise(range(6)):
        assert any(s[one] != s[other] for s in sizes)
