import pytest

from labkit.reports.room import Room


def printed(characters):
    return {"output_type": "stream", "name": "stdout", "text": "x" * characters}


def shown(**data):
    bundle = {kind.replace("_", "/"): value for kind, value in data.items()}
    return {"output_type": "display_data", "data": bundle, "metadata": {}}


def line(output):
    return output["data"]["text/html"]


@pytest.mark.parametrize("output", [printed(10), shown(image_png="x" * 10, more_json={"a": 1})])
def test_what_fits_stays_as_it_is(output):
    assert Room(largest=10).fitted(output) is output


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        (printed(11), "text"),
        (shown(image_png="x" * 11, text_plain="y"), "image/png"),
        (shown(text_html="x" * 9, text_plain="y" * 9), "text/html"),
        ({"output_type": "error", "ename": "E", "evalue": "", "traceback": ["x" * 11]}, "text"),
    ],
)
def test_what_does_not_fit_becomes_a_line_with_its_kind_and_place(output, kind):
    fitted = Room("a%20b.ipynb", largest=10).fitted(output)
    assert f"{kind} of" in line(fitted)
    assert '<a href="a%20b.ipynb">' in line(fitted)
    assert "xx" not in line(fitted)


def test_a_picture_is_told_in_bytes_and_text_in_characters():
    room = Room(largest=1)
    assert "image/png of 30 MB" in line(room.fitted(shown(image_png="x" * 40_000_000)))
    assert "text of 40 MB" in line(room.fitted(printed(40_000_000)))


def test_without_a_link_the_place_is_still_named():
    told = line(Room(largest=1).fitted(printed(2)))
    assert "the executed notebook" in told
    assert "<a" not in told


def test_many_outputs_share_the_room_of_a_page():
    room = Room(largest=10, whole=25)
    kept = [room.fitted(printed(10)) for _ in range(3)]
    assert [o["output_type"] for o in kept] == ["stream", "stream", "display_data"]
    assert room.fitted(printed(5))["output_type"] == "stream", "what is small still fits"
