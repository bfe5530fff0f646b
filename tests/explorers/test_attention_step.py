import torch

from labkit.explorers.attention_step import AttentionStep, look_words

WEIGHTS = torch.tensor([0.25, 0.5, 0.25])
SCORES = torch.tensor([0.0, 0.6931, 0.0])
STEP = AttentionStep(3, 2 * SCORES, SCORES, WEIGHTS, torch.ones(2), 1.0397)


def test_words_name_the_key_that_gets_most():
    assert look_words(STEP) == "most to key 1 with 0.5, entropy 1.04 of at most 1.099"
    assert look_words(STEP, "猫坐下").startswith('most to key 1 "坐" with 0.5')
    assert look_words(STEP, reveal=False) == "most to key ?"


def test_the_greatest_entropy_counts_only_keys_that_may_be_looked_at():
    masked = STEP._replace(scores=torch.tensor([0.0, 0.6931, -torch.inf]))
    assert look_words(masked).endswith("of at most 0.6931")


def test_where_all_is_masked_there_is_nothing_to_keep_back():
    nowhere = STEP._replace(scores=torch.full((3,), -torch.inf))
    assert look_words(nowhere) == look_words(nowhere, reveal=False)
    assert look_words(nowhere) == "no key to look at; its weights and its output are 0"
