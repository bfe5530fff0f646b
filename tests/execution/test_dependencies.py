import os

import pytest

from labkit.execution.dependencies import data, modules


@pytest.fixture
def folder(tmp_path):
    """Make a folder of lessons, with data beside and below it."""
    lessons = tmp_path / "我的 课"
    for name in ("data/x.csv", "数据/图 1.png", "helper.py", "pkg/__init__.py", "pkg/deep/a.py"):
        (lessons / name).parent.mkdir(parents=True, exist_ok=True)
        (lessons / name).write_text("")
    (tmp_path / "beside.csv").write_text("")
    return lessons


@pytest.mark.parametrize(
    ("code", "named"),
    [
        ("pd.read_csv('data/x.csv')", ["data/x.csv"]),
        ('open("./data/../data/x.csv")', ["./data/../data/x.csv"]),
        ("open('../beside.csv')", ["../beside.csv"]),
        ('Path("data") / name', ["data"]),
        ('f"data/{name}.csv"', ["data/"]),
        ("glob('data/*/*.csv'), glob('*.csv')", ["data/"]),
        ('f"data/" + name', ["data/"]),
        ("open('数据/图 1.png')", ["数据/图 1.png"]),
        ('x = "it\'s"; open("data/x.csv")  # don\'t', ["data/x.csv"]),
        ("%run helper.py --fast", ["helper.py"]),
        ("!cat data/x.csv | wc", ["data/x.csv"]),
        ("a = 5 % b\nthis is [ no Python\n'data'", ["data"]),
        ("open('data/missing.csv'); data; '', ' '", []),
        (r"'a\0b', '\\\\server\\share', '//server/share', 'http://data/x.csv'", []),
        ("'/proc/self/stat', '/dev/null', '/sys'", []),
    ],
)
def test_data_is_what_exists_and_is_named(folder, code, named):
    assert list(data(code, folder)) == named
    assert all(path.exists() for path in data(code, folder).values())


def test_an_absolute_path_and_one_from_home(folder, monkeypatch):
    path = folder / "data" / "x.csv"
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    code = f"open({str(path)!r}), open('~/data/x.csv')"
    assert set(data(code, folder).values()) == {path}
    assert len(data(code, folder)) == 2


def test_a_folder_around_the_notebook_is_no_data(folder):
    """It holds what runs write, and perhaps the whole disk."""
    assert data("'.', '..', '/', './', 'data/..'", folder) == {}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_only_files_and_folders_are_data(folder):
    os.mkfifo(folder / "pipe")
    assert data("'pipe'", folder) == {}


def test_a_string_that_cannot_be_a_path(folder):
    assert data(f"'{'x' * 999}', '{'y' * 5000}', '\0', '\udc80'", folder) == {}


@pytest.mark.parametrize(
    "code",
    [
        "import helper",
        "  import os, helper as h",
        "from helper import f",
        "import os; import helper",
        "try: import helper",
        "import helper.part",
    ],
)
def test_a_module_beside_the_notebook(folder, code):
    assert modules(code, folder) == {"helper": [folder / "helper.py"]}


@pytest.mark.parametrize(
    "code", ["import helpers", "'import helper'", "# import helper", "import labkit", "import data"]
)
def test_no_module_beside_the_notebook(folder, code):
    (folder / "labkit.py").write_text("")
    assert modules(code, folder) == {}


def test_a_package_is_all_its_files(folder):
    files = [folder / "pkg/__init__.py", folder / "pkg/deep/a.py"]
    assert modules("from pkg.deep import a", folder) == {"pkg": files}


def test_modules_that_modules_import_count_also_when_they_import_each_other(folder):
    (folder / "helper.py").write_text("from pkg import x\nimport helper")
    (folder / "pkg/deep/a.py").write_text("import helper")
    assert list(modules("import helper", folder)) == ["helper", "pkg"]
