"""Examine one function from beginning to end: read it, ask it, judge it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from labkit.checks.answer import Answer, adapt, ask, kind_of, probe
from labkit.checks.bank import Finding, Function, Match, match
from labkit.checks.comparison import Values, parts, plain
from labkit.checks.effects import changed_arguments, other_device, other_dtype, other_gradient
from labkit.checks.evidence import Evidence, call_text, evidence_of
from labkit.checks.question import Operation, Question
from labkit.checks.signature import Reading, SignatureMismatchError, read
from labkit.checks.surroundings import untouched
from labkit.checks.unmatched import unmatched
from labkit.checks.verdict import Verdict
from labkit.checks.worker import Worker

__all__ = ["examine"]


def examine(function: object, operation: Operation, *, timeout: float | int) -> Verdict:
    """Ask a function the operation's questions and say what its answers mean.

    Only an interrupt by the user comes out of here; whatever the function does is in the verdict.
    """
    if not callable(function):
        return _not_callable(function, operation)
    try:
        reading = read(function, operation)
    except SignatureMismatchError as error:
        return _wrong_signature(error, operation)
    with untouched() as printed, Worker(timeout) as worker:
        reading = probe(function, operation, reading, worker)
        verdict = _Examination(function, operation, reading, worker).verdict()
    notes = list(verdict.notes)
    if printed.lines:
        notes.append(f"It printed {printed.lines} lines, which are not shown here.")
    if worker.left_running:
        notes.append("It cannot be stopped and goes on in the background: restart the kernel.")
    return replace(verdict, notes=tuple(notes))


def _not_callable(given: object, operation: Operation) -> Verdict:
    finding = Finding(
        "not_callable",
        f"A check needs your function itself; it was given {kind_of(given)}.",
        f"Pass the function without calling it: check.{operation.name}(my_{operation.name}).",
    )
    return Verdict(operation.name, findings=(finding,))


def _wrong_signature(error: SignatureMismatchError, operation: Operation) -> Verdict:
    optional = ", ".join(f"{name}={value}" for name, value in operation.defaults.items())
    finding = Finding(
        "wrong_signature",
        f"Your function cannot be called: {error}.",
        f"Begin it with def {operation.name}({_inputs(operation)}), and add what you "
        f"have of {optional}.",
    )
    return Verdict(operation.name, findings=(finding,))


def _inputs(operation: Operation) -> str:
    names = list(operation.inputs)
    for bundle in operation.bundles:
        if bundle.members[0] in names:
            names[names.index(bundle.members[0])] = bundle.name
    apart = {member for bundle in operation.bundles for member in bundle.members}
    return ", ".join(name for name in names if name not in apart)


@dataclass
class _Examination:
    function: Callable
    operation: Operation
    reading: Reading
    worker: Worker

    def verdict(self) -> Verdict:
        answers = self._ask_all()
        odd = next((a for a in answers if a.kind is not None), None)
        if answers[-1].too_slow:
            return self._without_numbers(answers, self._too_slow(), answers[-1])
        if odd is not None:
            return self._without_numbers(answers, _wrong_type(odd, self.operation), odd)
        return self._judged(answers)

    def _ask_all(self) -> list[Answer]:
        answers: list[Answer] = []
        for question in self.operation.questions:
            adapted = adapt(question, self.reading, self.operation)
            if adapted is not None:
                answers.append(ask(self.function, adapted, self.reading, self.worker))
                if answers[-1].too_slow:
                    break
        return answers

    def _expected(self, answer: Answer) -> Values:
        complete = self.operation.complete(answer.question.arguments)
        return plain(self.operation.reference(complete))

    def _without_numbers(
        self, answers: Sequence[Answer], finding: Finding, shown: Answer
    ) -> Verdict:
        call = call_text(shown.question, self.operation)
        evidence = Evidence(call, "", parts(self._expected(shown))[0])
        return self._conclude(answers, [finding, *changed_arguments(answers)], evidence)

    def _too_slow(self) -> Finding:
        return Finding(
            "too_slow",
            f"Your function was stopped: it had no answer after {self.worker.timeout:g} seconds.",
            "The tensors are tiny. Look for a loop that never ends: does its condition change?",
        )

    def _judged(self, answers: Sequence[Answer]) -> Verdict:
        # A result on a device without memory has a shape, but no numbers to judge.
        readable = [a for a in answers if a.value is not None or a.error is not None]
        expected = [self._expected(a) for a in readable]
        wrong = [i for i, a in enumerate(readable) if not a.agrees(expected[i])]
        found = Match((), self.operation.reference)
        if wrong:
            found = match(readable, expected, self.operation) or unmatched(
                readable, expected, self.operation
            )
        findings = [*found.findings, *self._effects(answers, found.function)]
        if self.worker.gave_up:
            findings.append(self._too_slow())
        evidence = None
        if wrong or not findings:
            i = _most_telling(readable, wrong)
            evidence = evidence_of(readable[i], expected[i], self.operation, self.function)
        return self._conclude(answers, findings, evidence)

    def _effects(self, answers: Sequence[Answer], stand_in: Function | None) -> list[Finding]:
        findings = changed_arguments(answers)
        probes = [a.question for a in answers if a.question.probe and a.error is None]
        if not probes:
            return findings
        asked = (self.function, probes[0], self.reading, self.worker)
        findings += other_device(*asked, answers)
        if not findings:
            if self.operation.differentiable:
                findings += self._gradients(probes, stand_in)
            findings += other_dtype(*asked, answers)
        return findings

    def _gradients(self, probes: Sequence[Question], stand_in: Function | None) -> list[Finding]:
        for question in probes:
            found = other_gradient(
                self.function, question, self.reading, self.worker, self.operation, stand_in
            )
            if found:
                return found
        return []

    def _conclude(
        self, answers: Sequence[Answer], findings: list[Finding], evidence: Evidence | None
    ) -> Verdict:
        left_out = [n for n in self.operation.defaults if not self.reading.takes(n)]
        notes = list(self.reading.remarks)
        if left_out:
            words = ", ".join(left_out)
            notes.insert(0, f"Not asked, because your function does not take it: {words}.")
        name, asked = self.operation.name, len(answers)
        besides = self._besides(answers)
        return Verdict(name, asked, tuple(findings), evidence, tuple(notes), besides)

    def _besides(self, answers: Sequence[Answer]) -> tuple[str, ...]:
        if not any(a.question.probe for a in answers):
            return ()
        return ("dtype", "device", *(["gradients"] if self.operation.differentiable else []))


def _wrong_type(answer: Answer, operation: Operation) -> Finding:
    names = [result.name for result in operation.results]
    several = len(names) > 1
    wanted = f"{len(names)} tensors, {', '.join(names)}" if several else "an ordinary tensor"
    if answer.kind == "None":
        repair = "Is there a return at the end, on every way through the function?"
    elif several:
        repair = f"End with return {', '.join(names)}; torch.stack makes one tensor of a list."
    else:
        repair = (
            "Return the tensor itself; torch.stack makes one of a list without losing gradients."
        )
    return Finding("wrong_type", f"Your function returns {answer.kind}, not {wanted}.", repair)


def _most_telling(answers: Sequence[Answer], wrong: Sequence[int]) -> int:
    """Return the first wrong answer with numbers, else the first wrong one; the last if none is.

    Questions go from simple to odd, so the first needs the fewest numbers to explain.
    """
    given = [i for i in wrong if answers[i].value is not None]
    return [*given, *wrong, len(answers) - 1][0]
