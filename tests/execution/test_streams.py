import pytest

from labkit.execution.streams import continues, shown


@pytest.mark.parametrize(
    ("printed", "seen"),
    [
        ("plain\ntext\n", "plain\ntext\n"),
        ("1\r2\r3\n4", "3\n4"),
        ("ended as on Windows\r\nnext", "ended as on Windows\nnext"),
        ("done\r", "done"),
        ("ab\b\bcd\n\b\n", "cd\n\n"),
        ("a\rbc\bd", "bd"),
    ],
)
def test_what_a_terminal_would_show(printed, seen):
    assert shown(printed) == seen


def test_a_long_line_takes_a_time_in_proportion():
    # One comparison a letter; squared, this line would take days.
    assert shown("x" * 5_000_000 + "\r" + "y" * 5_000_000) == "y" * 5_000_000


def test_a_piece_continues_only_its_own_stream():
    outputs = [{"output_type": "stream", "name": "stdout", "text": "a"}]
    assert continues(outputs, {"name": "stdout"})
    assert not continues(outputs, {"name": "stderr"})
    assert not continues([{"output_type": "display_data", "data": {}}], {"name": "stdout"})
    assert not continues([], {"name": "stdout"})
