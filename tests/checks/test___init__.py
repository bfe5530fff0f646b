import subprocess
import sys

import pytest

from labkit.checks import check


def test_importing_checks_loads_neither_torch_nor_matplotlib():
    code = (
        "import sys, labkit.checks; from labkit.checks import check; dir(check); "
        "print([m for m in ('torch', 'matplotlib', 'numpy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_dir_lists_the_checks_and_each_loads():
    assert dir(check) == sorted(dir(check))
    assert "conv2d" in dir(check)
    assert all(callable(getattr(check, name)) for name in dir(check))


def test_an_unknown_check_names_those_there_are():
    with pytest.raises(AttributeError, match=r"no check named 'conv3d'; there is: .*conv2d"):
        _ = check.conv3d
