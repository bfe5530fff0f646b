"""labkit.figures.glyphs: only what a font here can draw is drawn."""

import io
import warnings

import pytest
from matplotlib import font_manager
from matplotlib.figure import Figure

from labkit.figures.glyphs import can_write, font_families


@pytest.mark.parametrize("text", ["hello", "é", "∂h", "人工智能", "こんにちは", "𝄞", "\U0010fffd"])
def test_what_can_be_written_is_drawn_without_a_warning_and_nothing_else(text):
    figure = Figure()
    figure.text(0.5, 0.5, text, family=list(font_families()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        figure.savefig(io.BytesIO())
    missing = [w for w in caught if "missing from font" in str(w.message)]
    assert can_write(text) == (not missing)


def test_letters_are_everywhere_and_what_is_no_character_nowhere():
    assert can_write("a")
    assert not can_write("a\U0010fffd")


def test_only_installed_families_are_named():
    assert set(font_families()) <= set(font_manager.fontManager.get_font_names())
    assert font_families()[0] == "DejaVu Sans"
