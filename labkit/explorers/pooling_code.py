"""A pooling as Python code: what the button "Copy as Python" gives, to be run and changed."""

from collections.abc import Sequence

__all__ = ["pooling_code", "shift_slices"]

POOL = """\
import torch
import torch.nn.functional as F

# image: the {height} × {width} tensor that this explorer shows


def pool(image):
    return F.{function}(
        image[None],
        kernel_size={kernel_size},
        stride={stride},
        padding={padding},
        ceil_mode={ceil_mode},{counted}
    )[0]


output = pool(image)
print(output[{row}, {column}])
"""
VIEWS = {
    "window": "",
    "shift": """
shifted = torch.zeros_like(image)
shifted[{there}] = image[{here}]
after = pool(shifted)
print((~torch.isclose(after, output)).sum().item(), "of", output.numel(), "outputs change")
""",
    "gradient": """
image = image.clone().requires_grad_()
pool(image).sum().backward()
print(image.grad)
""",
}


def pooling_code(
    shape: Sequence[int],
    place: Sequence[int],
    *,
    kind: str,
    kernel_size: int,
    stride: int,
    padding: int,
    ceil_mode: bool,
    count_include_pad: bool,
    view: str,
    shift: Sequence[int],
) -> str:
    """Write the pooling of an image of this shape, and one place of its output, as Python.

    Examples
    --------
    >>> options = {"kind": "max", "kernel_size": 2, "stride": 2, "padding": 0, "ceil_mode": False}
    >>> more = {"count_include_pad": True, "view": "shift", "shift": (0, 1)}
    >>> print(pooling_code((4, 6), (1, 0), **options, **more).splitlines()[-3])
    shifted[0:4, 1:6] = image[0:4, 0:5]
    """
    there, here = shift_slices(shape, shift)
    counted = f"\n        count_include_pad={count_include_pad},"
    return (POOL + VIEWS[view]).format(
        height=shape[0],
        width=shape[1],
        function="max_pool2d" if kind == "max" else "avg_pool2d",
        kernel_size=kernel_size,
        stride=stride,
        padding=padding,
        ceil_mode=ceil_mode,
        counted=counted if kind == "average" else "",
        row=place[0],
        column=place[1],
        there=_written(there),
        here=_written(here),
    )


def shift_slices(shape: Sequence[int], shift: Sequence[int]) -> list[tuple[slice, ...]]:
    """Return where cells arrive that move by ``shift``, and where they come from.

    Examples
    --------
    >>> shift_slices((4, 6), (0, -1))
    [(slice(0, 4, None), slice(0, 5, None)), (slice(0, 4, None), slice(1, 6, None))]
    """
    # A shift past the edge leaves nothing, as a shift to the edge does.
    axes = [(size, max(-size, min(by, size))) for size, by in zip(shape, shift, strict=True)]
    return [
        tuple(slice(max(sign * by, 0), size + min(sign * by, 0)) for size, by in axes)
        for sign in (1, -1)
    ]


def _written(slices: tuple[slice, ...]) -> str:
    return ", ".join(f"{part.start}:{part.stop}" for part in slices)
