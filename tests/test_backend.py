"""labkit.backend: the device asked for or a clear error; seeds and determinism that hold."""

import random

import numpy as np
import pytest
import torch

from labkit import backend
from labkit.errors import DeviceError, OptionError


def pretend(monkeypatch, *, cuda=False, mps=False):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)


@pytest.mark.parametrize(
    ("cuda", "mps", "expected"), [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")]
)
def test_auto_takes_the_fastest_present(monkeypatch, cuda, mps, expected):
    pretend(monkeypatch, cuda=cuda, mps=mps)
    assert backend.device("auto").type == expected
    assert backend.device().type == expected


def test_cpu_is_always_there(monkeypatch):
    pretend(monkeypatch, cuda=True)
    assert backend.device("cpu") == torch.device("cpu")


@pytest.mark.parametrize("missing", ["cuda", "mps"])
def test_a_missing_device_says_what_is_there_and_what_to_do(monkeypatch, missing):
    pretend(monkeypatch)
    with pytest.raises(DeviceError, match=rf"'{missing}' .* only cpu; use device=\"auto\""):
        backend.device(missing)


@pytest.mark.usefixtures("as_learners_run_it")
def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(OptionError, match=r"'gpu'; use one of 'auto', 'cpu', 'cuda', 'mps'"):
        backend.device("gpu")


def test_describe_counts_threads():
    assert f"{torch.get_num_threads()} thread" in backend.describe(torch.device("cpu"))


def draw():
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_a_seed_repeats_all_three_generators():
    backend.seed_everything(3)
    first = draw()
    backend.seed_everything(3)
    assert draw() == first
    backend.seed_everything(4)
    assert all(a != b for a, b in zip(draw(), first, strict=True))


def test_the_generator_returned_is_its_own():
    generator = backend.seed_everything(5)
    undisturbed = torch.rand(1).item()
    backend.seed_everything(5)
    torch.rand(3, generator=generator)
    assert torch.rand(1).item() == undisturbed


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(OptionError, match=f"seed {seed} is out of range"):
        backend.seed_everything(seed)


@pytest.mark.parametrize("warn_only", [False, True])
def test_deterministic_mode_ends_with_its_block(warn_only):
    def fails_inside():
        with backend.deterministic(warn_only=warn_only):
            assert torch.are_deterministic_algorithms_enabled()
            assert torch.is_deterministic_algorithms_warn_only_enabled() is warn_only
            raise RuntimeError("inside")

    assert not torch.are_deterministic_algorithms_enabled()
    with pytest.raises(RuntimeError, match="inside"):
        fails_inside()
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_cuda_is_named():
    assert backend.describe(backend.device("cuda")).startswith("cuda (")
