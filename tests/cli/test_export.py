from pathlib import Path

from labkit.cli.main import main


def test_a_lesson_is_run_first(write_notebook, tmp_path, monkeypatch, capsys):
    path = write_notebook("notebooks/a lesson.ipynb", "#md # Title", "print(6 * 7)")
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(path)]) == 0
    assert "passed" in capsys.readouterr().out
    html = Path("a lesson.html").read_text(encoding="utf-8")
    assert "<title>Title</title>" in html
    assert "42" in html


def test_an_executed_notebook_is_taken_as_it_is(write_notebook, tmp_path, monkeypatch, capsys):
    write_notebook("notebooks/n.ipynb", "print(6 * 7)")
    monkeypatch.chdir(tmp_path)
    main(["run"])
    capsys.readouterr()
    assert main(["export", "reports/executed/n.ipynb", "--out", "deep/page.html"]) == 0
    assert capsys.readouterr().out.split() == ["Page:", str(Path("deep/page.html"))]
    assert "42" in Path("deep/page.html").read_text(encoding="utf-8")


def test_a_lesson_that_fails_has_a_page_that_says_so(write_notebook, tmp_path, monkeypatch):
    path = write_notebook("n.ipynb", "raise ValueError('too large')")
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(path)]) == 1
    assert "too large" in Path("n.html").read_text(encoding="utf-8")


def test_what_is_no_notebook_is_bad_usage(tmp_path, capsys):
    assert main(["export", str(tmp_path / "missing.ipynb")]) == 2
    assert "no such file" in capsys.readouterr().err
