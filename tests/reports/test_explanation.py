import pytest

from labkit.execution.outcomes import Failure
from labkit.reports.explanation import usual_cause


def notebook(*sources):
    cells = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    return {"cells": cells, "metadata": {}}


@pytest.mark.parametrize(
    ("name", "message", "words"),
    [
        ("ModuleNotFoundError", "No module named 'einops'", "pip install einops"),
        ("ModuleNotFoundError", "No module named 'cv2'", "pip install opencv-python"),
        ("ModuleNotFoundError", "No module named 'PIL.Image'", "pip install pillow"),
        ("ModuleNotFoundError", "No module named 'labkit.new'", "Another version of labkit"),
        ("ImportError", "cannot import name 'a' from 'b.c' (b.py)", "b.c is installed"),
        ("OutOfMemoryError", "CUDA out of memory. Tried to allocate", "smaller batch"),
        ("RuntimeError", "CUDA out of memory.", "smaller batch"),
        ("AssertionError", "Torch not compiled with CUDA enabled", "--device cpu"),
        ("RuntimeError", "No CUDA GPUs are available", "--device cpu"),
        ("RuntimeError", "CUDA error: device-side assert triggered", "out of range"),
        (
            "RuntimeError",
            "Expected all tensors to be on the same device, but found at least two",
            ".to(device)",
        ),
        (
            "RuntimeError",
            "mat1 and mat2 shapes cannot be multiplied (2x5 and 3x4)",
            "holds 5 numbers, the layer's weights expect 3",
        ),
        ("FileNotFoundError", "[Errno 2] No such file or directory: 'a.csv'", "own folder"),
        ("FileNotFoundError", "[Errno 2] No such file or directory: '/d/a'", "root"),
        ("FileNotFoundError", r"[Errno 2] No such file or directory: 'C:\\a'", "root"),
        ("PermissionError", "[Errno 13] Permission denied: 'a'", "may not"),
        ("OSError", "[Errno 28] No space left on device", "disk is full"),
        ("MemoryError", "Unable to allocate 30.0 GiB for an array", "memory"),
        ("RuntimeError", "DefaultCPUAllocator: can't allocate memory: you", "memory"),
        ("DeadKernelError", "the kernel was killed (signal 9) while", "Linux kills"),
        ("DeadKernelError", "was ended by signal 11 (SIGSEGV) while", "Compiled code"),
        ("TimeoutError", "the cell took longer than 3 s", "interrupt"),
        ("KeyboardInterrupt", "", "from outside"),
        ("StdinNotImplementedError", "raw_input was called", "parameter"),
        ("URLError", "<urlopen error [Errno -3]>", "network"),
        ("AssertionError", "0.91 is below 0.95", "claim"),
    ],
)
def test_usual_errors_have_a_usual_cause(name, message, words):
    assert words in usual_cause(Failure(name, message), notebook("a"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ValueError", "too large"),
        ("RuntimeError", ""),
        ("RuntimeError", "something else"),
        ("DeadKernelError", "the kernel left with exit code 3"),
        ("OSError", "[Errno 5] Input/output error"),
        ("ModuleNotFoundErrors", "No module named 'a'"),
    ],
)
def test_what_may_have_many_causes_has_no_line(name, message):
    assert usual_cause(Failure(name, message), notebook("a")) == ""


def test_a_time_limit_with_a_traceback_points_into_it():
    failure = Failure("TimeoutError", "the cell took longer than 3 s", "line 1")
    assert "ends where it stood" in usual_cause(failure, notebook("a"))


def undefined(name, *sources, cell=0):
    failure = Failure("NameError", f"name '{name}' is not defined", cell=cell)
    return usual_cause(failure, notebook(*sources))


def test_a_name_that_is_defined_further_down_is_out_of_order():
    assert "Only cell 2" in undefined("x", "x + 1", "y = 1", "x = 1", "x = 2")


def test_a_name_that_no_cell_defines_is_misspelt_or_its_cell_was_deleted():
    assert "No cell" in undefined("x", "x + 1", "y = x")


def test_where_names_may_come_from_elsewhere_nothing_is_claimed():
    assert undefined("x", "x + 1", "from a import *") == ""


def test_a_name_that_was_defined_before_has_no_usual_cause():
    assert undefined("x", "if False:\n    x = 1", "x", cell=1) == ""
