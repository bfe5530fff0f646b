"""What holds for every bank: its variants are wrong, unlike each other, and told by their names.

The operations are found by the names of the checks: ``check.rnn_update`` examines ``RNN_UPDATE``.
Convolution, the model for all, proves more of its bank beside it.
"""

import inspect
from functools import cache
from importlib import import_module
from itertools import combinations

import pytest
import torch

from labkit.checks import _HOMES, check
from labkit.checks.attention import CONVENTIONS
from labkit.checks.bank import evaluate
from labkit.checks.comparison import agree, alike, parts
from labkit.checks.question import Arguments

OPERATIONS = {
    name: getattr(import_module(f"labkit.checks.{home}"), name.upper())
    for name, home in _HOMES.items()
    if name != "conv2d"
}
FORMS = [
    pytest.param(name, mistake, particular, variant, id=f"{name}-{mistake.name}: {particular}")
    for name, operation in OPERATIONS.items()
    for mistake in operation.mistakes
    for particular, variant in mistake.variants.items()
]


@cache
def right_answers(name):
    operation = OPERATIONS[name]
    return [evaluate(operation.reference, q, operation) for q in operation.questions]


def answers(name, variant):
    operation = OPERATIONS[name]
    return [
        evaluate(lambda a: variant(operation.reference, a), q, operation)
        for q in operation.questions
    ]


def learner(operation, function):
    """Return a function of the operation's own signature that answers so."""
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    declared = [
        inspect.Parameter(p.name, kind, **({} if p.required else {"default": p.default}))
        for p in operation.parameters
    ]
    declared.sort(key=lambda p: p.default is not inspect.Parameter.empty)
    signature = inspect.Signature(declared)

    def answer(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return function(Arguments(bound.arguments))

    answer.__signature__ = signature
    return answer


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_reference_answers_every_question_and_passes(name):
    operation = OPERATIONS[name]
    assert None not in right_answers(name)
    assert all(t.isfinite().all() for answer in right_answers(name) for t in parts(answer))
    verdict = getattr(check, name)(learner(operation, operation.reference))
    assert verdict.passed, verdict
    assert verdict.asked == len(operation.questions)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_variant_is_wrong_and_unlike_every_other(name):
    operation = OPERATIONS[name]
    made = {
        (m.name, particular): answers(name, v)
        for m in operation.mistakes
        for particular, v in m.variants.items()
    }
    right = right_answers(name)
    tolerances = [q.tolerance for q in operation.questions]
    assert len(made) >= 10
    harmless = [k for k, given in made.items() if all(map(agree, given, right, tolerances))]
    assert harmless == []
    doubles = [
        (one, other)
        for one, other in combinations(made, 2)
        if all(map(alike, made[one], made[other], tolerances))
    ]
    assert doubles == []


@pytest.mark.parametrize(("name", "mistake", "particular", "variant"), FORMS)
@pytest.mark.usefixtures("as_learners_run_it")
def test_every_variant_is_told_its_own_mistake(name, mistake, particular, variant):
    operation = OPERATIONS[name]
    wrong = learner(operation, lambda a: variant(operation.reference, a))
    verdict = getattr(check, name)(wrong)
    if name == "scaled_dot_product_attention" and mistake.name in CONVENTIONS:
        assert any(note.startswith(mistake.says) for note in verdict.notes)
        return
    assert verdict.mistake == mistake.name
    assert mistake.says in verdict.message
    assert particular in verdict.message
    assert mistake.repair in verdict.message


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_mistake_says_what_it_means_and_what_to_do(name):
    mistakes = OPERATIONS[name].mistakes
    assert len({m.name for m in mistakes}) == len(mistakes)
    for mistake in mistakes:
        assert mistake.name == mistake.name.lower()
        assert mistake.says.endswith((".", ")", "?"))
        assert mistake.repair.endswith((".", ")"))
        assert all(particular[-1:] in {"", "."} for particular in mistake.variants)


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_derivation_gives_every_number_of_the_reference(name):
    operation = OPERATIONS[name]
    for question, right in zip(operation.questions, right_answers(name), strict=True):
        arguments = operation.complete(question.arguments)
        for result, expected in zip(operation.results, parts(right), strict=True):
            assert len(result.axes) <= expected.dim()
            for place in torch.ones_like(expected).nonzero().tolist():
                told = result.derive(arguments, tuple(place))
                off = abs(told.total - float(expected[tuple(place)]))
                assert off <= question.tolerance, (question.about, place)
                assert told.factors is not None or told.shown or told.source


@pytest.mark.parametrize("name", OPERATIONS)
def test_traits_and_rules_name_mistakes_of_the_bank(name):
    operation = OPERATIONS[name]
    known = {m.name for m in operation.mistakes}
    assert {t.name for t in operation.traits if t.name} <= known
    assert {r.name for r in operation.shape_rules} <= known
