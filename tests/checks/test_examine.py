"""Whatever a learner's function is or does, a check answers, and leaves everything as it was."""

import sys
import threading
import time
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from labkit.checks import check
from labkit.checks.examine import examine


def raises(x, weight):
    raise ValueError("an unusual\nmessage <b>&</b>")


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError


def raises_unprintable(x, weight):
    raise Unprintable


def exits(x, weight):
    sys.exit("bye")


def interrupts_itself(x, weight):
    raise KeyboardInterrupt


def recurses(x, weight):
    return recurses(x, weight)


def needs_more(x, weight, activation):
    return activation(F.conv2d(x, weight))


def one_argument(x):
    return x


async def awaits(x, weight):
    return F.conv2d(x, weight)


def generates(x, weight):
    yield F.conv2d(x, weight)


class Odd:
    def __getattr__(self, name):
        raise RuntimeError(name)

    def __call__(self, x, weight):
        return Odd()


class LyingSignature:
    __signature__ = "x, weight"

    def __call__(self, x):
        return x


def lies(*args, **kwargs):
    """Take anything, to say so, and pass on only two."""
    return (lambda x, weight: F.conv2d(x, weight))(*args, **kwargs)


def complex_numbers(x, weight):
    return F.conv2d(x, weight).to(torch.complex64)


def sparse(x, weight):
    return F.conv2d(x, weight).to_sparse()


def nan(x, weight):
    return F.conv2d(x, weight) * float("nan")


def empties(x, weight):
    return x[:0]


def scalar(x, weight):
    return x.sum()


def changes_data(x, weight):
    out = F.conv2d(x, weight)
    x.data = x.data[:, :, :1]
    return out


ZOO = [
    (raises, "raises"), (raises_unprintable, "raises"), (exits, "raises"),
    (interrupts_itself, "raises"), (recurses, "raises"), (needs_more, "wrong_signature"),
    (one_argument, "wrong_signature"), (lambda: 3, "wrong_signature"), (awaits, "wrong_type"),
    (generates, "wrong_type"), (lambda x, w: None, "wrong_type"), (lambda x, w: [1], "wrong_type"),
    (lambda x, w: F.conv2d(x, w).numpy(), "wrong_type"), (lambda x, w: 3.5, "wrong_type"),
    (Odd(), "wrong_type"), (LyingSignature(), "raises"), (nn.Conv2d(1, 1, 2), "wrong_signature"),
    (nn.Conv2d, "wrong_signature"), (complex_numbers, "wrong_dtype"), (sparse, "wrong_type"),
    (nan, "wrong_values"),
    (empties, "wrong_shape"), (scalar, "wrong_shape"), (changes_data, "input_modified"),
    (None, "not_callable"), (3, "not_callable"), (torch.ones(2), "not_callable"),
    ("conv2d", "not_callable"),
    (print, "wrong_type"), (len, "wrong_signature"), (max, "raises"), (F.conv1d, "raises"),
]  # fmt: skip


@pytest.mark.parametrize(("function", "mistake"), ZOO, ids=range(len(ZOO)))
def test_nothing_a_function_does_comes_out_as_an_error(function, mistake):
    verdict = check.conv2d(function)
    assert verdict.mistake == mistake, verdict
    assert verdict._repr_html_()
    assert str(verdict)


def test_functions_that_are_right_in_unusual_ways_pass():
    assert check.conv2d(lies), check.conv2d(lies)


def test_the_line_that_raised_is_shown():
    message = check.conv2d(raises).message
    assert "ValueError: an unusual" in message
    assert 'raise ValueError("an unusual' in message


def test_an_endless_loop_is_stopped_and_its_thread_is_gone():
    def endless(x, weight):
        while True:
            pass

    before = threading.active_count()
    start = time.monotonic()
    verdict = check.conv2d(endless, timeout=0.5)
    assert verdict.mistake == "too_slow"
    assert time.monotonic() - start < 3.5
    assert threading.active_count() == before
    assert "after 0.5 seconds" in verdict.message


def test_a_loop_that_swallows_exceptions_is_stopped_too():
    def stubborn(x, weight):
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                continue

    before = threading.active_count()
    assert check.conv2d(stubborn, timeout=0.3).mistake == "too_slow"
    assert threading.active_count() == before


def test_being_slow_only_at_the_end_is_no_way_to_pass():
    def endless_in_double(x, weight):
        while x.dtype == torch.float64:
            pass
        return F.conv2d(x, weight)

    assert check.conv2d(endless_in_double, timeout=0.5).mistake == "too_slow"


def test_printing_is_counted_not_shown(capsys):
    def talks(x, weight):
        print("here\n" * 10)
        return F.conv2d(x, weight)

    verdict = check.conv2d(talks)
    assert verdict.passed
    assert capsys.readouterr().out == ""
    assert "It printed" in verdict.message


@pytest.mark.parametrize(
    "mode",
    [
        torch.no_grad,
        torch.inference_mode,
        lambda: torch.autocast("cpu"),
        lambda: torch.device("meta"),
    ],
)
def test_the_callers_modes_do_not_change_the_verdict(mode):
    with mode():
        assert check.conv2d(F.conv2d).passed
        assert check.conv2d(lambda x, w: F.conv2d(x, w).detach()).mistake == "gradient_cut"


def test_an_interrupt_by_the_user_goes_through():
    import _thread

    def waits(x, weight):
        _thread.interrupt_main()
        while True:
            pass

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        check.conv2d(waits, timeout=5.0)
    assert threading.active_count() == before


def test_warnings_of_the_function_are_no_errors():
    assert check.conv2d(lambda x, w: torch.tensor(F.conv2d(x, w))).mistake == "gradient_cut"


def test_a_vectorised_answer_is_checked_in_a_moment():
    check.conv2d(F.conv2d)
    start = time.process_time()
    check.conv2d(F.conv2d)
    assert time.process_time() - start < 1.0


# ---------------------------------------------------------------- several results


def turned(x, y, cos, sin, scale=1.0):
    return scale * (x * cos - y * sin), scale * (x * sin + y * cos)


def test_two_results_pass_in_every_arrangement(turn):
    for arranged in (tuple, list, lambda both: (both,)):
        verdict = examine(lambda *given, f=arranged: f(turned(*given)), turn, timeout=5.0)
        assert verdict.passed, verdict


def test_the_names_of_the_results_are_told_to_whoever_returns_one(turn):
    def first_alone(point, c, s):
        return turned(*point, c, s)[0]

    def nothing(point, c, s):
        turned(*point, c, s)

    verdict = examine(first_alone, turn, timeout=5.0)
    assert verdict.mistake == "wrong_type"
    assert "returns one tensor, not 2 tensors, u, v." in verdict.message
    assert "End with return u, v;" in verdict.message
    assert verdict.evidence.expected.shape == (3,)
    assert "Is there a return" in examine(nothing, turn, timeout=5.0).message


def test_a_signature_is_proposed_with_tuples(turn):
    verdict = examine(lambda x: x, turn, timeout=5.0)
    assert "def turn(point, cos, sin)" in verdict.message


def test_no_gradients_are_asked_where_nothing_is_recorded(turn):
    def detached(x, y, cos, sin, scale=1.0):
        return [part.detach() for part in turned(x, y, cos, sin, scale)]

    assert examine(detached, turn, timeout=5.0).mistake == "gradient_cut"
    stepping = replace(turn, differentiable=False)
    assert examine(detached, stepping, timeout=5.0).passed


def test_half_precision_is_asked_like_any_other_question(turn):
    def overflows(x, y, cos, sin):
        large = torch.tensor(1e5, dtype=x.dtype)
        u, v = turned(x, y, cos, sin)
        return u * large / large, v

    message = examine(overflows, turn, timeout=5.0).message
    assert "u[0] should be part 0 = -0.25, yours is nan." in message


def test_one_wrong_result_is_explained_on_the_smallest_question(turn):
    verdict = examine(lambda x, y, cos, sin: (turned(x, y, cos, sin)[0], x), turn, timeout=5.0)
    assert verdict.mistake == "wrong_values"
    assert "v[0] should be part 1 = 1.75, yours is 1." in verdict.message
    assert verdict._repr_html_()
