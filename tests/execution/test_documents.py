import json
import os
import stat

import nbformat
import pytest
from nbformat import v4

from labkit.errors import NotebookError
from labkit.execution import documents


def full_notebook():
    """Return a notebook with every field that may hold text of many lines."""
    outputs = [
        v4.new_output("stream", name="stdout", text="one\ntwo\u2028three\r\n"),
        v4.new_output(
            "display_data",
            data={
                "text/plain": "a\nb",
                "image/png": "iVBOR\nw0K\n",
                "application/json": {"a": [1]},
            },
        ),
        v4.new_output("error", ename="E", evalue="bad\nworse", traceback=["a\nb", "c"]),
    ]
    text = v4.new_markdown_cell("# 卷积\n\n![](attachment:x.svg)")
    text["attachments"] = {"x.svg": {"image/svg+xml": "<svg>\n</svg>"}}
    return v4.new_notebook(cells=[text, v4.new_code_cell("a = 1\nb", outputs=outputs)])


def test_a_notebook_is_written_as_nbformat_writes_it(tmp_path):
    theirs, ours = tmp_path / "theirs.ipynb", tmp_path / "ours.ipynb"
    nbformat.write(full_notebook(), theirs)
    documents.write(documents.read(theirs), ours)
    assert ours.read_bytes() == theirs.read_bytes()


def test_a_notebook_is_read_as_nbformat_reads_it(tmp_path):
    path = tmp_path / "notebook.ipynb"
    nbformat.write(full_notebook(), path)
    # Older programs split pictures into lines too.
    split = path.read_text(encoding="utf-8").replace('"iVBOR\\nw0K\\n"', '["iVBOR\\n", "w0K\\n"]')
    assert '"w0K' in split
    path.write_text(split, encoding="utf-8")
    assert documents.read(path) == nbformat.read(path, as_version=4)


@pytest.mark.parametrize(
    ("content", "got"),
    [
        (b"# a script", r"text that is not JSON \(line 1"),
        (b"", "text that is not JSON"),
        ('{"cells": ["é"]}'.encode("latin-1"), r"bytes that are not UTF-8 \(byte 12\)"),
        (b"[1, 2]", "JSON that is not a notebook"),
        (b'{"cells": []}', "JSON that is not a notebook"),
        (b'{"nbformat": 3, "worksheets": []}', "format 3; convert it with"),
        (b'{"nbformat": 4}', "a damaged one"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code"}]}', "a damaged one"),
        (b'{"nbformat": 4, "cells": [7]}', "a damaged one"),
    ],
)
def test_what_is_no_notebook_is_refused(tmp_path, content, got):
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(content)
    with pytest.raises(NotebookError, match=rf"notebook\.ipynb: expected .* format 4, got .*{got}"):
        documents.read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NotebookError, match=r"missing\.ipynb: .* no such file; check the path"):
        documents.read(tmp_path / "missing.ipynb")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "page.html"
    path.write_text("old")

    def write_half():
        with documents.replacing(path) as partial:
            partial.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions elsewhere")
def test_writing_keeps_the_permissions_of_the_file(tmp_path):
    path = tmp_path / "page.html"
    documents.write_text("new", path)
    assert stat.S_IMODE(path.stat().st_mode) & 0o444, "others may read it, as any new file"
    path.chmod(0o640)
    documents.write_text("newer", path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_code_cells_are_those_with_code(write_notebook):
    path = write_notebook("n.ipynb", "#md text", "a = 1", "  \n", ("b", "exercise"))
    notebook = documents.read(path)
    assert [i for i, _ in documents.code_cells(notebook)] == [1, 3]
    assert documents.tags(notebook["cells"][3]) == ["exercise"]
    assert documents.tags({"cell_type": "code"}) == []
    assert json.loads(documents.dumps(notebook))["cells"][1]["source"] == ["a = 1"]
