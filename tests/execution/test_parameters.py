import pytest

from labkit.errors import NotebookError, ParameterError
from labkit.execution import documents
from labkit.execution.parameters import declared, resolve

CELL = """\
# what a run may change
device = "auto"
seed: int = 0
rate = 0.1
deterministic = False
sizes = [8, 16]
limit = None
steps = 10 * 2
"""


@pytest.fixture
def notebook(write_notebook):
    return documents.read(write_notebook("n.ipynb", "x = 1", (CELL, "parameters"), "seed = 7"))


def test_the_tagged_cell_declares(notebook):
    found = declared(notebook)
    assert list(found) == ["device", "seed", "rate", "deterministic", "sizes", "limit", "steps"]
    assert (found["seed"], found["rate"], found["sizes"]) == (0, 0.1, [8, 16])


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("device", "cpu", "cpu"),
        ("device", "1", "1"),
        ("seed", "3", 3),
        ("seed", "-3", -3),
        ("rate", "1", 1.0),
        ("rate", "1e-3", 0.001),
        ("rate", "inf", float("inf")),
        ("deterministic", "true", True),
        ("deterministic", "No", False),
        ("sizes", "[32]", [32]),
        ("limit", "5", 5),
        ("limit", "all", "all"),
        ("steps", "7", 7),
    ],
)
def test_text_becomes_the_declared_type(notebook, name, text, value):
    result = resolve(notebook, {name: text})[name]
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("seed", "0.5"),
        ("seed", "three"),
        ("seed", "True"),
        ("rate", "fast"),
        ("deterministic", "2"),
        ("sizes", "(1, 2)"),
    ],
)
def test_text_of_another_type_is_refused(notebook, name, text):
    with pytest.raises(ParameterError, match=f"parameter '{name}': expected .* got '"):
        resolve(notebook, {name: text})


def test_a_value_that_is_no_text_is_taken_as_it_is(notebook):
    assert resolve(notebook, {"seed": 4, "limit": [1]}) == {"seed": 4, "limit": [1]}


def test_a_typing_error_is_refused_with_the_nearest_name(notebook):
    with pytest.raises(ParameterError) as refused:
        resolve(notebook, {"sead": 1})
    message = str(refused.value)
    assert "'sead' is unknown" in message
    assert "Did you mean 'seed'?" in message
    assert "device, seed, rate" in message


def test_a_notebook_without_parameters_takes_none(write_notebook):
    notebook = documents.read(write_notebook("n.ipynb", "x = 1"))
    assert declared(notebook) == {}
    assert resolve(notebook, {}) == {}
    with pytest.raises(ParameterError, match="declares none; add a cell tagged 'parameters'"):
        resolve(notebook, {"x": 2})


def test_magics_do_not_belong_among_parameters(write_notebook):
    path = write_notebook("n.ipynb", ("seed = 0\n%matplotlib inline", "parameters"))
    with pytest.raises(NotebookError, match="line 2 '%matplotlib inline'"):
        declared(documents.read(path))
