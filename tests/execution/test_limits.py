from labkit.execution.limits import Room, is_empty, notice


def printed(text):
    return {"msg_type": "stream", "content": {"name": "stdout", "text": text}}


def shown(data):
    return {"msg_type": "display_data", "content": {"data": data}}


def test_text_is_kept_up_to_its_limit_and_counted_beyond_it():
    room = Room(printed=10)
    first, second, third = printed("abcdef"), printed("ghijkl"), printed("mno")
    assert [room.cut(0, m) for m in (first, second, third)] == [0, 2, 3]
    assert second["content"]["text"] == "ghij"
    assert is_empty(third)
    assert not is_empty(second)


def test_each_cell_has_its_own_room():
    room = Room(printed=3)
    assert room.cut(0, printed("abc")) == 0
    assert room.cut(1, printed("abc")) == 0
    assert room.cut(0, printed("abc")) == 3


def test_a_picture_that_is_too_large_is_named_instead_and_a_small_one_still_fits():
    room = Room(displayed=1_000_000)
    large, small = shown({"image/png": "x" * 2_000_000}), shown({"image/png": "x" * 10})
    assert room.cut(0, large) == 2_000_000
    assert large["content"]["data"] == {"text/plain": "an output of 2 MB was left out"}
    assert room.cut(0, small) == 0
    assert small["content"]["data"] == {"image/png": "x" * 10}


def test_an_error_is_never_cut():
    message = {"msg_type": "error", "content": {"ename": "E", "evalue": "x" * 99, "traceback": []}}
    assert Room(printed=1, displayed=1).cut(0, message) == 0


def test_what_was_left_out_is_said():
    assert "198 MB" in notice(198_000_000)["text"]
