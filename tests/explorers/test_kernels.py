"""labkit.explorers.kernels: what each preset does to a flat and to a stepped picture."""

import pytest
import torch
from torch.nn.functional import conv2d
from traitlets import HasTraits, TraitError

from labkit.explorers.kernels import PRESETS, KernelTrait

STEP = torch.tensor([[0.0, 0.0, 1.0, 1.0]]).expand(4, 4)


def response(name, picture):
    return conv2d(picture[None, None], torch.tensor(PRESETS[name])[None, None])[0, 0]


@pytest.mark.parametrize("name", PRESETS)
def test_a_flat_picture_stays_flat_and_edges_vanish_on_it(name):
    expected = 0.0 if "edge" in name else 1.0
    torch.testing.assert_close(response(name, torch.ones(4, 4)), torch.full((2, 2), expected))


def test_identity_keeps_blur_softens_and_sharpen_overshoots():
    inside = STEP[1:-1, 1:-1]
    assert torch.equal(response("identity", STEP), inside)
    assert response("blur", STEP).diff(dim=1).abs().max() < inside.diff(dim=1).abs().max()
    assert response("sharpen", STEP).max() > 1


def test_each_edge_detector_sees_its_own_direction():
    assert response("vertical edge", STEP).abs().sum() > 0
    assert response("vertical edge", STEP.T).abs().sum() == 0
    assert response("horizontal edge", STEP.T).abs().sum() > 0
    assert response("horizontal edge", STEP).abs().sum() == 0


def test_the_trait_takes_tensors_and_says_what_it_refuses():
    class Holder(HasTraits):
        kernel = KernelTrait([[1.0]])

    assert Holder(kernel=torch.eye(2)).kernel == [[1.0, 0.0], [0.0, 1.0]]
    with pytest.raises(TraitError, match=r"kernel has shape \(8, 8\); expected .* from 1 to 7"):
        Holder(kernel=torch.ones(8, 8))
