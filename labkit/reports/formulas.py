"""Formulas as MathML: every browser draws it, without a script and without a font to download."""

from html import escape

from latex2mathml.converter import convert

__all__ = ["mathml"]


def mathml(latex: str, *, display: bool = False) -> str:
    r"""Return a formula as MathML, or its source in ``<code>`` when it cannot be converted.

    Parameters
    ----------
    latex
        The formula without its dollar signs.
    display
        Set it on a line of its own.

    Examples
    --------
    >>> mathml("x^2").startswith("<math")
    True
    >>> mathml(r"\frac{1}{")
    '<code class="formula">\\frac{1}{</code>'
    """
    source = latex.strip()
    try:
        return convert(source, display="block" if display else "inline")
    except Exception:  # latex2mathml raises a dozen kinds, StopIteration and IndexError among them
        return f'<code class="formula">{escape(source)}</code>'
