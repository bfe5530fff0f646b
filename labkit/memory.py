"""How much memory training keeps: the numbers that autograd stores for the way back."""

from collections.abc import Callable

import torch
from torch import Tensor

__all__ = ["kept_for_backward"]


def kept_for_backward(call: Callable[[], object]) -> int:
    """Count the bytes that a computation keeps for its backward pass, on any device.

    A tensor that is kept twice, or of which two views are kept, counts once: what counts is the
    memory behind it. Inputs that are kept count too, although they would be there anyway.

    Parameters
    ----------
    call
        Computes something from tensors that require a gradient.

    Returns
    -------
    int
        Bytes; 0 where no gradient is asked for.

    Examples
    --------
    >>> x = torch.ones(1000, requires_grad=True)
    >>> kept_for_backward(lambda: x.exp())  # its result: 1,000 numbers of 4 bytes
    4000
    """
    storages: dict[tuple[torch.device, int], torch.UntypedStorage] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        # Holding the storage itself makes sure that its address is not given to another.
        storages[tensor.device, storage.data_ptr()] = storage
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        call()
    return sum(storage.nbytes() for storage in storages.values())
