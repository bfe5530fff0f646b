import re

import pytest

from labkit import errors

RAISED = [getattr(errors, name) for name in errors.__all__ if name != "LabkitError"]


@pytest.mark.parametrize("error", RAISED)
def test_one_except_catches_everything_and_a_built_in_one_catches_it_too(error):
    assert issubclass(error, errors.LabkitError)
    built_in = (ValueError, TypeError, RuntimeError, OSError)
    assert issubclass(error, built_in), "code that does not know labkit can catch it"


def test_the_drawing_is_the_tree():
    """Read the tree from the docstring: a name's parent is the last one less indented."""
    parents, path = {}, {}
    for line in errors.__doc__.splitlines():
        if found := re.match(r"([│├└─ ]*)(\w+Error)\b", line):
            depth = len(found[1]) // 4
            path[depth] = found[2]
            parents[found[2]] = path.get(depth - 1)
    assert parents.pop("LabkitError") is None
    assert set(parents) == {error.__name__ for error in RAISED}
    for error in RAISED:
        assert error.__bases__[0].__name__ == parents[error.__name__]


def test_the_message_is_what_is_shown():
    assert str(errors.ShapeError("expected 3, got 2")) == "expected 3, got 2"
    assert str(errors.DataError("nothing there")) == "nothing there"
