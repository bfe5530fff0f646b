from labkit.cli.main import main
from labkit.execution import documents


def test_lessons_are_refreshed_and_a_broken_one_is_left_alone(
    write_notebook, tmp_path, monkeypatch, capsys
):
    bad = write_notebook("notebooks/01_bad.ipynb", "print('before')", "1 / 0")
    good = write_notebook("notebooks/02_good.ipynb", "print('hello')")
    before = bad.read_bytes()
    monkeypatch.chdir(tmp_path)
    assert main(["refresh"]) == 1
    out = capsys.readouterr().out
    assert "✗ 01_bad  failed" in out
    assert "left as they were" in out
    assert "✓ 02_good  passed" in out
    assert bad.read_bytes() == before
    assert documents.read(good)["cells"][0]["outputs"][0]["text"] == "hello\n"
    assert main(["refresh", str(good)]) == 0
