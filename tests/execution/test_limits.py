from labkit.execution.limits import TOLD, Room, amount, is_empty, notice


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


def raised(evalue, *traceback):
    content = {"ename": "E", "evalue": evalue, "traceback": list(traceback)}
    return {"msg_type": "error", "content": content}


def test_an_error_is_kept_however_much_was_said_before_it():
    message = raised("x" * 99, "line")
    assert Room(printed=1, displayed=1, outputs=0).cut(0, message) == 0
    assert message == raised("x" * 99, "line")
    assert not is_empty(message)


def test_a_message_that_nobody_reads_to_its_end_is_cut():
    message = raised("x" * (TOLD + 5), "short", "y" * (TOLD + 7))
    assert Room().cut(0, message) == 12
    assert message == raised("x" * TOLD, "short", "y" * TOLD)


def test_a_cell_has_room_for_so_many_outputs():
    room = Room(outputs=2)
    messages = [shown({"text/plain": "1"}), printed("2"), printed("3"), shown({"text/plain": "4"})]
    assert [room.cut(0, message) for message in messages] == [0, 0, 1, 1]
    assert [is_empty(message) for message in messages] == [False, False, True, True]


def test_text_that_goes_on_is_no_other_output():
    room = Room(outputs=1)
    assert room.cut(0, printed("a")) == 0
    assert room.cut(0, printed("b"), goes_on=True) == 0


def test_a_cell_that_clears_its_output_has_all_its_room_again():
    room = Room(displayed=5, outputs=1)
    for _ in range(3):
        assert room.cut(0, shown({"image/png": "12345"})) == 0
        room.clear(0)
    room.clear(9)


def test_what_was_left_out_is_said():
    assert "198 MB" in notice(198_000_000)["text"]


def test_small_amounts_are_told_too():
    assert [amount(n) for n in (12, 34_567, 1_000_000)] == ["0.012 kB", "34.6 kB", "1 MB"]
