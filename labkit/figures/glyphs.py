"""Which characters the fonts of this machine can draw: a token may be of any script."""

from functools import cache

from matplotlib import font_manager

__all__ = ["can_write", "font_families"]

# matplotlib's own font has no Chinese, Japanese or Korean; one of these often lies beside it.
MORE_SCRIPTS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "SimHei",
    "Arial Unicode MS",
)


@cache
def font_families() -> tuple[str, ...]:
    """Return the font that matplotlib brings along, then those of more scripts, if installed."""
    installed = set(font_manager.fontManager.get_font_names())
    return ("DejaVu Sans", *(name for name in MORE_SCRIPTS if name in installed))


def can_write(text: str) -> bool:
    r"""Say whether each character has a glyph in one of `font_families`.

    Examples
    --------
    >>> can_write("hello, ∂h"), can_write("\U0010fffd")
    (True, False)
    """
    return all(any(ord(letter) in glyphs for glyphs in _glyphs()) for letter in text)


@cache
def _glyphs() -> list[frozenset[int]]:
    paths = [font_manager.findfont(name) for name in font_families()]
    return [frozenset(font_manager.get_font(path).get_charmap()) for path in paths]
