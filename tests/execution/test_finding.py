import pytest

from labkit.errors import NotebookError
from labkit.execution import finding
from labkit.execution.finding import find, lessons_folder


@pytest.fixture
def folder(tmp_path):
    for name in ("b.ipynb", "a.ipynb", "sub/c.ipynb", ".ipynb_checkpoints/a.ipynb", "notes.md"):
        path = tmp_path / "some notebooks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "some notebooks"


def test_a_folder_gives_its_notebooks_sorted_without_checkpoints(folder):
    names = [p.relative_to(folder).as_posix() for p in find([folder])]
    assert names == ["a.ipynb", "b.ipynb", "sub/c.ipynb"]


def test_each_notebook_is_found_once_in_the_order_asked_for(folder):
    names = [p.name for p in find([folder / "b.ipynb", str(folder)])]
    assert names == ["b.ipynb", "a.ipynb", "c.ipynb"]


def test_a_hidden_folder_above_does_not_hide_notebooks(folder):
    hidden = folder / ".cache"
    folder.joinpath("sub").rename(hidden)
    assert [p.name for p in find([hidden])] == ["c.ipynb"]


@pytest.mark.parametrize(
    ("name", "message"),
    [("missing", "does not exist"), ("notes.md", "expected a notebook"), ("empty", "found none")],
)
def test_a_path_without_notebooks_is_refused(folder, name, message):
    (folder / "empty").mkdir()
    with pytest.raises(NotebookError, match=message):
        find([folder / name])


def test_the_lessons_are_found_from_within_the_checkout(folder, monkeypatch):
    (folder / "notebooks" / "deeper").mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert lessons_folder().as_posix() == "notebooks"
    monkeypatch.chdir(folder / "notebooks" / "deeper")
    assert lessons_folder() == folder.resolve() / "notebooks"


def test_without_lessons_the_message_says_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(finding, "__file__", str(tmp_path / "a" / "b" / "finding.py"))
    with pytest.raises(NotebookError, match="found none; go to a checkout"):
        lessons_folder()
