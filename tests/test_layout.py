"""The shape of the house: a lesson, its module and its test carry one name; files stay small."""

import ast
import json
import re
import statistics
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(path.relative_to(ROOT) for path in (ROOT / "labkit").rglob("*.py"))
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
NUMBERED = [path for path in LESSONS if not path.name.startswith("00_")]

LONGEST_FILE = 250  # lines
LONGEST_BODY = 40  # lines of a function without its docstring
USUAL_BODY = 8  # lines, the median over the package
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "tools", "shared"}
# A lesson about what one operation does has that operation's module, not one of its own name.
NAMED_AFTER = {"rnn_updates": "recurrence"}
WITHOUT_A_TEST = {"__init__", "__main__", "_lazy"}  # they hold no behaviour of their own


def mirror(module):
    """Return where the test of ``labkit/ops/convolution.py`` has to be."""
    return Path("tests", *module.parts[1:-1], f"test_{module.name}")


def body_lengths(path):
    """Yield each function of a file with the number of lines between its docstring and its end."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield node.name, body[-1].end_lineno - body[0].lineno + 1 if body else 0


def title_cell(lesson):
    cell = json.loads(lesson.read_text(encoding="utf-8"))["cells"][0]
    assert cell["cell_type"] == "markdown", f"{lesson.name} starts with its title"
    return "".join(cell["source"])


def code_named_by(title):
    """Return the modules behind the word "Code" of a title cell, as paths."""
    _, _, code = title.partition("Code")
    names = re.findall(r"`(labkit(?:\.\w+)+)`", code.split("\n")[0])
    return [Path(*name.split(".")).with_suffix(".py") for name in names]


@pytest.mark.parametrize("lesson", NUMBERED, ids=lambda path: path.stem)
def test_a_lesson_names_its_module_and_both_have_a_test(lesson):
    modules = code_named_by(title_cell(lesson))
    assert modules, f"the title cell of {lesson.name} says: Code: `labkit.<room>.<module>`"
    name = lesson.stem.partition("_")[2]
    name = NAMED_AFTER.get(name, name)
    assert name in [module.stem for module in modules], f"no module in {lesson.name} is a {name}"
    for module in modules:
        assert (ROOT / module).exists(), f"{lesson.name} names {module}, which does not exist"
        assert (ROOT / mirror(module)).exists(), f"{module} has no {mirror(module)}"


def test_there_are_lessons_and_their_numbers_are_their_own():
    assert LESSONS, "notebooks/ holds lessons NN_name.ipynb"
    numbers = [path.name[:2] for path in LESSONS]
    assert len(numbers) == len(set(numbers)), f"two lessons have one number: {numbers}"
    strangers = set((ROOT / "notebooks").glob("*.ipynb")) - set(LESSONS)
    assert not strangers, f"lessons are called NN_name.ipynb, unlike {strangers}"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_test(module):
    if module.stem not in WITHOUT_A_TEST:
        assert (ROOT / mirror(module)).exists(), f"{module} has no {mirror(module)}"


def test_every_test_mirrors_something():
    """A test is named after a module, a script or an offer of its room, or begins so."""
    rooms = {module.parent.parts[1:] for module in MODULES} - {()}
    for room in rooms:
        sources = ROOT.joinpath("labkit", *room).iterdir()
        named = {path.stem for path in sources if path.suffix in {".py", ".js"}}
        named |= set(import_module(".".join(("labkit", *room))).__all__)
        for test in (ROOT / "tests").joinpath(*room).glob("test_*.py"):
            words = test.stem.removeprefix("test_").split("_")
            beginnings = {"_".join(words[:n]) for n in range(1, len(words) + 1)}
            assert beginnings & named, f"{test.relative_to(ROOT)} tests no module of that room"


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_files_and_functions_stay_small(module):
    length = len((ROOT / module).read_text(encoding="utf-8").splitlines())
    assert length <= LONGEST_FILE, f"{module} has {length} lines: look for the second concept in it"
    long = {name: lines for name, lines in body_lengths(ROOT / module) if lines > LONGEST_BODY}
    assert not long, f"{module} has functions of more than {LONGEST_BODY} lines: {long}"


def test_most_functions_are_short():
    lengths = [lines for module in MODULES for _, lines in body_lengths(ROOT / module)]
    assert statistics.median(lengths) <= USUAL_BODY


def test_every_module_has_a_name_of_its_own():
    nameless = [str(path) for path in MODULES if NAMELESS & {*path.parent.parts, path.stem}]
    assert not nameless, f"a thing without a name is not understood yet: {nameless}"


def test_modules_carry_no_lesson_numbers():
    assert not [str(path) for path in MODULES if re.search(r"(^|_)\d\d(_|$)", path.stem)]


def test_the_ruler_measures_bodies_without_docstrings(tmp_path):
    path = tmp_path / "three.py"
    path.write_text(
        'def f():\n    """Say\n\n    much."""\n    a = 1\n    b = 2\n    return a + b\n'
    )
    assert list(body_lengths(path)) == [("f", 3)]


def test_code_is_read_from_the_title():
    title = "# Two\n**Needs** `labkit.x.y` · **Code** `labkit.ops.a`, `labkit.models.b`\nWords"
    assert code_named_by(title) == [Path("labkit/ops/a.py"), Path("labkit/models/b.py")]
    assert code_named_by("# Two\nno module at all") == []
