"""Functions with the right numbers that are wrong all the same."""

import pytest
import torch

from labkit.checks.answer import Answer
from labkit.checks.effects import changed_arguments, other_device, other_dtype, other_gradient
from labkit.checks.signature import read
from labkit.checks.worker import Worker


@pytest.fixture
def find(linear):
    """Give ``find(effect, function, *more)`` for the question that is a probe."""
    with Worker(5.0) as worker:
        yield lambda effect, function, *more: effect(
            function, linear.questions[-1], read(function, linear), worker, *more
        )


def right(x, weight, bias, scale):
    return scale * x @ weight.T + bias


def answer(linear, **what):
    return Answer(linear.questions[0], **what)


# ---------------------------------------------------------------- arguments


def test_nothing_changed_is_no_finding(linear):
    assert changed_arguments([]) == []
    assert changed_arguments([answer(linear), answer(linear)]) == []


def test_everything_that_any_call_changed_is_listed_once(linear):
    calls = [("x",), (), ("weight", "x"), ("bias",)]
    (finding,) = changed_arguments([answer(linear, modified=names) for names in calls])
    assert finding.name == "input_modified"
    assert "changes bias, weight and x in place" in finding.says
    assert "changes x in place" in changed_arguments([answer(linear, modified=("x",))])[0].says


# ---------------------------------------------------------------- device


def test_a_result_on_the_meta_device_is_away(find, linear):
    answers = [answer(linear, device=torch.device(name)) for name in ("cpu", "meta")]
    (finding,) = find(other_device, right, answers)
    assert finding.name == "wrong_device"
    assert "on meta, the input on the CPU" in finding.says


def test_results_where_the_input_is_are_right_with_and_without_an_accelerator(find, linear):
    assert find(other_device, right, [answer(linear, device=torch.device("cpu"))]) == []
    assert find(other_device, right, [answer(linear, error=ValueError())]) == []


@pytest.fixture
def accelerator(monkeypatch):
    """Let the CPU stand in for an accelerator, on machines that have none too."""
    monkeypatch.setattr("torch.accelerator.is_available", lambda: True)
    monkeypatch.setattr("torch.accelerator.current_accelerator", lambda: torch.device("cpu"))


@pytest.mark.usefixtures("accelerator")
def test_the_question_is_asked_again_on_the_accelerator(find):
    def away(x, weight, bias, scale):
        return right(x, weight, bias, scale).to("meta")

    def raises(x, weight):
        raise ValueError("on two devices")

    assert find(other_device, right, []) == []
    (finding,) = find(other_device, away, [])
    assert finding.says == "For tensors on cpu your function answers on meta."
    (finding,) = find(other_device, raises, [])
    assert "on two devices" in finding.says
    assert finding.name == "wrong_device"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_tensor_made_on_the_cpu_is_found_on_a_gpu(find):
    def on_the_cpu(x, weight, bias, scale):
        return right(x, weight, bias, scale) + torch.zeros(1, 2)

    assert find(other_device, right, []) == []
    assert find(other_device, on_the_cpu, [])[0].name == "wrong_device"


# ---------------------------------------------------------------- dtype


def test_the_dtype_of_the_input_is_right(find, linear):
    answers = [answer(linear, dtype=torch.float32), answer(linear, error=ValueError())]
    assert find(other_dtype, right, answers) == []


def test_another_dtype_for_float32_is_found_in_the_answers(find, linear):
    (finding,) = find(other_dtype, right, [answer(linear, dtype=torch.float16)])
    assert (finding.name, finding.secondary) == ("wrong_dtype", True)
    assert "For float32 tensors the result is float16." in finding.says


def test_the_question_is_asked_again_in_float64(find):
    def always_float32(x, weight, bias, scale):
        return right(x, weight, bias, scale).float()

    def mixes(x, weight, bias, scale):
        return right(x, weight.float(), bias, scale)

    (finding,) = find(other_dtype, always_float32, [])
    assert finding.says.endswith("For float64 tensors the result is float32.")
    (finding,) = find(other_dtype, mixes, [])
    assert "For float64 tensors your function raises RuntimeError" in finding.says


# ---------------------------------------------------------------- gradients


@pytest.fixture
def gradient(find, linear):
    """Give ``gradient(function)``: the findings beside a stand-in, the operation unless told."""

    def findings(function, stand_in=linear.reference):
        return find(other_gradient, function, linear, stand_in)

    return findings


def test_the_right_gradient_is_no_finding(gradient):
    assert gradient(right) == []
    assert gradient(right, None) == []


CUTS = {
    "x, weight and bias": lambda x, weight, bias, scale: right(x, weight, bias, scale).detach(),
    "weight": lambda x, weight, bias, scale: right(x, weight.data, bias, scale),
    "x and bias": lambda x, weight, bias, scale: right(x.data, weight, bias.detach(), scale),
}


@pytest.mark.parametrize("names", CUTS)
def test_what_is_cut_off_is_named(gradient, names):
    (finding,) = gradient(CUTS[names])
    assert (finding.name, finding.secondary) == ("gradient_cut", True)
    assert finding.says.endswith(f"back to {names}.")


def test_an_error_on_the_way_is_a_cut(gradient):
    (finding,) = gradient(lambda x, weight: torch.from_numpy(x.numpy() @ weight.numpy().T))
    assert finding.name == "gradient_cut"
    assert "RuntimeError" in finding.says


def test_a_wrong_gradient_is_shown_at_its_first_wrong_number(gradient):
    def half(x, weight, bias, scale):
        return right(x, (weight + weight.detach()) / 2, bias, scale)

    (finding,) = gradient(half)
    assert (finding.name, finding.secondary) == ("wrong_gradient", True)
    # The two results weigh -3.5 and -2.5, x is 2 and scale is 2: -3.5 * 2 * 2, and half of it.
    assert "at weight[0, 0] it should be -14, yours is -7." in finding.says


def test_a_gradient_that_mixes_up_results_is_wrong(gradient):
    """The gradient of a plain sum would be the same."""

    def mixed(x, weight, bias, scale):
        out = right(x, weight, bias, scale)
        return out.detach() + out.flip(1) - out.flip(1).detach()

    assert gradient(mixed)[0].name == "wrong_gradient"


def test_without_known_numbers_only_a_whole_cut_is_told(gradient):
    def raises(a):
        return a.nothing

    for stand_in in (None, raises):
        assert gradient(CUTS["weight"], stand_in) == []
        assert gradient(CUTS["x, weight and bias"], stand_in)[0].name == "gradient_cut"


def test_what_the_stand_in_does_not_use_is_not_called_cut(gradient, linear):
    def no_bias(x, weight, bias, scale):
        return scale * x @ weight.T

    assert gradient(no_bias, lambda a: linear.reference(a.but(bias=None))) == []
    assert gradient(no_bias)[0].says.endswith("back to bias.")


def test_a_gradient_of_zero_is_as_good_as_none(gradient, linear):
    def zero_bias(x, weight, bias, scale):
        return scale * x @ weight.T + 0 * bias

    assert gradient(zero_bias, lambda a: linear.reference(a.but(bias=None))) == []


def test_gradients_of_numbers_that_are_nan_are_not_compared(gradient):
    """NaN is never equal to itself, and the numbers are wrong already."""

    def spoilt(x, weight, bias, scale):
        return right(x, weight, bias, scale) * torch.nan

    assert gradient(spoilt, lambda a: spoilt(a.x, a.weight, a.bias, a.scale)) == []
    assert gradient(spoilt)[0].name == "wrong_gradient"


def test_the_gradient_is_asked_of_copies(gradient, linear):
    gradient(right)
    assert not any(linear.questions[-1].arguments[name].requires_grad for name in linear.inputs)


@pytest.mark.parametrize("effect", ["dtype", "gradient"])
def test_a_slow_function_is_told_elsewhere(linear, effect):
    def endless(x, weight):
        while True:
            pass

    with Worker(0.1) as worker:
        asked = (endless, linear.questions[-1], read(endless, linear), worker)
        if effect == "dtype":
            assert other_dtype(*asked, []) == []
        else:
            assert other_gradient(*asked, linear, linear.reference) == []


# ---------------------------------------------------------------- several results


@pytest.fixture
def gradient_of_turn(turn):
    with Worker(5.0) as worker:
        yield lambda function: other_gradient(
            function, turn.questions[3], read(function, turn), worker, turn, turn.reference
        )


def test_gradients_of_several_results_are_asked_together(gradient_of_turn):
    def right(x, y, cos, sin, scale):
        return scale * (x * cos - y * sin), scale * (x * sin + y * cos)

    def second_cut(point, cos, sin, scale):
        u, v = right(*point, cos, sin, scale)
        return u, v.detach()

    def both_cut(x, y, cos, sin, scale):
        return [part.detach() for part in right(x, y, cos, sin, scale)]

    assert gradient_of_turn(right) == []
    assert gradient_of_turn(second_cut)[0].name == "wrong_gradient"
    (finding,) = gradient_of_turn(both_cut)
    assert (finding.name, "x, y, cos and sin" in finding.says) == ("gradient_cut", True)


def test_a_question_in_half_precision_wants_half_precision(turn, find):
    half = Answer(turn.questions[5], dtype=torch.float16)
    assert find(other_dtype, right, [half]) == []
    (finding,) = find(other_dtype, right, [Answer(turn.questions[5], dtype=torch.float32)])
    assert "For float16 tensors the result is float32." in finding.says


def test_gradients_are_found_in_nested_results_and_not_asked_of_masks(turn):
    def nested(x, y, cos, sin, mask):
        return ((x * cos - y * sin) * mask,), (x * sin + y * cos) * mask

    with Worker(5.0) as worker:
        asked = (nested, turn.questions[1], read(nested, turn), worker)
        assert other_gradient(*asked, turn, turn.reference) == []
