from pathlib import Path

from labkit.datasets.root import data_root, find, ways_out


def test_the_environment_names_the_root(monkeypatch, tmp_path):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path))
    assert data_root() == tmp_path


def test_a_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", "~/sets")
    assert data_root() == Path.home() / "sets"


def test_without_the_variable_it_is_the_users_own_cache(monkeypatch):
    monkeypatch.delenv("LABKIT_DATA", raising=False)
    root = data_root()
    assert "labkit" in root.parts
    assert root.is_absolute()
    monkeypatch.setenv("LABKIT_DATA", "")
    assert data_root() == root


def test_sets_are_found_at_the_root_and_one_folder_below(data):
    assert find("MNIST/raw") == data / "MNIST/raw"
    (data / "small/MNIST/raw").mkdir(parents=True)
    assert find("MNIST/raw") == data / "small/MNIST/raw"
    (data / "MNIST/raw").mkdir(parents=True)
    assert find("MNIST/raw") == data / "MNIST/raw", "the root itself comes first"


def test_the_ways_out_name_the_call_its_cost_the_default_and_the_root(data):
    message = ways_out("mnist(download=True)", "12 MB")
    for part in ("mnist(download=True)", "12 MB", "digits()", "LABKIT_DATA", str(data)):
        assert part in message
