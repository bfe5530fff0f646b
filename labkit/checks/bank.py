"""Find the wrong variant that answers as a learner's function does.

A variant takes the operation and its arguments and misuses them: ``lambda op, a: op(a.but(...))``.
Because it is given the operation, two variants compose, and two mistakes at once can be found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations
from typing import Any

from labkit.checks.answer import Answer
from labkit.checks.comparison import Values, agree, alike, plain
from labkit.checks.question import Arguments, Operation, Question

__all__ = ["Finding", "Function", "Match", "Mistake", "Variant", "evaluate", "match"]

Function = Callable[[Arguments], Any]
Variant = Callable[[Function, Arguments], Any]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: its name, what it means, and what to do.

    A ``secondary`` one (about gradients or dtype) is told, but names the mistake only when nothing
    else is wrong: right numbers come first.
    """

    name: str
    says: str
    repair: str
    secondary: bool = False


@dataclass(frozen=True)
class Mistake:
    """A mistake people make, with the ways in which they make it.

    ``variants`` maps a sentence on what is particular to one way (may be empty) to its function.
    """

    name: str
    says: str
    repair: str
    variants: Mapping[str, Variant]

    def finding(self, particular: str = "") -> Finding:
        """Return what to tell somebody who made this mistake."""
        return Finding(self.name, f"{self.says} {particular}".strip(), self.repair)


@dataclass(frozen=True)
class Match:
    """What explains a function's answers, and a function that answers just so, if known."""

    findings: tuple[Finding, ...]
    function: Function | None = None


@dataclass(frozen=True)
class _Form:
    finding: Finding
    variant: Variant

    def applied(self, function: Function) -> Function:
        return lambda arguments: self.variant(function, arguments)


def evaluate(function: Function, question: Question, operation: Operation) -> Values | None:
    """Return the numbers a function answers, or None if it raises."""
    try:
        return plain(function(operation.complete(question.arguments)))
    except Exception:
        return None


def match(
    answers: Sequence[Answer], expected: Sequence[Values], operation: Operation
) -> Match | None:
    """Find one mistake, or two, that make exactly these answers; else one that nearly does."""
    failing = [not a.agrees(e) for a, e in zip(answers, expected, strict=True)]
    # Wrong answers first: nearly every variant is ruled out by the first of them.
    order = sorted(range(len(answers)), key=lambda i: not failing[i])
    search = _Search(
        [answers[i] for i in order],
        [expected[i] for i in order],
        [failing[i] for i in order],
        operation,
    )
    if all(a.value is None for a in answers):
        return None
    found = search.single()
    if found or not search.any_wrong_numbers:
        return found
    return search.pair() or search.nearly() or search.partly()


@dataclass
class _Search:
    answers: list[Answer]
    expected: list[Values]
    failing: list[bool]
    operation: Operation

    def __post_init__(self) -> None:
        self.bank = [
            _Form(mistake.finding(particular), variant)
            for mistake in self.operation.mistakes
            for particular, variant in mistake.variants.items()
        ]

    @cached_property
    def forms(self) -> list[_Form]:
        """The forms that are wrong in these questions; to know that takes every one of them."""
        reference = self.operation.reference
        return [form for form in self.bank if not self._is_right(form.applied(reference))]

    @property
    def any_wrong_numbers(self) -> bool:
        """Whether there is a wrong answer at all, and not only errors, which prove little."""
        given = zip(self.answers, self.failing, strict=True)
        return any(failed and a.value is not None for a, failed in given)

    def _evaluate(self, function: Function, i: int) -> Values | None:
        return evaluate(function, self.answers[i].question, self.operation)

    def _right(self, value: Values | None, i: int) -> bool:
        return agree(value, self.expected[i], self.answers[i].question.tolerance)

    def _given(self, value: Values | None, i: int) -> bool:
        return alike(value, self.answers[i].value, self.answers[i].question.tolerance)

    def _is_right(self, function: Function) -> bool:
        return all(self._right(self._evaluate(function, i), i) for i in range(len(self.answers)))

    def _explains(self, function: Function) -> bool:
        return all(self._given(self._evaluate(function, i), i) for i in range(len(self.answers)))

    def single(self) -> Match | None:
        for form in self.bank:
            function = form.applied(self.operation.reference)
            if self._explains(function) and not self._is_right(function):
                return Match((form.finding,), function)
        return None

    def _pairs(self) -> Iterator[tuple[_Form, _Form]]:
        wrong = [i for i, failed in enumerate(self.failing) if failed]
        some = set(wrong[:: 1 + len(wrong) // 8])
        alone = [self._wrong(form.applied(self.operation.reference), some) for form in self.forms]
        # The bank is sorted from common to rare, so the most likely pair comes first.
        for i, j in sorted(permutations(range(len(self.forms)), 2), key=sum):
            one, other = self.forms[i], self.forms[j]
            # Where each is right alone, both together are: most pairs need not be tried.
            if one.finding.name != other.finding.name and some <= alone[i] | alone[j]:
                yield one, other

    def _wrong(self, function: Function, among: set[int]) -> set[int]:
        return {i for i in among if not self._right(self._evaluate(function, i), i)}

    def pair(self) -> Match | None:
        for outer, inner in self._pairs():
            function = outer.applied(inner.applied(self.operation.reference))
            if self._explains(function):
                findings = sorted((outer, inner), key=self.forms.index)
                return Match(tuple(form.finding for form in findings), function)
        return None

    def nearly(self) -> Match | None:
        """Find a mistake that makes all answers but those where it, or the function, raises.

        What is left of such a question in another style is not known, only that it is wrong.
        """
        for form in self.forms:
            function = form.applied(self.operation.reference)
            fits = [self._fits(function, i) for i in range(len(self.answers))]
            if None not in fits and sum(map(bool, fits)) >= 2:
                return Match((form.finding,), function)
        return None

    def _fits(self, function: Function, i: int) -> bool | None:
        """Whether an answer speaks for the function, or none if it speaks against it."""
        value, given = self._evaluate(function, i), self.answers[i].value
        if value is None or given is None:
            wrong = self.failing[i] and not self._right(value, i)
            return False if wrong else None
        if not self._given(value, i):
            return None
        return self.failing[i]

    def partly(self) -> Match | None:
        """Find the mistake that explains most wrong answers, at least half, and no right one."""
        wrong = [i for i, failed in enumerate(self.failing) if failed]
        right = [i for i, failed in enumerate(self.failing) if not failed]
        best, most = None, max(1, len(wrong) / 2 - 0.5)
        for form in self.forms:
            function = form.applied(self.operation.reference)
            hits = [i for i in wrong if self._gives_answer(function, i)]
            if len(hits) > most and all(self._gives_answer(function, i) for i in right):
                best, most = form.finding, len(hits)
        if best is None:
            return None
        rest = Finding(
            "wrong_values",
            f"That explains {most} of {len(wrong)} wrong answers; there is something else too.",
            "Repair this first and check again.",
        )
        return Match((best, rest))

    def _gives_answer(self, function: Function, i: int) -> bool:
        return self.answers[i].value is not None and self._given(self._evaluate(function, i), i)
