"""Step through 2-D pooling: a window, its largest cell or its mean, and the way of the gradient.

Axes: ``H W`` height and width of the image, ``R C`` of the output, ``n`` cells under a window.
"""

from typing import Any, ClassVar, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int64
from torch import Tensor
from traitlets import Bool, Bytes, Enum, Int, Tuple, observe, validate

from labkit.errors import OptionError
from labkit.explorers.explorer import Explorer, es_module, in_range, short
from labkit.explorers.inputs import Matrix, image_pixels
from labkit.explorers.pooling_code import pooling_code, shift_slices
from labkit.ops.pooling import pooled_size

__all__ = ["PoolStep", "PoolingExplorer"]

NOUNS = {"max": "maximum", "average": "average"}
VIEWS = ["window", "shift", "gradient"]
RANGES = {"kernel_size": (1, 7), "stride": (1, 16), "padding": (0, 3)}
SHIFTS = {"shift down": (-8, 8), "shift right": (-8, 8)}


class PoolStep(NamedTuple):
    """One position of the window: the image's cells under it, what it makes, where gradients go."""

    row: int
    column: int
    cells: list[tuple[int, int]]
    values: Float[Tensor, " n"]
    shares: Float[Tensor, " n"]
    output: float


class PoolingExplorer(Explorer):
    """A window that slides over an image and keeps its largest cell, or the mean of its cells.

    Three views: the ``"window"`` and the cell that wins; a ``"shift"`` of the image by a few cells,
    with what it changes; the ``"gradient"``, and to which cells it goes. All traits may be changed
    from Python or on the screen; a value that cannot be raises ``TraitError``.

    Parameters
    ----------
    image
        One channel, at most 128 × 128; drawn from its least to its greatest value.
    kind
        ``"max"`` or ``"average"``.
    kernel_size, stride, padding, ceil_mode, count_include_pad
        As in :func:`torch.nn.functional.max_pool2d` and ``avg_pool2d``, the same for both axes;
        windows lie side by side when the stride is left out.
    view
        What is looked at: ``"window"``, ``"shift"`` or ``"gradient"``.
    shift
        By how many cells the image moves down and to the right in that view, at most 8.

    Raises
    ------
    ShapeError
        If the image is no matrix, is too large, or no window fits.
    DTypeError, OptionError
        If its values are no finite real numbers, or an option is out of its range.

    Examples
    --------
    >>> explorer = PoolingExplorer([[1.0, 2.0, 0.0, 1.0], [4.0, 3.0, 1.0, 5.0]])
    >>> explorer
    PoolingExplorer: 2 × 4 image, maximum of 2 × 2 cells, stride 2, 1 × 2 output
    output[0, 0] = max(1, 2, 4, 3) = 4
    >>> explorer.view = "gradient"
    >>> explorer.gradient
    tensor([[0., 0., 0., 0.],
            [1., 0., 0., 1.]])
    """

    _esm = es_module("pooling")

    pixels = Bytes().tag(sync=True)
    shape = Tuple(Int(), Int()).tag(sync=True)
    kind = Enum([*NOUNS], "max").tag(sync=True)
    kernel_size = Int(2).tag(sync=True)
    stride = Int(2).tag(sync=True)
    padding = Int(0).tag(sync=True)
    ceil_mode = Bool(False).tag(sync=True)
    count_include_pad = Bool(True).tag(sync=True)
    view = Enum(VIEWS, "window").tag(sync=True)
    shift = Tuple(Int(), Int(), default_value=(0, 1)).tag(sync=True)

    _options: ClassVar = (*RANGES, "ceil_mode", "shift")

    def __init__(
        self,
        image: Matrix,
        *,
        kind: str = "max",
        kernel_size: int = 2,
        stride: int | None = None,
        padding: int = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        view: str = "window",
        shift: tuple[int, int] = (0, 1),
        **traits: Any,
    ) -> None:
        self.image = image_pixels(image)
        for name, value, known in (("kind", kind, [*NOUNS]), ("view", view, VIEWS)):
            if value not in known:
                raise OptionError(f"{name} is {value!r}; expected one of {', '.join(known)}")
        options = {
            "kernel_size": kernel_size,
            "stride": kernel_size if stride is None else stride,
            "padding": padding,
            "ceil_mode": ceil_mode,
            "shift": shift,
        }
        _output_shape(tuple(self.image.shape), **options)
        super().__init__(
            pixels=self.image.numpy().tobytes(),
            shape=tuple(self.image.shape),
            kind=kind,
            view=view,
            count_include_pad=count_include_pad,
            **options,
            **traits,
        )

    @property
    def output(self) -> Float[Tensor, "R C"]:
        """What torch makes of the image with the present options."""
        return self._pool(self.image)

    @property
    def shifted(self) -> Float[Tensor, "H W"]:
        """The image, moved; the cells that come in hold 0."""
        there, here = shift_slices(self.shape, self.shift)
        moved = torch.zeros_like(self.image)
        moved[there] = self.image[here]
        return moved

    @property
    def shifted_output(self) -> Float[Tensor, "R C"]:
        """What torch makes of the moved image."""
        return self._pool(self.shifted)

    @property
    def gradient(self) -> Float[Tensor, "H W"]:
        """What arrives at each cell of the image when each output sends back a gradient of 1."""
        image = self.image.clone().requires_grad_()
        return torch.autograd.grad(self._pool(image).sum(), image)[0]

    @property
    def readers(self) -> Int64[Tensor, "H W"]:
        """How many windows read each cell of the image."""
        image = self.image.clone().requires_grad_()
        sums = F.avg_pool2d(image[None], *self._window, self.ceil_mode, divisor_override=1)
        return torch.autograd.grad(sums.sum(), image)[0].long()

    @property
    def code(self) -> str:
        """The present state as Python, the same text as the button "Copy as Python" gives."""
        names = (*self._options, "kind", "count_include_pad", "view")
        options = {name: getattr(self, name) for name in names}
        return pooling_code(self.shape, self._place(None), **options)

    def step(self, position: int | None = None) -> PoolStep:
        """Work out one position of the window, by default the present one."""
        row, column = self._place(position)
        image = self.image.clone().requires_grad_()
        output = self._pool(image)[row, column]
        (shares,) = torch.autograd.grad(output, image)
        top, left = (at * self.stride - self.padding for at in (row, column))
        rows, columns = (
            range(max(start, 0), min(start + self.kernel_size, size))
            for start, size in zip((top, left), self.shape, strict=True)
        )
        cells = [(y, x) for y in rows for x in columns]
        y, x = torch.tensor(cells).T
        return PoolStep(row, column, cells, self.image[y, x], shares[y, x], output.item())

    def describe(self) -> str:
        """Say the present step: the sizes, then the window and what it makes."""
        sizes = [" × ".join(map(str, shape)) for shape in (self.shape, self._places())]
        side, step = self.kernel_size, self.step()
        cells = [short(value) for value in step.values.tolist()]
        worked = f"max({', '.join(cells)})"
        if self.kind == "average":
            worked = f"({' + '.join(cells)}) / {1 / step.shares[0]:.0f}"
        return (
            f"{type(self).__name__}: {sizes[0]} image, {NOUNS[self.kind]} of {side} × {side} cells,"
            f" stride {self.stride}, {sizes[1]} output\n"
            f"output[{step.row}, {step.column}] = {worked} = "
            f"{'?' if self.predict else short(step.output)}"
        )

    def poster(self) -> bytes:
        """Draw the present step as PNG bytes."""
        from labkit.figures.pooling import pooling_poster

        names = ("position", "kind", *RANGES, "ceil_mode", "count_include_pad")
        options = {name: getattr(self, name) for name in names}
        return pooling_poster(self.image, reveal=not self.predict, **options)

    @property
    def _window(self) -> tuple[int, int, int]:
        return self.kernel_size, self.stride, self.padding

    def _pool(self, image: Float[Tensor, "H W"]) -> Float[Tensor, "R C"]:
        if self.kind == "max":
            return F.max_pool2d(image[None], *self._window, ceil_mode=self.ceil_mode)[0]
        return F.avg_pool2d(image[None], *self._window, self.ceil_mode, self.count_include_pad)[0]

    def _places(self, **changed: Any) -> tuple[int, int]:
        state = {name: getattr(self, name) for name in self._options}
        return _output_shape(self.shape, **{**state, **changed})

    @validate(*RANGES, "ceil_mode", "shift")
    def _fits(self, proposal: dict[str, Any]) -> Any:
        return self._must_fit(proposal)

    @observe(*RANGES, "ceil_mode")
    def _stays_inside(self, _: Any) -> None:
        self._stay_inside()


def _output_shape(
    shape: tuple[int, ...], *, shift: tuple[int, int], ceil_mode: bool, **window: int
) -> tuple[int, int]:
    """Return rows and columns of the output, or say why there are none."""
    in_range(window, RANGES)
    in_range(dict(zip(SHIFTS, shift, strict=True)), SHIFTS)
    if 2 * window["padding"] > window["kernel_size"]:
        raise OptionError(
            f"padding is {window['padding']}; expected at most half of kernel_size, "
            f"{window['kernel_size'] // 2}, as in PyTorch"
        )
    rows, columns = (pooled_size(size, ceil_mode=ceil_mode, **window) for size in shape)
    return rows, columns
