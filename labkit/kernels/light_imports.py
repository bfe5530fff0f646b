"""Import the notebook libraries without the grammars that jsonschema would build for them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_grammars"]

GRAMMARS = "rfc3987_syntax"
"""Checks internationalised web addresses, of which notebooks have none, and takes 1.2 s to load."""


@contextmanager
def without_grammars() -> Iterator[None]:
    """Make ``import nbformat`` and all that needs it 1.2 s quicker within this block.

    jsonschema takes the grammars where they are installed and does without them elsewhere; here
    it finds none.

    Examples
    --------
    >>> with without_grammars():
    ...     import nbformat
    """
    if GRAMMARS in sys.modules:
        yield
        return
    sys.modules[GRAMMARS] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.pop(GRAMMARS, None)
