import itertools

import pytest
import torch

from labkit.explorers.attention import AttentionExplorer
from labkit.explorers.attention_code import attention_code


@pytest.mark.parametrize(
    ("count", "mask", "scaled"),
    list(itertools.product([1, 3], ["none", "causal", "padding", "given"], [True, False])),
)
def test_code_runs_and_gives_weights_and_output(count, mask, scaled, capsys):
    torch.manual_seed(0)
    queries, keys, values = (torch.randn(count, *s) for s in ((5, 4), (7, 4), (7, 3)))
    given = torch.rand(5, 7) > 0.5
    given[2] = False  # zeros, not NaN
    explorer = AttentionExplorer(
        queries, keys, values, mask=given, temperature=0.5, position=2, head=count - 1, padding=2
    )
    explorer.set_trait("mask", mask)
    explorer.scaled = scaled
    arrays = {"queries": queries, "keys": keys, "values": values}
    if count == 1:
        arrays = {name: stack[0] for name, stack in arrays.items()}
    names = {**arrays, "mask": given}
    exec(explorer.code, names)
    torch.testing.assert_close(names["weights"], explorer.weights[-1])
    torch.testing.assert_close(names["output"], explorer.output[-1])
    assert capsys.readouterr().out == f"{names['weights'][2]}\n{names['output'][2]}\n"


def test_code_without_a_mask_says_nothing_of_masks():
    options = {"mask": "none", "padding": 1, "temperature": 1.0, "scaled": True}
    assert "mask" not in attention_code((1, 2, 2, 4, 4), 0, head=0, **options)
