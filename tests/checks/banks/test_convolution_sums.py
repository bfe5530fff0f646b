import pytest
import torch

from labkit.checks.banks import convolution_sums as bank
from labkit.checks.convolution import CONV2D
from labkit.checks.question import Arguments

CHANNELS, KERNEL = 6, (2, 3)
TIMES = {  # how often each sentence says that the bias is added
    "Yours adds it for every product of the sum.": CHANNELS * 2 * 3,
    "Yours adds it for every channel.": CHANNELS,
    "Yours adds it for every place in the kernel.": 2 * 3,
    "Yours adds it for every row of the kernel.": 2,
    "Yours adds it for every column of the kernel.": 3,
}
COUNTS = {  # what each mean divides by
    "Yours takes the mean over channels.": CHANNELS,
    "Yours takes the mean over all products.": CHANNELS * 2 * 3,
    "Yours takes the mean over the places in the kernel.": 2 * 3,
}


def arguments(groups=1, bias=None):
    numbers = torch.Generator().manual_seed(0)
    x = torch.randn(2, CHANNELS, 4, 5, generator=numbers)
    weight = torch.randn(CHANNELS, CHANNELS // groups, *KERNEL, generator=numbers)
    return CONV2D.complete(Arguments(x=x, weight=weight, bias=bias, groups=groups))


def answer(variant, a):
    return variant(CONV2D.reference, a)


def close(one, other):
    return one.shape == other.shape and torch.allclose(one, other, atol=1e-5)


def test_a_flipped_kernel_answers_one_bright_pixel_with_itself():
    weight = torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    pixel = torch.zeros(1, 1, 5, 5)
    pixel[..., 2, 2] = 1
    a = CONV2D.complete(Arguments(x=pixel, weight=weight))
    flipped = {words: answer(v, a) for words, v in bank.KERNEL_FLIPPED.variants.items()}
    assert torch.equal(flipped[""], weight)
    assert torch.equal(flipped["Yours flips it upside down."], weight.flip(3))
    assert torch.equal(flipped["Yours flips it left to right."], weight.flip(2))


@pytest.mark.parametrize("sentence", bank.BIAS_PER_ELEMENT.variants)
def test_the_bias_is_added_as_often_as_the_sentence_says(sentence):
    bias = torch.tensor([1.0, 2.0, -3.0, 4.0, 5.0, -6.0])
    made = answer(bank.BIAS_PER_ELEMENT.variants[sentence], arguments(bias=bias))
    without = CONV2D.reference(arguments())
    assert close(made, without + TIMES[sentence] * bias[:, None, None])
    assert close(answer(bank.BIAS_FORGOTTEN.variants[""], arguments(bias=bias)), without)


@pytest.mark.parametrize("sentence", COUNTS)
def test_a_mean_times_its_count_is_the_sum(sentence):
    a = arguments()
    mean = answer(bank.CHANNELS_NOT_SUMMED.variants[sentence], a)
    assert close(mean * COUNTS[sentence], CONV2D.reference(a))


@pytest.mark.parametrize("groups", [1, 2])
def test_channels_that_are_kept_apart_sum_to_the_right_answer(groups):
    a = arguments(groups)
    variants = bank.CHANNELS_NOT_SUMMED.variants
    apart = answer(variants["Yours keeps a channel axis in the result."], a)
    assert close(apart.sum(2), CONV2D.reference(a))
    assert close(apart[:, :, 0], answer(variants["Yours uses the first channel only."], a))
    assert close(apart[:, :, -1], answer(variants["Yours uses the last channel only."], a))


def test_a_kernel_that_sees_its_own_channel_only_does_not_notice_the_others():
    own = bank.CHANNELS_NOT_SUMMED.variants["Yours lets kernel o see input channel o only."]
    a = arguments()
    for o in range(CHANNELS):
        x = a.x.clone()
        x[:, o] += 1
        changed = (answer(own, a.but(x=x)) != answer(own, a)).any(dim=(0, 2, 3))
        assert changed.nonzero().flatten().tolist() == [o]


@pytest.mark.parametrize("mistake", [bank.GROUPS_IGNORED, bank.GROUPS_INTERLEAVED])
def test_with_one_group_nothing_can_be_wrong_about_groups(mistake):
    a = arguments(groups=1)
    for sentence, variant in mistake.variants.items():
        assert close(answer(variant, a), CONV2D.reference(a)), sentence


def test_the_first_group_is_right_for_its_own_kernels_only():
    a = arguments(groups=2)
    shown = bank.GROUPS_IGNORED.variants[
        "Yours shows every kernel the channels of the first group."
    ]
    right, made = CONV2D.reference(a), answer(shown, a)
    assert close(made[:, :3], right[:, :3])
    assert not torch.isclose(made[:, 3:], right[:, 3:]).any()


def test_groups_that_raise_do_so_for_more_than_one():
    raising = bank.GROUPS_IGNORED.variants["Yours raises as soon as groups is not 1."]
    with pytest.raises(ValueError, match=r"^$"):
        answer(raising, arguments(groups=2))


def test_interleaved_groups_are_blocks_of_reordered_channels():
    a = arguments(groups=2)
    of_x, of_result = bank.GROUPS_INTERLEAVED.variants.values()
    assert close(answer(of_x, a), CONV2D.reference(a.but(x=a.x[:, [0, 2, 4, 1, 3, 5]])))
    assert close(answer(of_result, a), CONV2D.reference(a)[:, [0, 3, 1, 4, 2, 5]])
