import os
import subprocess
import sys

from labkit.kernels.last_words import LINES, LONGEST, LastWords


def told(code):
    words = LastWords()
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    words.listen(process.stderr)
    process.wait(60)
    return words.text(60)


def test_why_a_process_ended_is_remembered():
    assert told("raise SystemExit('no module named ipykernel')") == "no module named ipykernel"


def test_only_the_last_of_a_flood_is_kept_and_its_writer_never_waits():
    text = told("import sys\nfor i in range(99_999): print('x' * 999, i, file=sys.stderr)")
    assert len(text.splitlines()) == LINES
    assert {len(line) for line in text.splitlines()} == {LONGEST}


def test_who_keeps_a_stream_open_is_not_waited_for():
    reader, writer = os.pipe()
    words = LastWords()
    words.listen(os.fdopen(reader, "rb"))
    os.write(writer, b"a line\n")
    assert words.text(patience=0.5) == "a line"
    os.close(writer)


def test_without_a_stream_there_are_none():
    words = LastWords()
    words.listen(None)
    assert words.text() == ""
