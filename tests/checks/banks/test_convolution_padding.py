import pytest
import torch

from labkit.checks.banks import convolution_padding as bank
from labkit.checks.convolution import CONV2D
from labkit.checks.question import Arguments

IMAGE = torch.arange(1.0, 13.0).reshape(3, 4)


def padded_image(variant, padding=1, **more):
    """Return what a kernel of one pixel that holds a 1 sees: the padded image itself."""
    given = Arguments(x=IMAGE[None, None], weight=torch.ones(1, 1, 1, 1), padding=padding, **more)
    return variant(CONV2D.reference, CONV2D.complete(given))[0, 0]


def zeros_at(image):
    """Return how many rows or columns of zeros there are on each side."""
    rows, columns = (image != 0).any(1).nonzero(), (image != 0).any(0).nonzero()
    height, width = image.shape
    return {
        "left": int(columns[0]),
        "right": width - 1 - int(columns[-1]),
        "top": int(rows[0]),
        "bottom": height - 1 - int(rows[-1]),
    }


@pytest.mark.parametrize("padding", [1, 2])
@pytest.mark.parametrize("sentence", bank.PADDING_ONE_SIDE.variants)
def test_zeros_lie_on_the_sides_that_the_sentence_names(sentence, padding):
    image = padded_image(bank.PADDING_ONE_SIDE.variants[sentence], padding)
    lines = padding * (2 if "all the zeros" in sentence else 1)
    found = zeros_at(image)
    assert found == {side: lines * (f" {side}" in sentence) for side in found}
    assert image[image != 0].tolist() == IMAGE.flatten().tolist()


def test_no_two_sentences_name_the_same_sides():
    variants = bank.PADDING_ONE_SIDE.variants.values()
    made = [tuple(zeros_at(padded_image(v, 2)).values()) for v in variants]
    assert len(set(made)) == len(made) == 2**4 - 2 + 4


def test_padding_twice_is_double_on_every_side():
    assert set(zeros_at(padded_image(bank.PADDING_TWICE.variants[""], 3)).values()) == {6}


def test_other_paddings_continue_the_image_as_the_sentence_says():
    made = {words: padded_image(v) for words, v in bank.PADDING_NOT_ZEROS.variants.items()}
    above = {words: image[0, 1:-1].tolist() for words, image in made.items()}
    left = {words: image[1:-1, 0].tolist() for words, image in made.items()}
    rows, columns = IMAGE.tolist(), IMAGE.T.tolist()
    assert above == {
        "Yours repeats the edge.": rows[0],
        "Yours mirrors the image.": rows[1],
        "Yours continues with the opposite edge.": rows[-1],
    }
    assert left == {
        "Yours repeats the edge.": columns[0],
        "Yours mirrors the image.": columns[1],
        "Yours continues with the opposite edge.": columns[-1],
    }


def test_zeros_around_the_result_get_no_bias():
    variant = bank.PADDING_IGNORED.variants["Yours adds them around the result instead."]
    image = padded_image(variant, bias=torch.tensor([5.0]))
    assert set(zeros_at(image).values()) == {1}
    assert torch.equal(image[1:-1, 1:-1], IMAGE + 5)
