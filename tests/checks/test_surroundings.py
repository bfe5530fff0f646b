"""What runs inside `untouched` may do as it likes; outside, nothing of it is left."""

import random
import sys
import warnings

import numpy as np
import pytest
import torch

from labkit.checks.surroundings import Printed, untouched

# beartype draws random numbers, so the type checker of the test run must be off.
pytestmark = pytest.mark.usefixtures("as_learners_run_it")


def disturb():
    torch.manual_seed(5)
    random.seed(5)
    np.random.seed(5)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float16)
    warnings.simplefilter("always")


def surroundings():
    return {
        "torch": torch.get_rng_state().tolist(),
        "random": random.getstate(),
        "numpy": [np.random.get_state()[1].tolist(), np.random.get_state()[2]],
        "grad mode": torch.is_grad_enabled(),
        "inference": torch.is_inference_mode_enabled(),
        "autocast": torch.is_autocast_enabled("cpu"),
        "dtype": torch.get_default_dtype(),
        "filters": list(warnings.filters),
        "stdout": sys.stdout,
    }


def test_all_is_given_back():
    before = surroundings()
    with untouched():
        disturb()
        inside = surroundings()
    assert {name for name in before if inside[name] == before[name]} == {"inference", "autocast"}
    assert surroundings() == before


def test_all_is_given_back_after_an_error_which_goes_on():
    def disturb_and_raise():
        disturb()
        raise ZeroDivisionError

    before = surroundings()
    with pytest.raises(ZeroDivisionError), untouched():
        disturb_and_raise()
    assert surroundings() == before


MODES = [torch.no_grad, torch.inference_mode, lambda: torch.autocast("cpu")]


@pytest.mark.parametrize("mode", MODES, ids=["no_grad", "inference_mode", "autocast"])
def test_autograd_records_whatever_mode_the_caller_is_in(mode):
    with mode():
        before = surroundings()
        with untouched():
            weight = torch.ones(2, 2, requires_grad=True)
            product = weight @ weight
        assert surroundings() == before
    assert product.requires_grad
    assert product.dtype == torch.float32


def test_warnings_are_silent_inside_only():
    with untouched():
        warnings.warn("nobody hears this", stacklevel=1)
    with pytest.warns(UserWarning, match="heard"):
        warnings.warn("heard again", stacklevel=1)


def test_lines_are_counted_and_not_shown(capsys):
    with untouched() as printed:
        print("one\ntwo")
        print("three, ", end="")
        assert printed.lines == 2
        print("and its end")
    print("outside")
    assert printed.lines == 3
    assert capsys.readouterr().out == "outside\n"


def test_writing_answers_as_a_file_does():
    assert Printed().write("four") == 4
