import pytest
import torch

from labkit.explorers.positional_encoding import PositionalEncodingExplorer


@pytest.mark.parametrize("kind", ["sinusoidal", "rotary", "learned"])
@pytest.mark.parametrize("width", [4, 7])
def test_code_runs_and_gives_the_encoding_and_its_similarity(kind, width, capsys):
    explorer = PositionalEncodingExplorer(10, width, kind=kind, base=50.0, position=3, dimension=2)
    names = {}
    exec(explorer.code, names)
    torch.testing.assert_close(names["encoding"], explorer.encoding)
    torch.testing.assert_close(names["similarity"], explorer.similarity)
    number, row = capsys.readouterr().out.split("\n", 1)
    assert number == str(explorer.encoding[3, 2])
    assert row == f"{explorer.similarity[3]}\n"


def test_code_asks_for_a_trained_table():
    table = torch.randn(12, 4)
    explorer = PositionalEncodingExplorer(10, 4, kind="learned", table=table)
    assert "# table: the 10 × 4 tensor that this explorer shows" in explorer.code
    names = {"table": table}
    exec(explorer.code, names)
    assert torch.equal(names["encoding"], table[:10])
