import pytest
import torch.nn.functional as F

from labkit import results
from labkit.checks import check
from labkit.checks.verdict import MIME
from labkit.execution import documents
from labkit.execution.evidence import VERDICT, checks, notes, warnings
from labkit.execution.outcomes import CheckVerdict

RIGHT = {"operation": "conv2d", "passed": True, "mistake": None, "asked": 5}
RESULT = {"name": "accuracy", "value": 0.5, "unit": "", "tolerance": None}


def stderr(*pieces):
    return [{"output_type": "stream", "name": "stderr", "text": piece} for piece in pieces]


def display(mime, *entries):
    shown = {"output_type": "display_data", "metadata": {}}
    return [shown | {"data": {"text/plain": "", mime: entry}} for entry in entries]


@pytest.fixture
def notebook(write_notebook):
    """Return a notebook with text and three code cells, positions 1 to 3."""
    return documents.read(write_notebook("n.ipynb", "#md # Title", "a", "b", "c"))


def test_the_verdict_that_a_check_shows_is_the_one_that_is_read(notebook):
    for position, function in [(1, F.conv2d), (3, lambda x, w: F.conv2d(x, w.flip(2, 3)))]:
        bundle = check.conv2d(function)._repr_mimebundle_()
        notebook["cells"][position]["outputs"] = [{"output_type": "execute_result", "data": bundle}]
    assert VERDICT == MIME, "tooling does not import what lessons import"
    assert checks(notebook) == (
        CheckVerdict("conv2d", True, None, 1),
        CheckVerdict("conv2d", False, "kernel_flipped", 3),
    )
    assert notes(notebook) == ()


def test_a_notebook_without_outputs_says_nothing(notebook):
    del notebook["cells"][1]["outputs"]
    assert checks(notebook) == warnings(notebook) == notes(notebook) == ()


@pytest.mark.parametrize(
    "damage", [None, "right", [], {}, {"operation": "conv2d"}, RIGHT | {"passed": "yes"}]
)
def test_a_damaged_verdict_is_left_out_and_told(notebook, damage):
    notebook["cells"][2]["outputs"] = display(VERDICT, RIGHT, damage, RIGHT)
    assert checks(notebook) == (CheckVerdict("conv2d", True, None, 2),) * 2
    assert notes(notebook) == ("cell 2: a stored verdict is damaged and was left out",)


def test_a_damaged_result_is_told(notebook):
    notebook["cells"][3]["outputs"] = display(results.MIME, RESULT, RESULT | {"value": "high"})
    assert notes(notebook) == ("cell 3: a stored result is damaged and was left out",)


def test_a_result_that_replaced_another_is_told(notebook):
    notebook["cells"][1]["outputs"] = display(results.MIME, RESULT, RESULT | {"name": "loss"})
    notebook["cells"][2]["outputs"] = display(results.MIME, RESULT)
    notebook["cells"][3]["outputs"] = display(results.MIME, RESULT | {"value": 0.75})
    told = "cell 3: 'accuracy' was recorded 3 times, and the last of them counts"
    assert notes(notebook) == (told,)
    assert results.from_notebook(notebook)["accuracy"].value == 0.75


@pytest.mark.parametrize(
    ("printed", "warning"),
    [
        (
            "/tmp/ipykernel_9/12.py:3: UserWarning: low\n  warnings.warn('low')\n",
            "UserWarning: low",
        ),
        (r"C:\a b\c.py:3: DeprecationWarning: old" + "\n", "DeprecationWarning: old"),
        ("<string>:1: RuntimeWarning: overflow: 1e9\n", "RuntimeWarning: overflow: 1e9"),
        ("\x1b[33msys:1: ResourceWarning: open\x1b[0m\n", "ResourceWarning: open"),
        ("WARNING:root:nearly full\n", "WARNING: root:nearly full"),
        ("ERROR:my.logger:full\n", "ERROR: my.logger:full"),
        (
            "[W1122 04:55:30.123456789 Context.cpp:49] Warning: slow (function f)\n",
            "PyTorch: slow (function f)",
        ),
    ],
)
def test_what_python_logging_and_pytorch_print_is_read(notebook, printed, warning):
    notebook["cells"][2]["outputs"] = stderr(f"before\n{printed}after\n")
    assert warnings(notebook) == (f"cell 2: {warning}",)


@pytest.mark.parametrize(
    "printed",
    [
        "  5%|▌         | 1/20 [00:00<00:02]\r",
        "nearly full\n",  # what logging prints that nobody has configured
        "UserWarning: said by a print\n",
        "INFO:root:all is well\n",
        "a.py:3: note: this is no Warning: at all\n",
        "[I1122 04:55:30.1 a.cpp:1] Warning: x\n",
    ],
)
def test_what_does_not_say_that_it_warns_is_left_alone(notebook, printed):
    notebook["cells"][2]["outputs"] = stderr(printed)
    assert warnings(notebook) == ()


def test_warnings_are_those_of_stderr_only(notebook):
    output = stderr("a.py:1: UserWarning: printed\n")[0] | {"name": "stdout"}
    notebook["cells"][1]["outputs"] = [output]
    assert warnings(notebook) == ()


def test_a_warning_is_told_once_with_its_first_cell(notebook):
    notebook["cells"][1]["outputs"] = stderr("a.py:1: UserWarning: low\nb.py:7: UserWarning: low\n")
    notebook["cells"][2]["outputs"] = stderr("a.py:1: UserWarning: high\n")
    notebook["cells"][3]["outputs"] = stderr("a.py:9: UserWarning: low\n")
    assert warnings(notebook) == ("cell 1: UserWarning: low", "cell 2: UserWarning: high")


def test_text_in_pieces_is_put_together(notebook):
    pieces = [["x\n", "a.py:1: User"], "Warning: lo", "w\n"]
    notebook["cells"][1]["outputs"] = stderr(*pieces)
    assert warnings(notebook) == ("cell 1: UserWarning: low",)


def test_a_long_warning_is_cut(notebook):
    notebook["cells"][1]["outputs"] = stderr(f"a.py:1: UserWarning: {'so ' * 1000}\n")
    (warning,) = warnings(notebook)
    assert len(warning) < 320
    assert warning.endswith("…")
