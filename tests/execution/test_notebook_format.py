import nbformat
import pytest

from labkit.execution.notebook_format import damage

CODE = {"cell_type": "code", "execution_count": None, "metadata": {}, "source": "x"}
TEXT = {"cell_type": "markdown", "metadata": {}, "source": ["# a\n", "b"]}


def notebook(*cells, **more):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 4} | more


def output(kind, **more):
    return CODE | {"outputs": [{"output_type": kind} | more]}


SOUND = [
    notebook(),
    notebook(CODE, TEXT, TEXT | {"cell_type": "raw"}),
    notebook(TEXT | {"attachments": {"a.png": {"image/png": "xx"}}}),
    notebook(output("stream", name="stdout", text=["a\n", "b"])),
    notebook(output("display_data", metadata={}, data={"text/plain": ["a"], "image/png": "x"})),
    notebook(
        output(
            "execute_result", metadata={}, execution_count=1, data={"application/b+json": [1, {}]}
        )
    ),
    notebook(output("error", ename="E", evalue="why", traceback=["a", "b"])),
    notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}}),
]


@pytest.mark.parametrize("sound", SOUND)
def test_what_jupyter_writes_is_sound(sound):
    made = nbformat.from_dict(sound | {"cells": [{"outputs": [], **c} for c in sound["cells"]]})
    for cell in made.cells:
        if cell.cell_type != "code":
            del cell["outputs"]
    nbformat.validate(made)
    assert damage(sound) == ""


@pytest.mark.parametrize(
    ("damaged", "told"),
    [
        (notebook(metadata=[]), "its metadata is a list, not an object"),
        (notebook(metadata={"kernelspec": 3}), "its kernelspec is a number, not an object"),
        ({"metadata": {}}, "what holds its cells is nothing, not a list"),
        (notebook(CODE, 7), "cell 1: it is a number, not an object"),
        (notebook(CODE | {"cell_type": "code "}), "cell 0: its kind is 'code '"),
        (notebook(CODE | {"source": [1]}), "cell 0: its source is a list, not text"),
        (notebook(CODE | {"metadata": {"tags": "x"}}), "what holds its tags is text, not a list"),
        (notebook(CODE, output("stream")), "cell 1: output 0: its text is nothing, not text"),
        (notebook(output("display_data")), "cell 0: output 0: its data is nothing"),
        (notebook(output("display_data", data={"text/html": [1]})), "its data as text/html"),
        (notebook(output("error", ename="E", evalue=1)), "its evalue is a number, not text"),
        (notebook(output("error", ename="E", evalue="", traceback="x")), "its traceback is text"),
        (notebook(output("pyout")), "output 0: its kind is 'pyout', not one of stream"),
        (notebook(TEXT | {"attachments": {"a": []}}), "its attachment 'a' is a list"),
    ],
)
def test_what_is_damaged_is_told_with_its_place(damaged, told):
    assert told in damage(damaged)
