"""labkit.timing, with a clock that the tests move: real time would make them a matter of luck."""

from itertools import cycle

import pytest
import torch

from labkit import timing


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(timing, "perf_counter", lambda: now[0])

    def taking(*seconds):
        durations, calls = cycle(seconds), []

        def call():
            calls.append(next(durations))
            now[0] += calls[-1]

        call.calls = calls
        return call

    return taking


def test_one_call_in_milliseconds(clock):
    assert timing.milliseconds(clock(0.25)) == pytest.approx(250)


def test_short_calls_are_timed_many_at_once(clock):
    call = clock(0.0001)
    assert timing.milliseconds(call, rounds=3) == pytest.approx(0.1)
    assert len(call.calls) == 2 + 3 * 50


def test_the_first_call_does_not_count(clock):
    slow_start = clock(9.0, *[0.01] * 100)
    assert timing.milliseconds(slow_start) == pytest.approx(10)


def test_one_slow_round_does_not_count(clock):
    hiccup = clock(1, 1, 1, 1, 50, 1, 1, 1, 1, 1, 1)
    assert timing.milliseconds(hiccup, rounds=5) == pytest.approx(1000)


@pytest.mark.parametrize("times", [0.2, 1, 3])
def test_the_ratio_is_ours_over_theirs(clock, times):
    assert timing.ratio(clock(0.3 * times), clock(0.3)) == pytest.approx(times)


def test_they_take_turns(clock, monkeypatch):
    order = []
    ours, theirs = clock(1), clock(1)
    timing.ratio(lambda: (order.append("ours"), ours()), lambda: (order.append("theirs"), theirs()))
    assert order[-4:] == ["ours", "theirs", "ours", "theirs"]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_what_a_gpu_still_computes_is_waited_for():
    x = torch.randn(8192, 8192, device="cuda")
    timing.milliseconds(lambda: x @ x, rounds=1)
    assert torch.cuda.current_stream().query(), "nothing is left to be done"
