import json

import pytest

from labkit.cluster.belongings import belongings
from labkit.execution.jobs import Job


@pytest.fixture
def write(tmp_path):
    """Write files below the folder of the test; return it."""

    def write(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text("x")
        return tmp_path

    return write


def found(folder, path, **job):
    needs = belongings(Job(path, "name", **job))
    assert needs.root == folder
    return [file.relative_to(folder).as_posix() for file in needs.files]


def test_what_the_code_names_by_relative_paths(write, write_notebook):
    folder = write("data/a.csv", "data/deep/b.csv", "work/near.txt", "unnamed.txt")
    path = write_notebook("work/n.ipynb", "open('../data/a.csv')\nopen('near.txt')")
    assert found(folder, path) == ["data/a.csv", "work/near.txt"]
    path = write_notebook("work/n.ipynb", "for x in Path('../data').rglob('*'): print(x)")
    assert found(folder, path) == ["data/a.csv", "data/deep/b.csv"]


def test_a_notebook_that_names_nothing_travels_alone(write, write_notebook):
    folder = write("other.txt")
    path = write_notebook("n.ipynb", "x = 1")
    needs = belongings(Job(path, "n"))
    assert (needs.root, needs.notebook, needs.files) == (folder, path, ())


def test_what_a_parameter_names(write, write_notebook):
    folder = write("one.csv")
    path = write_notebook("n.ipynb", "table = ''")
    assert found(folder, path, parameters={"table": "one.csv"}) == ["one.csv"]


def test_modules_beside_it_and_what_they_name(write, write_notebook):
    folder = write("one.csv", "package/__init__.py", "package/inner.py")
    (folder / "helper.py").write_text("import package\nopen('one.csv')")
    path = write_notebook("n.ipynb", "import helper, json")
    names = ["helper.py", "package/__init__.py", "package/inner.py", "one.csv"]
    assert found(folder, path) == names


def test_pictures_in_its_text(write, write_notebook):
    folder = write("figures/a.png", "b.svg", "c.png", "not/linked.png")
    text = '#md ![A](figures/a.png "title") <img alt="" src="b.svg">'
    path = write_notebook("n.ipynb", text, "#md [no picture](c.png)")
    assert found(folder, path) == ["b.svg", "figures/a.png"]


def test_what_has_an_absolute_path_is_told_and_not_sent(write, write_notebook):
    folder = write("far/x.csv", "work/y.csv")
    path = write_notebook("work/n.ipynb", f"open({str(folder / 'far/x.csv')!r})\nopen('y.csv')")
    needs = belongings(Job(path, "n"))
    assert needs.elsewhere == (str(folder / "far/x.csv"),)
    assert needs.root == folder / "work"
    assert needs.files == (folder / "work/y.csv",)


def test_a_damaged_notebook_and_one_that_is_missing_have_nothing(tmp_path):
    path = tmp_path / "n.ipynb"
    path.write_text(json.dumps({"nbformat": 3}))
    assert belongings(Job(path, "n")).files == ()
    path.unlink()
    assert belongings(Job(path, "n")).notebook == path
