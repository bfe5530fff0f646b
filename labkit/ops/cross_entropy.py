"""Cross-entropy: how surprised a classifier is by the truth, −log of the share it gave to it.

It takes logits, not shares: the logarithm undoes the exponential of the softmax, so that nothing
overflows, and the gradient is what was predicted minus what was true, with nothing to saturate.
A net that knows nothing gives each of C classes 1/C, and its loss is log C: a first loss above that
shows that something is wrong before any training.

B example in the batch, C class.

References
----------
.. [1] Goodfellow, Bengio and Courville (2016), Deep Learning, section 6.2.2.
   https://www.deeplearningbook.org/contents/mlp.html
.. [2] Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), Rethinking the Inception Architecture,
   section 7: label smoothing, whose ε is our label_smoothing. https://arxiv.org/abs/1512.00567
"""

from itertools import product

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from labkit.errors import DeviceError, OptionError, ShapeError
from labkit.ops.arguments import expect_classes, expect_float, expect_tensor
from labkit.ops.reduction import Reduction, reduce_losses
from labkit.ops.softmax import log_softmax

__all__ = ["cross_entropy", "cross_entropy_loops"]

Logits = Float[Tensor, "B C *places"]
Classes = Integer[Tensor, "B *places"]


def cross_entropy_loops(
    logits: Logits,
    target: Classes,
    *,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    """Judge one prediction at a time: the definition of `cross_entropy`, slow on purpose.

    Examples
    --------
    >>> even = torch.zeros(1, 2, dtype=torch.float64)
    >>> round(cross_entropy_loops(even, torch.tensor([0])).exp().item(), 6)
    2.0
    """
    _expect_sensible(logits, target, ignore_index, label_smoothing)
    losses = torch.zeros(target.shape, dtype=logits.dtype, device=logits.device)
    for b, *place in product(*map(range, target.shape)):
        truth = target[(b, *place)]
        if truth == ignore_index:
            continue
        logs = log_softmax(logits[(b, slice(None), *place)])
        for c, log in enumerate(logs):
            wanted = label_smoothing / len(logs) + (1 - label_smoothing) * (c == truth).item()
            if wanted > 0:  # an impossible class costs nothing where it is not wanted
                losses[(b, *place)] -= wanted * log
    return reduce_losses(losses, reduction, target != ignore_index)


def cross_entropy(
    logits: Logits,
    target: Classes,
    *,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> Float[Tensor, "..."]:
    """Compare predicted logits with true classes: ``-log_softmax(logits)[target]``.

    Parameters
    ----------
    logits
        A score for each class, with the classes in the second axis, as in PyTorch; behind it any
        axes of places, such as time, or height and width.
    target
        The number of the true class, from 0 to C - 1, for each example and place.
    ignore_index
        The target of places that are not judged, such as padding.
    label_smoothing
        The part of the truth that is spread evenly over all classes [2]_, from 0 to 1.
    reduction
        ``"mean"`` over all that is judged (NaN if nothing is), ``"sum"``, or ``"none"``.

    Returns
    -------
    Float[Tensor, "..."]
        In nats; one number, or one for each target where ``reduction`` is ``"none"``.

    Raises
    ------
    ShapeError
        If the target is not of the logits' shape without the classes.
    DTypeError
        If the logits are not floating point, or the target not integers.
    DeviceError
        If the two are on different devices.
    OptionError
        If an option means nothing here, or a target is not a class.

    See Also
    --------
    torch.nn.functional.cross_entropy : The library's version; equal to rounding.

    Examples
    --------
    >>> logits = torch.tensor([[0.0, 0.0], [1e4, 0.0]])
    >>> cross_entropy(logits, torch.tensor([1, 1]), reduction="none").tolist()[1:]
    [10000.0]
    """
    _expect_sensible(logits, target, ignore_index, label_smoothing)
    logs = log_softmax(logits, dim=1)
    counted = target != ignore_index
    classes = torch.where(counted, target, 0).long()
    losses = -logs.gather(1, classes.unsqueeze(1)).squeeze(1)
    if label_smoothing > 0:
        losses = (1 - label_smoothing) * losses - label_smoothing * logs.mean(dim=1)
    return reduce_losses(torch.where(counted, losses, 0), reduction, counted)


def _expect_sensible(
    logits: Tensor, target: Tensor, ignore_index: int, label_smoothing: float
) -> None:
    expect_float("logits", logits)
    expect_tensor("target", target)
    if logits.dim() < 2 or target.shape != logits.shape[:1] + logits.shape[2:]:
        raise ShapeError(
            "logits must be (batch, classes, *places) and target (batch, *places), "
            f"got {tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if target.device != logits.device:
        raise DeviceError(
            f"logits are on {logits.device} but target is on {target.device}; "
            "use target.to(logits.device)"
        )
    if not 0 <= label_smoothing <= 1:
        raise OptionError(f"label_smoothing must be from 0 to 1, got {label_smoothing}")
    expect_classes(target, logits.shape[1], ignore_index=ignore_index)
