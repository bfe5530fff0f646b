import os
from pathlib import Path

import pytest
import torch

from labkit.datasets.images import ImageSet, cifar10, digits, fashion_mnist, mnist, photo
from labkit.errors import DataError, OptionError

BESIDE = Path(__file__).parents[3] / "shared/data"


def real_mnist_root():
    """Find real files in MNIST's format: where LABKIT_DATA says, else beside the checkout."""
    roots = [Path(os.environ["LABKIT_DATA"])] if os.environ.get("LABKIT_DATA") else []
    for root in [*roots, BESIDE]:
        for folder in [root, *sorted(root.glob("*"))]:
            if (folder / "MNIST/raw").is_dir():
                return folder
    return None


MNIST_ROOT = real_mnist_root()


def test_the_split_of_the_digits_is_disjoint_complete_and_stratified():
    train, test, every = digits("train"), digits("test"), digits("all")
    assert (len(train.images), len(test.images), len(every.images)) == (1442, 355, 1797)
    rows = {tuple(image.flatten().tolist()) for image in every.images}
    seen = [tuple(i.flatten().tolist()) for part in (train, test) for i in part.images]
    assert len(seen) == 1797
    assert set(seen) == rows
    share = test.labels.bincount() / every.labels.bincount()
    assert ((share > 0.18) & (share < 0.21)).all()


def test_digits_are_pixels_and_class_numbers():
    images, labels = digits("all")
    assert images.shape == (1797, 1, 8, 8)
    assert images.dtype == torch.float32
    assert labels.dtype == torch.int64
    assert images.min() == 0
    assert images.max() == 1
    assert labels.unique().tolist() == list(range(10))
    # The first image of the file, row 2 of the published table: 0 3 15 2 0 11 8 0.
    assert (16 * images[0, 0, 2]).tolist() == [0, 3, 15, 2, 0, 11, 8, 0]


def test_a_nearest_neighbour_reads_the_test_digits():
    images, labels = digits("train")
    unseen, truth = digits("test")
    nearest = torch.cdist(unseen.flatten(1), images.flatten(1)).argmin(1)
    assert (labels[nearest] == truth).float().mean() > 0.97


@pytest.mark.parametrize("name", ["china", "flower"])
def test_photos_are_colours_between_zero_and_one(name):
    image = photo(name)
    assert image.shape == (3, 427, 640)
    assert image.dtype == torch.float32
    assert image.is_contiguous()
    assert image.min() == 0
    assert image.max() == 1


def test_channels_of_a_photo_are_red_green_blue():
    sky = photo("china")[:, :40, :100].mean((1, 2))
    assert sky[0] < sky[1] < sky[2], "the sky is blue"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: digits("validation"), "split: expected one of 'train', 'test', 'all'"),
        (lambda: photo("china.jpg"), "name: expected one of 'china', 'flower'"),
        (lambda: mnist("all"), "split: expected one of 'train', 'test', got 'all'"),
        (lambda: fashion_mnist("all"), "got 'all'"),
        (lambda: cifar10("all"), "got 'all'"),
    ],
)
def test_a_wrong_name_lists_the_right_ones(as_learners_run_it, call, message):
    with pytest.raises(OptionError, match=message):
        call()


@pytest.mark.parametrize("load", [mnist, fashion_mnist, cifar10])
def test_what_is_not_there_names_the_download_and_the_offline_default(data, load):
    with pytest.raises(DataError) as caught:
        load()
    assert f"{load.__name__}(download=True)" in str(caught.value)
    assert "digits()" in str(caught.value)


def test_mnist_from_small_files(data, mnist_files):
    for name in ("MNIST", "FashionMNIST"):
        (data / name / "raw").mkdir(parents=True)
        for file, body in mnist_files.items():
            (data / name / "raw" / file).write_bytes(body)
    clothes, figures = fashion_mnist("test"), mnist("test")
    assert torch.equal(clothes.images, figures.images)
    assert figures.classes[7] == "7"
    assert clothes.classes[9] == "Ankle boot"
    assert figures.images.shape == (10, 1, 28, 28)
    assert figures.images.max() == 1
    assert figures.labels.dtype == torch.int64
    assert repr(figures) == (
        "ImageSet: 10 images of 1×28×28, MNIST test (NOT the original 10,000 images: 10 were found)"
    )


def test_a_set_comes_apart_into_images_and_labels():
    pair = ImageSet(torch.zeros(2, 1, 3, 3), torch.tensor([0, 1]), ("a", "b"), "nowhere")
    images, labels = pair
    assert images is pair.images
    assert labels is pair.labels


@pytest.mark.skipif(MNIST_ROOT is None, reason="no files in MNIST's format on this machine")
def test_real_mnist_files_are_read_and_their_number_is_told(monkeypatch):
    for root in (MNIST_ROOT, MNIST_ROOT.parent):
        monkeypatch.setenv("LABKIT_DATA", str(root))
        train, test = mnist("train"), mnist("test")
        for part in (train, test):
            assert part.images.shape == (len(part.labels), 1, 28, 28)
            assert part.labels.unique().tolist() == list(range(10))
            original = len(part.images) in (60_000, 10_000)
            assert original or f"{len(part.images):,} were found" in part.source
    few = slice(0, 2000)
    nearest = torch.cdist(test.images[few].flatten(1), train.images.flatten(1)).argmin(1)
    assert (train.labels[nearest] == test.labels[few]).float().mean() > 0.9


def test_each_picked_image_is_of_its_class_and_each_may_be_picked():
    data = digits("test")
    label_of = {tuple(i.flatten().tolist()): n for i, n in zip(*data, strict=True)}
    classes = torch.arange(10).repeat(200, 1)
    picked = data.pick(classes, generator=torch.Generator().manual_seed(0))
    assert picked.shape == (200, 10, 1, 8, 8)
    rows = [tuple(row) for row in picked.flatten(0, 1).flatten(1).tolist()]
    assert [label_of[row].item() for row in rows] == classes.flatten().tolist()
    assert len(set(rows)) > 350  # nearly all of 355


def test_a_choice_repeats_with_its_generator():
    one, other = (
        digits().pick(torch.tensor([7] * 9), generator=torch.Generator().manual_seed(1))
        for _ in range(2)
    )
    assert torch.equal(one, other)


@pytest.mark.parametrize("number", [-1, 10])
def test_no_image_of_a_class_that_is_not_there(number):
    with pytest.raises(OptionError, match=r"among \[0, 1, .*got tensor"):
        digits().pick(torch.tensor([3, number]))


def test_nothing_picked_is_nothing():
    assert digits().pick(torch.empty(0, 2, dtype=torch.int64)).shape == (0, 2, 1, 8, 8)
