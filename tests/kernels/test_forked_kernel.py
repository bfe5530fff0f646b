import json
import os
import socket
import sys
import time

import pytest
import torch

from labkit.kernels import forked
from labkit.kernels.threads import cores

from .starting import started

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")


@pytest.fixture(scope="module")
def kernel():
    with started() as kernel:
        assert kernel.provisioner.forked
        yield kernel


def value(kernel, expression):
    return json.loads(kernel.run(f"import json; print(json.dumps({expression}))"))


def test_it_computes_with_what_was_imported_already(kernel):
    assert kernel.run("import sys; print('torch' in sys.modules)") == "True\n"
    assert kernel.run("import torch; print(torch.ones(3).sum().item())") == "3.0\n"


def test_it_looks_like_an_ordinary_kernel(kernel):
    """Where it lies, what it was called with, where it imports from, what it is called."""
    code = (
        "import json, sys, os, warnings, __main__\n"
        "print(json.dumps([sys.argv[0], len(sys.argv), sys.path, sys.executable, sys.flags[:],"
        " __name__, __main__.__dict__ is globals(), sys.stdin is None, sys.getrecursionlimit(),"
        " os.environ.get('MPLBACKEND')]))"
    )
    with started("python3") as ordinary:
        expected = json.loads(ordinary.run(code))
    assert json.loads(kernel.run(code)) == expected


def test_a_reset_forgets_the_modules_that_were_imported_since_the_start():
    with started() as kernel:
        kernel.run("import wave, torch")
        assert "culling" in kernel.run("%reset -f --aggressive")
        code = "import sys; print([name in sys.modules for name in ('wave', 'torch', 'IPython')])"
        assert kernel.run(code) == "[False, True, True]\n"


LATE = """
def slow_down(kernel):  # IPython empties its namespace at the end: what is needed then lies in here
    import pathlib, time
    note, loop = pathlib.Path({place!r}).write_text, kernel.iopub_thread.io_loop
    say, stop, control = kernel._publish_status_and_flush, loop.stop, kernel.control_thread
    kernel._publish_status_and_flush = lambda *what: (time.sleep(0.5), say(*what))
    loop.stop = lambda: (note(f"control {{control.is_alive()}}"), stop())

slow_down(get_ipython().kernel)
"""


def test_outputs_are_sent_until_nobody_is_left_to_say_anything(tmp_path):
    """Else both threads may wait for each other for ever."""
    with started() as kernel:
        kernel.run(LATE.format(place=str(tmp_path / "note")))
        kernel.manager.shutdown_kernel()
        assert kernel.provisioner.exit_code == 0, "killed when its time was up"
        assert (tmp_path / "note").read_text() == "control False"


def test_logs_of_libraries_stay_as_the_libraries_have_set_them_up(kernel):
    """ipykernel's own log is set up last here; elsewhere it is there before any library."""
    code = "import logging, torch\nopen_ = [ref() for ref in logging._handlerList]\n"
    code += "print([h in open_ for h in logging.getLogger('torch').handlers])"
    assert kernel.run(code) == "[True]\n"


FORMATTER = "{'formatters': {'console': {'format': '<%(message)s>'}}}"


@pytest.mark.parametrize(
    ("options", "logged"),
    [
        ([], "[ForkedKernelApp] WARNING | too much\n"),
        (["--Application.log_level=ERROR"], ""),
        (["--Application.log_format=%(message)s!"], "too much!\n"),
        ([f"--Application.logging_config={FORMATTER}"], "<too much>\n"),
    ],
)
def test_it_logs_as_it_is_asked_to(tmp_path, options, logged):
    code = "from ipykernel.kernelapp import IPKernelApp; log = IPKernelApp.instance().log\n"
    with (
        (tmp_path / "log").open("w") as log,
        started(extra_arguments=options, stderr=log) as kernel,
    ):
        kernel.run(f"{code}log.warning('too much'); log.info('never')")
    said = (tmp_path / "log").read_text().splitlines(keepends=True)
    assert [line for line in said if "much" in line] == ([logged] if logged else [])
    assert not any("never" in line for line in said)


def test_output_is_caught_whoever_writes_it(kernel):
    code = "import os, subprocess\nprint('Python', flush=True)\n"
    assert kernel.run(code) == "Python\n"
    assert kernel.run("os.write(1, b'C library')") == "C library"
    assert kernel.run("subprocess.run(['echo', 'process']);") == "process\n"
    assert kernel.run("!echo shell").strip() == "shell"


def test_no_output_is_lost_while_nobody_listens(kernel):
    asked = kernel.client.execute("for i in range(4_000):\n    display('x' * 9_999 + str(i))")
    time.sleep(3)  # in which more is said than sockets hold
    heard = []
    while not heard or heard[-1].get("execution_state") != "idle":
        message = kernel.client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") == asked:
            heard.append(message["content"])
    kernel.client.get_shell_msg(timeout=30)
    shown = [int(c["data"]["text/plain"].strip("'x")) for c in heard if "data" in c]
    assert shown == list(range(4_000))


def test_figures_are_shown_at_the_end_of_their_cell(kernel):
    code = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    assert kernel.pictures(code) == [{"image/png", "text/plain"}]
    assert kernel.pictures("pass") == []
    assert kernel.pictures("%config InlineBackend.figure_formats = ['svg']\n" + code) == [
        {"image/svg+xml", "text/plain"}
    ]


def test_matplotlibs_settings_are_those_of_the_folder(tmp_path):
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 7\n")
    with started(cwd=str(tmp_path), env={**os.environ, "MPLBACKEND": "svg"}) as kernel:
        code = "import matplotlib as m; print(m.rcParams['lines.linewidth'], m.get_backend())"
        assert kernel.run(code).split() == ["7.0", "svg"]


def test_seeds_differ_between_kernels(kernel):
    code = (
        "import random, numpy, torch, tempfile, multiprocessing as mp\n"
        "print(random.random(), numpy.random.rand(), torch.rand(1).item(),"
        " mp.current_process().authkey.hex())"
    )
    with started() as other:
        first, second = kernel.run(code).split(), other.run(code).split()
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_threads_are_as_many_as_asked_for(kernel):
    ask = "import torch; print(torch.get_num_threads())"
    counts = {}
    for asked in ("1", "2", None):
        env = {name: v for name, v in os.environ.items() if name != "OMP_NUM_THREADS"}
        env |= {} if asked is None else {"OMP_NUM_THREADS": asked}
        with started(env=env) as other:
            counts[asked] = int(other.run(ask))
    assert counts == {"1": 1, "2": 2, None: cores()}


def test_a_debugger_may_step_into_what_was_imported_ahead(kernel):
    code = (
        "import torch, matplotlib, IPython\n"
        "closed = set(get_ipython().kernel._kernel_modules)\n"
        "print(torch.__file__ in closed, matplotlib.__file__ in closed, IPython.__file__ in closed)"
    )
    with started("python3") as ordinary:
        expected = ordinary.run(code)
    assert kernel.run(code) == expected == "False False True\n"


def test_processes_work_in_it(kernel):
    loader = (
        "import torch, warnings\n"
        "warnings.filterwarnings('ignore', 'This DataLoader')  # on a single processor\n"
        "data = torch.utils.data.TensorDataset(torch.arange(8))\n"
        "print(sum(b[0].sum().item() for b in torch.utils.data.DataLoader(data, num_workers=2)))"
    )
    assert kernel.run(loader).strip() == "28"
    assert kernel.run("torch.nn.Linear(300, 300)(torch.ones(300, 300)).sum().backward()") == ""


def test_labkit_is_imported_as_it_is_now(kernel):
    loaded = "[m for m in __import__('sys').modules if m.partition('.')[0] == 'labkit']"
    with started() as fresh:
        assert value(fresh, loaded) == []


def test_a_memory_limit_stops_the_cell_alone():
    limited = {**os.environ, "LABKIT_MEMORY_LIMIT": str(2**30)}
    with started(env=limited) as kernel:
        assert kernel.run("import torch; x = torch.empty(30 * 2**30)") == "RuntimeError"
        assert kernel.run("x = bytearray(30 * 2**30)") == "MemoryError"
        assert kernel.run("print(torch.ones(10**6).sum().item())") == "1000000.0\n"


def test_a_port_that_was_taken_is_replaced_by_a_free_one(monkeypatch):
    """Jupyter picks ports first, and kernels bind them later: somebody may come in between."""
    taken = []
    real = forked.fork

    def fork_late(*arguments, **options):
        [path] = [a for a in arguments[1]["argv"] if a.endswith(".json")]
        with open(path) as file:
            told = json.load(file)
        for name in ("shell_port", "hb_port"):
            taken.append(thief := socket.socket())
            thief.bind((told["ip"], told[name]))
            thief.listen()
        return real(*arguments, **options)

    monkeypatch.setattr(forked, "fork", fork_late)
    with started() as kernel:
        assert kernel.run("print('reached')") == "reached\n"
        with open(kernel.manager.connection_file) as file:
            told = json.load(file)
        assert not {told["shell_port"], told["hb_port"]} & {t.getsockname()[1] for t in taken}
        assert kernel.provisioner.forked
    for thief in taken:
        thief.close()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_works_in_it(kernel):
    assert kernel.run("import torch; print(torch.cuda.is_initialized())") == "False\n"
    code = "x = torch.ones(64, 64, device='cuda'); print((x @ x).sum().item())"
    assert float(kernel.run(code)) == 64**3
    with started() as other:
        assert float(other.run("import torch\n" + code)) == 64**3, "side by side"
    assert kernel.run("torch.cuda.synchronize(); print(torch.cuda.device_count() > 0)") == "True\n"
