"""Functions of labkit called by name on somebody else's processor, and what is heard of them."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Call", "Event", "Performer"]


@dataclass(frozen=True)
class Call:
    """A function of labkit by its name, and its arguments as JSON has them.

    Parameters
    ----------
    key
        By which the caller knows this call.
    function
        ``module:function``; it is given a function ``tell`` besides.
    arguments
        Name → value.
    """

    key: Hashable
    function: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """What happened to a call.

    Parameters
    ----------
    key
        Of the call.
    kind
        ``begun``, ``told`` (by the function itself), ``done`` or ``lost`` (no answer will come).
    value
        What was told, what was returned, or why there is no answer.
    """

    key: Hashable
    kind: str
    value: Any = None


class Performer(ABC):
    """Whoever can perform calls: the workers of this machine, or a cluster."""

    @abstractmethod
    def perform(self, calls: Iterable[Call]) -> Iterator[Event]:
        """Yield what happens, until every call that was begun is done or lost."""

    @abstractmethod
    def finish(self) -> None:
        """Begin no other call."""

    @abstractmethod
    def interrupt(self) -> None:
        """Begin no other call, and ask those under way to stop; asked again, end them."""
