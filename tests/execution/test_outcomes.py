from pathlib import Path

from labkit.execution.outcomes import Failure, Outcome


def test_the_slowest_cell():
    outcome = Outcome(Path("n.ipynb"), "passed", cell_seconds={1: 0.5, 4: 2.0, 6: 1.0})
    assert outcome.slowest == (4, 2.0)
    assert Outcome(Path("n.ipynb"), "refused").slowest is None


def test_only_passed_is_passed():
    states = ["failed", "timeout", "died", "not-run", "refused", "interrupted", "skipped"]
    assert Outcome(Path("n.ipynb"), "passed").passed
    assert not any(Outcome(Path("n.ipynb"), state).passed for state in states)


def test_a_failure_says_where_and_what():
    assert str(Failure("ValueError", "too large", cell=3)) == "cell 3: ValueError: too large"
    assert str(Failure("KeyboardInterrupt", "")) == "KeyboardInterrupt"
