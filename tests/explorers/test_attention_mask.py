import numpy as np
import pytest
import torch

from labkit.errors import DTypeError, OptionError, ShapeError
from labkit.explorers.attention_mask import chosen_mask, given_mask


def test_a_mask_is_known_by_its_name_or_given():
    assert chosen_mask("padding", (1, 2, 2)) == ("padding", None)
    name, mask = chosen_mask([[True, False]], (1, 2, 2))
    assert (name, mask.tolist()) == ("given", [[[True, False], [True, False]]])
    with pytest.raises(OptionError, match="mask is 'future'; expected None, 'causal'"):
        chosen_mask("future", (1, 2, 2))


def test_a_mask_is_spread_over_heads_and_queries():
    mask = torch.tensor([[True, False], [False, True]])
    assert given_mask(mask, (3, 2, 2)).shape == (3, 2, 2)
    assert torch.equal(given_mask(mask, (3, 2, 2))[2], mask)
    assert given_mask(np.array([True, False]), (1, 3, 2))[0, 2].tolist() == [True, False]


@pytest.mark.usefixtures("as_learners_run_it")
def test_a_mask_that_is_none_is_refused():
    with pytest.raises(DTypeError, match=r"torch\.int64; expected torch\.bool"):
        given_mask([[1, 0]], (1, 1, 2))
    with pytest.raises(ShapeError, match=r"expected \(queries, keys\) = \(3, 2\)"):
        given_mask(torch.ones(2, 3) > 0, (1, 3, 2))
