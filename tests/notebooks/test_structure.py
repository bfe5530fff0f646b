"""Every lesson has the same bones, so that a learner always knows where they are."""

import ast
import base64

import pytest

from labkit.execution import documents, parameters

LONGEST = 40  # cells
LONGEST_CODE = 12  # lines of one cell
LARGEST_FIGURE = 60_000  # bytes
TAGS = {"parameters", "explorer", "predict", "exercise"}

# A lesson calls labkit, which has one home for each of these.
NOT_IN_LESSONS = {
    "anywidget",
    "ipywidgets",
    "labkit.cli",
    "labkit.execution",
    "labkit.reports",
    "matplotlib",
    "nbclient",
    "papermill",
    "requests",
    "subprocess",
    "urllib",
}


@pytest.fixture
def notebook(lesson):
    return documents.read(lesson)


@pytest.fixture
def code(notebook):
    return [cell for _, cell in documents.code_cells(notebook)]


def imported_by(source):
    """Yield every dotted name that a cell imports, with the names above it."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def test_it_is_short(notebook, code):
    assert len(notebook["cells"]) <= LONGEST
    long = [c["source"] for c in code if len(c["source"].splitlines()) > LONGEST_CODE]
    assert not long, "split the cell, or move code into the package"


def test_it_has_the_cells_that_a_learner_looks_for(lesson, notebook):
    found = {tag for cell in notebook["cells"] for tag in documents.tags(cell)}
    wanted = {"parameters"} if lesson.name.startswith("00_") else TAGS
    assert wanted <= found
    assert notebook["cells"][0]["source"].startswith("# ")


def test_parameters_come_first_and_are_literals(notebook, code):
    assert "parameters" in documents.tags(code[0]), "the run's own values go in right after it"
    known = parameters.declared(notebook)
    assert known
    strange = [name for name, value in known.items() if value is parameters.UNKNOWN]
    assert not strange, "derive it in the next cell: a run could not change it together"
    statements = ast.parse(code[0]["source"]).body
    assert len(statements) == len(known), "nothing but assignments"


def test_it_uses_labkit_and_neither_the_network_nor_what_labkit_hides(code):
    for cell in code:
        assert not set(imported_by(cell["source"])) & NOT_IN_LESSONS
        lines = [line.strip() for line in cell["source"].splitlines()]
        assert not [line for line in lines if line.startswith(("%", "!"))], "plain Python only"
        assert "download=True" not in cell["source"]
        assert "http" not in cell["source"]


def test_it_is_stored_executed_from_the_first_cell_to_the_last(code):
    counts = [cell["execution_count"] for cell in code]
    assert counts == list(range(1, len(code) + 1)), "labkit refresh stores outputs"


def test_its_stored_outputs_are_small_and_without_errors(code):
    for output in (output for cell in code for output in cell["outputs"]):
        assert output["output_type"] != "error"
        data = output.get("data", {})
        assert "application/vnd.jupyter.widget-view+json" not in data, "labkit refresh drops it"
        figure = base64.b64decode(data.get("image/png", ""))
        assert len(figure) <= LARGEST_FIGURE


def test_the_same_metadata_whoever_saved_it_last(notebook):
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert "version" not in notebook["metadata"]["language_info"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b", {"a", "a.b"}),
        ("from labkit import reports as r", {"labkit", "labkit.reports"}),
        ("def f():\n    from a.b import c", {"a", "a.b", "a.b.c"}),
        ("x = 'import a'", set()),
    ],
)
def test_imports_are_seen(source, names):
    assert set(imported_by(source)) == names
