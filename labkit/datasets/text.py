"""Text: the documentation that every Python carries with itself, for models that read."""

from pydoc_data.topics import topics

__all__ = ["python_documentation"]


def python_documentation() -> str:
    """Return Python's own language reference as plain English text; no network is needed.

    It is what ``help("LOOPING")`` reads: about eighty topics, half a million characters. A newer
    Python carries newer text, so results differ a little from version to version.

    References
    ----------
    The Python Language Reference. https://docs.python.org/3/reference; PSF licence.

    Examples
    --------
    >>> "iterable" in python_documentation()
    True
    """
    return "\n\n".join(topics[name] for name in sorted(topics))
