"""Images: real digits and photos without a network, MNIST and its relatives with one.

A labelled set is a pair: pixels in [0, 1] as ``float32``, and class numbers as ``int64``.

N, C, H, W = images, channels, height, width in pixels
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float32, Int64, UInt8
from torch import Tensor

from labkit.datasets.cifar import read_cifar10
from labkit.datasets.mnist_family import read_mnist_family
from labkit.errors import OptionError

__all__ = ["ImageSet", "cifar10", "digits", "fashion_mnist", "mnist", "photo"]

Split = Literal["train", "test"]
DIGIT_NAMES = tuple("0123456789")


@dataclass(frozen=True, eq=False, repr=False)
class ImageSet:
    """Labelled images; ``images, labels = digits()`` takes them apart.

    Attributes
    ----------
    images
        Pixels between 0 (black) and 1 (white).
    labels
        The class number of each image, an index into ``classes``.
    classes
        What the class numbers mean.
    source
        Where the images come from, and whether the files are the originals.
    """

    images: Float32[Tensor, "N C H W"]
    labels: Int64[Tensor, " N"]
    classes: tuple[str, ...]
    source: str

    def __iter__(self) -> Iterator[Tensor]:
        return iter((self.images, self.labels))

    def pick(
        self, classes: Int64[Tensor, "*places"], *, generator: torch.Generator | None = None
    ) -> Float32[Tensor, "*places C H W"]:
        """Pick an image by chance for each class number; all images of a class are as likely.

        Parameters
        ----------
        classes
            Class numbers in any shape.
        generator
            Makes the choice repeat.

        Raises
        ------
        OptionError
            There is no image of some class.

        Examples
        --------
        >>> digits().pick(torch.tensor([[3, 1], [4, 1]])).shape
        torch.Size([2, 2, 1, 8, 8])
        """
        counts = self.labels.bincount(minlength=len(self.classes))
        if classes.numel() and not (
            classes.min() >= 0 and classes.max() < len(counts) and counts[classes].all()
        ):
            present = counts.nonzero().flatten().tolist()
            raise OptionError(f"expected class numbers among {present}, got {classes.unique()}")
        by_class = self.labels.argsort(stable=True)
        chances = torch.rand(classes.shape, generator=generator, dtype=torch.float64)
        first = counts.cumsum(0) - counts
        return self.images[by_class[first[classes] + (chances * counts[classes]).long()]]

    def __repr__(self) -> str:
        n, *size = self.images.shape
        return f"ImageSet: {n:,} images of {'×'.join(map(str, size))}, {self.source}"


def digits(split: Literal["train", "test", "all"] = "train") -> ImageSet:
    """Return scikit-learn's real handwritten digits, 8×8 pixels; no network is needed.

    Of each class every fifth image, in the order of the file, is for testing: 1,442 images
    for training, 355 for testing, 1,797 in all, the same on every machine.

    Raises
    ------
    OptionError
        ``split`` is none of the three.

    References
    ----------
    Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine
    Learning Repository. https://doi.org/10.24432/C50P49

    Examples
    --------
    >>> images, labels = digits("test")
    >>> images.shape, labels[:3]
    (torch.Size([355, 1, 8, 8]), tensor([5, 0, 9]))
    """
    _choose("split", split, ("train", "test", "all"))
    # scikit-learn takes a second to import, which the other sets need not pay.
    from sklearn.datasets import load_digits

    pixels, target = load_digits(return_X_y=True)
    images = torch.tensor(pixels, dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
    labels = torch.tensor(target, dtype=torch.int64)
    if split != "all":
        chosen = _every_fifth_of_its_class(labels) == (split == "test")
        images, labels = images[chosen], labels[chosen]
    return ImageSet(images, labels, DIGIT_NAMES, f"scikit-learn's digits, {split}")


def photo(name: Literal["china", "flower"] = "china") -> Float32[Tensor, "3 H W"]:
    """Return one of scikit-learn's two colour photos, 427×640 pixels; no network is needed.

    Raises
    ------
    OptionError
        There is no photo of that name.

    References
    ----------
    Both are CC BY 2.0. China: https://www.flickr.com/photos/danielbuechele/6061409035;
    flower: https://www.flickr.com/photos/vultilion/6056698931.

    Examples
    --------
    >>> photo("flower").shape
    torch.Size([3, 427, 640])
    """
    _choose("name", name, ("china", "flower"))
    from sklearn.datasets import load_sample_image

    pixels = torch.tensor(load_sample_image(f"{name}.jpg"))
    return _in_unit_range(pixels.permute(2, 0, 1))


def mnist(split: Split = "train", *, download: bool = False) -> ImageSet:
    """Return MNIST: handwritten digits of 28×28 pixels, 60,000 to train and 10,000 to test.

    Parameters
    ----------
    split
        Which part.
    download
        Whether to fetch what is missing (12 MB) into the data root.

    Raises
    ------
    DataError
        The files are missing or damaged, or the download failed.
    OptionError
        ``split`` is neither of the two.

    References
    ----------
    LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document
    recognition. https://doi.org/10.1109/5.726791
    """
    _choose("split", split, get_args(Split))
    images, labels, source = read_mnist_family("MNIST", split, download=download)
    return ImageSet(_in_unit_range(images[:, None]), labels.long(), DIGIT_NAMES, source)


def fashion_mnist(split: Split = "train", *, download: bool = False) -> ImageSet:
    """Return Fashion-MNIST: clothes in MNIST's format, 31 MB. The rest is as in `mnist`.

    References
    ----------
    Xiao, Rasul and Vollgraf (2017), Fashion-MNIST: a novel image dataset for benchmarking
    machine learning algorithms. https://arxiv.org/abs/1708.07747
    """
    _choose("split", split, get_args(Split))
    images, labels, source = read_mnist_family("FashionMNIST", split, download=download)
    from torchvision.datasets import FashionMNIST

    classes = tuple(FashionMNIST.classes)
    return ImageSet(_in_unit_range(images[:, None]), labels.long(), classes, source)


def cifar10(split: Split = "train", *, download: bool = False) -> ImageSet:
    """Return CIFAR-10: photos of 3×32×32, 50,000 to train, 10,000 to test. See also `mnist`.

    The download is 171 MB.

    References
    ----------
    Krizhevsky (2009), Learning multiple layers of features from tiny images.
    https://www.cs.toronto.edu/~kriz/learning-features-2009-TR.pdf
    """
    _choose("split", split, get_args(Split))
    images, labels, classes, source = read_cifar10(split, download=download)
    return ImageSet(_in_unit_range(images), labels, classes, source)


def _choose(option: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        wanted = ", ".join(map(repr, choices))
        raise OptionError(f"{option}: expected one of {wanted}, got {value!r}")


def _every_fifth_of_its_class(labels: Int64[Tensor, " N"]) -> Tensor:
    one_hot = torch.nn.functional.one_hot(labels)
    place_in_class = one_hot.cumsum(0).gather(1, labels[:, None])[:, 0]
    return place_in_class % 5 == 0


def _in_unit_range(pixels: UInt8[Tensor, "*axes"]) -> Float32[Tensor, "*axes"]:
    return pixels.contiguous().float() / 255
