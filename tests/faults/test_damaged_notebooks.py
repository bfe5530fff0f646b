"""Files that are no notebooks labkit can run: each is refused by itself, and told what is wrong."""

import json

import pytest

CODE = {"cell_type": "code", "execution_count": None, "id": "a", "metadata": {}, "outputs": []}
CELL = CODE | {"source": "x = 1"}


def notebook(*cells, **more):
    return {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more


DAMAGED = {
    "empty": b"",
    "text": b"not a notebook",
    "cut_off": json.dumps(notebook(CELL)).encode()[:60],
    "deep": b"[" * 100_000,
    "latin": json.dumps(notebook(CELL | {"source": "# größer"}), ensure_ascii=False).encode(
        "cp1252"
    ),
    "utf_16": json.dumps(notebook(CELL)).encode("utf-16"),
    "list": [],
    "number": 7,
    "other_json": {"name": "labkit"},
    "format_3": {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": []},
    "format_none": notebook(CELL, nbformat=None),
    "no_cells": {"nbformat": 4, "nbformat_minor": 5, "metadata": {}},
    "cells_none": notebook(cells=None),
    "cell_text": notebook("x = 1"),
    "cell_kind": notebook(CELL | {"cell_type": "heading"}),
    "cell_source": notebook({**CELL, "source": 3}),
    "source_numbers": notebook({**CELL, "source": [1, 2]}),
    "cell_metadata": notebook(CELL | {"metadata": ["tags"]}),
    "tags_text": notebook(CELL | {"metadata": {"tags": 3}}),
    "metadata": notebook(CELL, metadata=[]),
    "metadata_none": notebook(CELL, metadata=None),
    "kernelspec": notebook(CELL, metadata={"kernelspec": "python3"}),
    "kernel_name": notebook(CELL, metadata={"kernelspec": {"name": 3}}),
    "language_info": notebook(CELL, metadata={"language_info": "python"}),
    "outputs": notebook(CELL | {"outputs": {}}),
    "output_text": notebook(CELL | {"outputs": ["done"]}),
    "output_kind": notebook(CELL | {"outputs": [{"text": "done"}]}),
    "stream": notebook(CELL | {"outputs": [{"output_type": "stream"}]}),
    "data": notebook(CELL | {"outputs": [{"output_type": "display_data", "data": []}]}),
    "attachments": notebook(
        {"cell_type": "markdown", "metadata": {}, "source": "", "attachments": []}
    ),
    "attachment": notebook(
        {"cell_type": "markdown", "metadata": {}, "source": "", "attachments": {"a.png": 3}}
    ),
}


@pytest.fixture(scope="module")
def ran(bench):
    for name, content in DAMAGED.items():
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        (bench.notebooks / f"{name}.ipynb").write_bytes(content)
    (bench.notebooks / "folder.ipynb").mkdir()
    (bench.notebooks / "dangling.ipynb").symlink_to("nowhere")
    for name in ("a_neighbour", "z_neighbour"):
        bench.write(name, "print('fine')")
    return bench.run("--workers", 2)


@pytest.mark.parametrize("name", DAMAGED)
def test_it_is_refused_with_what_is_wrong_and_what_to_do(ran, name):
    assert ran.statuses[name] == "refused", ran.failure(name)
    failure = ran.failure(name)
    assert failure["name"] == "NotebookError"
    assert f"{name}.ipynb: expected" in failure["message"]


def test_what_only_looks_like_a_notebook_is_told_too(ran):
    assert "Is a directory" in ran.failure("folder")["message"]
    assert "no such file" in ran.failure("dangling")["message"]


def test_the_report_is_whole_and_the_neighbours_pass(ran):
    assert ran.code == 1
    assert ran.statuses["a_neighbour"] == ran.statuses["z_neighbour"] == "passed"
    assert len(ran.notebooks) == len(DAMAGED) + 4
    ran.check()


def test_alone_it_costs_no_kernel_and_is_no_misuse(bench):
    ran = bench.run(out="alone", only=["format_3"])
    assert (ran.code, ran.statuses) == (1, {"format_3": "refused"})
    assert "jupyter nbconvert --to notebook --nbformat 4" in ran.out
    ran.check()
