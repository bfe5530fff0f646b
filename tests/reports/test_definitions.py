import pytest

from labkit.reports.definitions import defining, is_certain


def notebook(*sources):
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return {"cells": [{"cell_type": "markdown", "source": "x = 1"}, *cells]}


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "a, x = 1, 2",
        "[x, *y] = z",
        "y = x = 2",
        "x: int = 1",
        "if (x := 3):\n    pass",
        "def x(): pass",
        "async def x(): pass",
        "class x: pass",
        "import x.y",
        "import a as x",
        "from a import (\n    b,\n    x,\n)",
        "for i, x in enumerate(a): pass",
        "with open('f') as (x, y): pass",
        "try:\n    pass\nfinally:\n    x = 1",
        "%matplotlib inline\nx = 1",
        "!ls\nx = 1",
        "x = !ls",
        "await y\nx = 1",
        "x = '\\d' if 1 is 1 else 2",
    ],
)
def test_what_defines_a_name_is_found(source):
    assert defining("x", notebook("x", source, "x")) == [2]
    assert is_certain(notebook(source))


@pytest.mark.parametrize(
    "source",
    [
        "print(x)",
        "x == 1",
        "y = x",
        "f(x=1)",
        "x[0] = 1",
        "x.y = 2",
        "x += 1",
        "# x = 1",
        "'x = 1'",
        "def f(x):\n    x = 1",
        "class A:\n    x = 1",
        "[x for x in y]",
        "lambda x: x",
        "import a.x",
        "from x import y",
        "x!",
    ],
)
def test_what_only_uses_a_name_does_not_define_it(source):
    assert defining("x", notebook(source)) == []


@pytest.mark.parametrize(
    "source",
    [
        "from a import *",
        "%run other.ipynb",
        "%%bash\nls",
        "exec('x = 1')",
        "globals()['x'] = 1",
        "def f():\n    global x\n    x = 1",
        "using Plots; x = @f",
    ],
)
def test_code_that_hides_what_it_defines_is_seen(source):
    assert not is_certain(notebook("a = 1", source))
