"""labkit.checks.pooling_questions: what makes the questions tell mistakes apart."""

from itertools import pairwise

import pytest
import torch.nn.functional as F

from labkit.checks.pooling import AVG_POOL2D, MAX_POOL2D
from labkit.checks.pooling_questions import AVERAGE_QUESTIONS, MAX_QUESTIONS, in_pairs

ALL = {question.about: question for question in (*MAX_QUESTIONS, *AVERAGE_QUESTIONS)}


@pytest.mark.parametrize("question", ALL.values(), ids=ALL)
def test_pixels_differ_from_each_other_and_from_zero(question):
    x = question.arguments.x
    assert len(x.unique()) == x.numel()
    assert (x != 0).all()


@pytest.mark.parametrize("questions", [MAX_QUESTIONS, AVERAGE_QUESTIONS])
def test_each_question_has_its_own_name_and_numbers(questions):
    assert len({question.about for question in questions}) == len(questions)
    shapes = {}
    for question in questions:
        shapes.setdefault(tuple(question.arguments.x.shape), []).append(question.arguments.x)
    assert all(not a.equal(b) for same in shapes.values() for a, b in pairwise(same))


@pytest.mark.parametrize("name", ["stride", "padding", "dilation", "ceil_mode"])
def test_each_option_is_asked_alone_of_square_and_of_oblong_images_and_of_a_batch(name):
    alone = [
        q.arguments.x.shape for q in MAX_QUESTIONS if set(q.options()) == {"kernel_size", name}
    ]
    assert any(high == wide for *_, high, wide in alone)
    assert any(high != wide for *_, high, wide in alone)
    assert any(images > 1 for images, *_ in alone)


def test_somewhere_a_padding_of_zeros_would_win():
    padded = [q.arguments for q in MAX_QUESTIONS if "padding" in q.arguments]
    negative = [a for a in padded if (a.x < 0).all()]
    assert len(negative) >= 2
    assert all((F.max_pool2d(a.x, a.kernel_size, padding=a.padding) < 0).all() for a in negative)


@pytest.mark.parametrize("operation", [MAX_POOL2D, AVG_POOL2D], ids=lambda one: one.name)
def test_in_pairs_the_same_is_asked(operation):
    paired = in_pairs(operation)
    for one, other in zip(operation.questions, paired.questions, strict=True):
        assert other.arguments.kernel_size == (one.arguments.kernel_size,) * 2
        answers = [
            o.reference(o.complete(q.arguments)) for o, q in ((operation, one), (paired, other))
        ]
        assert answers[0].equal(answers[1])
    assert paired.defaults["padding"] == (0, 0)
    assert paired.defaults["stride"] is None
    assert paired.defaults["ceil_mode"] is False
