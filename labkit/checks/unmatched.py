"""Name a wrong function that no variant explains: by what being right depends on, or by shape."""

from collections.abc import Sequence

from labkit.checks.answer import Answer
from labkit.checks.bank import Finding, Match
from labkit.checks.comparison import Values, agree, parts
from labkit.checks.question import Operation, Trait

__all__ = ["deciding_trait", "unmatched"]


def unmatched(answers: Sequence[Answer], expected: Sequence[Values], operation: Operation) -> Match:
    """Say as much as can be said of wrong answers."""
    failing = [not a.agrees(e) for a, e in zip(answers, expected, strict=True)]
    named = [t for t in operation.traits if t.name]
    trait = deciding_trait(answers, failing, named, operation)
    if trait is not None:
        return Match((_from_bank(str(trait.name), _dependence(trait), operation),))
    wrong = [(a, e) for a, e, f in zip(answers, expected, failing, strict=True) if f]
    others = [t for t in operation.traits if not t.name]
    trait = deciding_trait(answers, failing, others, operation)
    particular = _dependence(trait) if trait else ""
    name = _by_shape(wrong, operation)
    if name is not None:
        return Match((_from_bank(name, f"{particular} {_overlap(wrong)}".strip(), operation),))
    return Match((_general(wrong, particular),))


def deciding_trait(
    answers: Sequence[Answer],
    failing: Sequence[bool],
    traits: Sequence[Trait],
    operation: Operation,
) -> Trait | None:
    """Return the property without which answers are wrong, and with which all are right.

    A wrong function may be right by luck, so a third of the questions without the property may
    have right answers; of several properties the one with the fewest such counts.
    """
    best, highest = None, 2 / 3
    for trait in traits:
        holds = [trait.holds(operation.complete(a.question.arguments)) for a in answers]
        without = [i for i, has in enumerate(holds) if not has]
        wrong = [i for i in without if failing[i]]
        if not any(holds) or not without or sum(failing) > len(wrong):
            continue
        if trait.raising_only and any(answers[i].error is None for i in wrong):
            continue
        if len(wrong) / len(without) >= highest:
            # Only a better one may replace it: the list goes from simple to composed properties.
            best, highest = trait, len(wrong) / len(without) + 1e-9
    return best


def _dependence(trait: Trait) -> str:
    return f"Yours is right where {trait.holds_words}, and wrong where {trait.fails_words}."


def _from_bank(name: str, particular: str, operation: Operation) -> Finding:
    mistake = next(m for m in operation.mistakes if m.name == name)
    return mistake.finding(particular)


def _by_shape(wrong: Sequence[tuple[Answer, Values]], operation: Operation) -> str | None:
    shapes = [
        (operation.complete(a.question.arguments), tuple(right.shape), tuple(got.shape))
        for a, e in wrong
        for right, got in zip(parts(e), parts(a.value), strict=False)
        if not agree(got, right, a.question.tolerance)
    ]
    for rule in operation.shape_rules:
        if shapes and all(rule.matches(*shape) for shape in shapes):
            return rule.name
    return None


def _overlap(wrong: Sequence[tuple[Answer, Values]]) -> str:
    """Say whether the numbers common to both answers are right, or nothing if that is so."""
    pairs = [
        pair for a, e in wrong for pair in zip(parts(e), parts(a.value), strict=False)
    ]  # an error has no parts
    for expected, got in pairs:
        if got.dim() != expected.dim():
            continue
        common = tuple(slice(min(s)) for s in zip(expected.shape, got.shape, strict=True))
        if not agree(expected[common], got[common]):
            return "The numbers in the part that both have in common are not right either."
    return ""


def _general(wrong: Sequence[tuple[Answer, Values]], particular: str) -> Finding:
    given = [pair for a, e in wrong for pair in zip(parts(e), parts(a.value), strict=False)]
    if not given:
        return Finding(
            "raises",
            f"Your function raises an error where there is an answer. {particular}".strip(),
            "Read the last line of the error; call your function with tensors of these shapes.",
        )
    if any(got.shape != expected.shape for expected, got in given):
        return Finding(
            "wrong_shape",
            f"The result has the wrong shape. {particular}".strip(),
            "Compute the size of each axis on paper, then look where yours comes from.",
        )
    return Finding(
        "wrong_values",
        f"The shape is right, numbers are not. {particular}".strip(),
        "Compute this one number by hand, and print what your function multiplies there.",
    )
