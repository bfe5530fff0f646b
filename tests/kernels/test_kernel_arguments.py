import pytest
from ipykernel.kernelapp import IPKernelApp

from labkit.kernels.kernel_arguments import plain

PLAIN = [
    [],
    ["-f", "/a/kernel one.json"],
    ["-f", "k.json", "--HistoryManager.hist_file=:memory:"],
    ["--HistoryManager.enabled=False", "--HistoryManager.hist_file=a=b.sqlite", "-f", "k.json"],
]


@pytest.mark.parametrize("arguments", PLAIN)
def test_what_is_plain_means_what_ipykernel_takes_it_for(arguments):
    app = IPKernelApp()
    app.parse_command_line(list(arguments))
    assert plain(arguments) == app.config


@pytest.mark.parametrize(
    "arguments",
    [
        ["--matplotlib=inline"],
        ["--debug"],
        ["-f"],
        ["script.py"],
        ["--profile", "mine"],
        ["--InteractiveShellApp.exec_lines=x = 1"],
        ["--HistoryManager.db_log_output=True"],
    ],
)
def test_anything_else_is_left_to_ipykernel(arguments):
    assert plain(arguments) is None
