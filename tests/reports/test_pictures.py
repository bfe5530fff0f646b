import base64
import builtins
import io

import numpy as np
import pytest
from PIL import Image

from labkit.reports.live import VIEW
from labkit.reports.pictures import paired, pictures_of


def png(pixels, **options):
    file = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(file, "PNG", **options)
    return base64.b64encode(file.getvalue()).decode()


def grey(value, height=8, width=10):
    return np.full((height, width, 3), value)


BLACK, GREY = png(grey(0)), png(grey(51))


def shows(*pictures, source="plot()", tags=(), view=None):
    data = [{"image/png": p, **({VIEW: {"model_id": view}} if view else {})} for p in pictures]
    outputs = [{"output_type": "display_data", "data": d, "metadata": {}} for d in data]
    return {
        "cell_type": "code",
        "source": source,
        "outputs": outputs,
        "metadata": {"tags": list(tags)},
    }


def notebook(*cells):
    return {"cells": list(cells)}


def judged(old, new):
    (pair,) = paired(notebook(shows(old)), notebook(shows(new)))
    return pair


def test_equal_bytes_are_identical():
    pair = judged(BLACK, BLACK)
    assert (pair.verdict, pair.same, pair.difference) == ("identical", True, "")


def test_other_bytes_with_the_same_pixels_are_equal():
    pair = judged(BLACK, png(grey(0), compress_level=0))
    assert (pair.verdict, pair.same, pair.difference) == ("equal", True, "")


def test_transparent_and_white_paper_look_the_same():
    clear = np.zeros((8, 10, 4))
    assert judged(png(grey(255)), png(clear)).verdict == "equal"


def test_a_difference_is_measured():
    pair = judged(BLACK, GREY)
    assert (pair.verdict, pair.same) == ("different", False)
    assert pair.says == "mean difference 20 %, 100 % of the pixels changed"
    half = grey(0)
    half[:4, 0] = 51
    assert judged(BLACK, png(half)).says == "mean difference 1 %, 5 % of the pixels changed"


def test_the_difference_is_drawn_where_it_is():
    corner = grey(0)
    corner[0, 0] = 255
    drawn = Image.open(io.BytesIO(base64.b64decode(judged(BLACK, png(corner)).difference)))
    ink = np.asarray(drawn.convert("L"))
    assert ink.shape == (8, 10)
    assert ink[0, 0] < 128
    assert (ink.flat[1:] == 255).all()


def test_pictures_of_different_size_are_not_subtracted():
    pair = judged(BLACK, png(grey(0, 4, 6)))
    assert pair.verdict == "different"
    assert "10 × 8 and 6 × 4 pixels" in pair.says
    assert pair.difference == ""


@pytest.mark.parametrize("broken", ["AAAA", GREY[:-40], "not base64!"])
def test_what_cannot_be_read_is_said_and_breaks_nothing(broken):
    pair = judged(BLACK, broken)
    assert (pair.verdict, pair.same) == ("unknown", False)
    assert "cannot be compared" in pair.says


def test_a_small_file_of_very_many_pixels_is_not_unpacked():
    head = b"\x89PNG\r\n\x1a\n" + b"\x00\x00\x00\rIHDR" + b"\x00\x01\x00\x00" * 2
    pair = judged(BLACK, base64.b64encode(head).decode())
    assert pair.verdict == "unknown"
    assert "65536 × 65536 pixels" in pair.says


def test_without_pillow_only_files_are_compared(monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.partition(".")[0] == "PIL":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert judged(BLACK, BLACK).verdict == "identical"
    pair = judged(BLACK, GREY)
    assert pair.verdict == "unknown"
    assert "with Pillow" in pair.says


def test_what_is_too_large_is_not_opened():
    assert "too large" in judged(BLACK, "A" * 5_000_000).says


def cells_of(old, new):
    pairs = paired(notebook(*old), notebook(*new))
    return [(p.old and p.old.cell, p.new and p.new.cell, p.verdict) for p in pairs]


def test_given_parameters_move_no_picture():
    injected = shows(source="seed = 7", tags=["injected-parameters"])
    changed = shows(BLACK, source="changed since")
    assert cells_of([shows(BLACK)], [injected, changed]) == [(0, 1, "identical")]


def test_a_new_cell_moves_no_picture():
    a, b = shows(BLACK, source="a"), shows(GREY, source="b")
    assert cells_of([a, b], [a, shows(BLACK, source="new"), b]) == [
        (0, 0, "identical"),
        (None, 1, "only-new"),
        (1, 2, "identical"),
    ]


def test_a_cell_whose_code_changed_is_still_the_same_cell():
    assert cells_of([shows(BLACK, source="a")], [shows(BLACK, source="b")]) == [(0, 0, "identical")]


def test_pictures_of_one_run_alone_are_told():
    assert cells_of([shows(BLACK, GREY)], [shows(BLACK)]) == [
        (0, 0, "identical"),
        (0, None, "only-old"),
    ]


def test_posters_of_explorers_are_pictures_too():
    (picture,) = pictures_of(shows(BLACK[:8] + "\n" + BLACK[8:], view="m"), 3)
    assert (picture.cell, picture.explorer, picture.png) == (3, True, BLACK)
    (plain,) = pictures_of(shows(BLACK), 0)
    assert not plain.explorer
