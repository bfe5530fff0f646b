import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .forking import serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    modules = "numpy.random,multiprocessing.util,threadpoolctl"
    with serving(tmp_path_factory.mktemp("server"), modules=modules) as started:
        yield started


def test_environment_and_folder_are_those_of_the_one_who_asks(server, tmp_path):
    environment = {"HOME": "/nowhere", "DEVICE": "cpu"}
    said, _ = server.run(
        "import json, os, subprocess\n"
        "seen = subprocess.run(['env'], capture_output=True, text=True).stdout.split()\n"
        "print(json.dumps([dict(os.environ), sorted(seen), os.getcwd()]))",
        env={**environment, "PATH": os.environ["PATH"]},
        cwd=tmp_path,
    )
    inside, seen, folder = json.loads(said)
    assert inside == {**environment, "PATH": os.environ["PATH"]}
    assert {"HOME=/nowhere", "DEVICE=cpu"} <= set(seen), "C libraries and processes see it too"
    assert folder == str(tmp_path)


def test_umask_processors_and_limits_are_those_of_the_one_who_asks(server):
    code = (
        "import json, os, resource\n"
        "print(json.dumps([os.umask(0), sorted(os.sched_getaffinity(0)),"
        " resource.getrlimit(resource.RLIMIT_NOFILE)]))"
    )
    import resource

    before = os.umask(0o027), os.sched_getaffinity(0), resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        os.sched_setaffinity(0, {min(before[1])})
        resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[2][1]))
        said, _ = server.run(code)
    finally:
        os.umask(before[0])
        os.sched_setaffinity(0, before[1])
        resource.setrlimit(resource.RLIMIT_NOFILE, before[2])
    assert json.loads(said) == [0o027, [min(before[1])], [300, before[2][1]]]


def test_it_leads_a_session_of_its_own(server):
    said, _ = server.run("import os; print(os.getpid(), os.getsid(0), os.getpgid(0))")
    assert len(set(said.split())) == 1


def test_streams_belong_to_it_whoever_writes(server, tmp_path):
    (tmp_path / "in").write_text("put in\n")
    with (tmp_path / "in").open() as given, (tmp_path / "errors").open("w") as errors:
        said, _ = server.run(
            "import os, subprocess, sys\n"
            "print(input(), flush=True)\n"
            "os.write(1, b'C library\\n')\n"
            "subprocess.run(['echo', 'process'])\n"
            "print('seen at once', file=sys.stderr)",
            stdin=given.fileno(),
            stderr=errors.fileno(),
        )
    assert said == "put in\nC library\nprocess\n"
    assert (tmp_path / "errors").read_text() == "seen at once\n"


def test_it_inherits_no_descriptor_but_its_streams_and_its_lifeline(server):
    others = [server.fork("import time; time.sleep(60)") for _ in range(3)]
    said, _ = server.run(
        "import contextlib, os\n"
        "for number in set(os.listdir('/proc/self/fd')) - {'0', '1', '2'}:\n"
        "    with contextlib.suppress(FileNotFoundError):  # the listing's own\n"
        "        print(os.readlink(f'/proc/self/fd/{number}'))"
    )
    for process in others:
        process.kill()
        process.wait(30)
    [lifeline] = said.splitlines()
    assert lifeline.startswith("socket:")


def test_nothing_of_the_server_closes_its_files_later(server):
    others = [server.fork("import time; time.sleep(60)") for _ in range(3)]
    said, _ = server.run(
        "import gc, os\n"
        "opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]\n"
        "gc.unfreeze(); gc.collect()\n"
        "print(len([os.fstat(number) for number in opened]))"
    )
    for process in others:
        process.kill()
        process.wait(30)
    assert said == "20\n"


def test_random_numbers_differ_between_children(server):
    code = "import random, numpy; print(random.random(), numpy.random.rand())"
    numbers = [number for _ in range(3) for number in server.run(code)[0].split()]
    assert len(set(numbers)) == 6
    assert str(random.random()) not in numbers


def test_main_is_clean_and_arguments_are_its_own(server):
    said, _ = server.run("import sys, __main__; print(sorted(vars(__main__)), len(sys.argv))")
    names, count = said.rsplit(maxsplit=1)
    assert set(eval(names)) <= {
        "__builtins__",
        "__doc__",
        "__loader__",
        "__name__",
        "__package__",
        "__spec__",
    }
    assert count == "1"


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_processes_can_be_started_in_it(server, start):
    said, _ = server.run(
        "import multiprocessing, os\n"
        f"with multiprocessing.get_context({start!r}).Pool(2) as pool:\n"
        "    print(pool.map(abs, [-1, -2, -3]))",
    )
    assert said == "[1, 2, 3]\n"


def test_signals_have_their_usual_meaning(server):
    process = server.fork(
        "import signal, time\n"
        "from labkit.kernels.forked_child import announce\n"
        "try: announce(); time.sleep(60)\n"
        "except KeyboardInterrupt: code = 9"
    )
    process.ready(30)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 9


def test_an_interrupt_is_never_too_early(server, tmp_path):
    with (tmp_path / "errors").open("w+") as errors:
        processes = [
            server.fork("import time; time.sleep(60)", stderr=errors.fileno()) for _ in range(5)
        ]
        for process in processes:
            process.send_signal(signal.SIGINT)
        assert [process.wait(30) for process in processes] == [128 + signal.SIGINT] * 5
        errors.seek(0)
        assert errors.read() == "", "whoever interrupts a process knows why it ended"


def test_at_the_end_hooks_run_and_everything_is_flushed(server):
    said, code = server.run(
        "import atexit, sys, threading, time\n"
        "atexit.register(print, 'hook')\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\n"
        "sys.stdout.write('said ')\n"
        "sys.exit(7)"
    )
    assert (said, code) == ("said thread\nhook\n", 7)


@pytest.mark.parametrize(
    ("code", "ending", "told"),
    [
        ("raise ValueError('wrong')", 1, "ValueError: wrong"),
        ("import sys; sys.exit('reason')", 1, "reason"),
        ("raise SystemExit", 0, ""),
        ("code = 256 + 3", 3, ""),
    ],
)
def test_how_it_ends_is_how_python_ends(server, tmp_path, code, ending, told):
    with (tmp_path / "errors").open("w+") as errors:
        process = server.fork(code, stderr=errors.fileno())
        assert process.wait(30) == ending
        errors.seek(0)
        assert told in errors.read()


def test_files_that_were_left_open_are_complete(server, tmp_path):
    server.run(
        "text, data = open('text', 'w'), open('data', 'wb')\n"
        "text.write('held back')\n"
        "data.write(b'this too')",
        cwd=tmp_path,
    )
    assert (tmp_path / "text").read_text() == "held back"
    assert (tmp_path / "data").read_bytes() == b"this too"


def test_a_folder_that_does_not_exist_is_an_error_it_tells(server, tmp_path):
    with (tmp_path / "errors").open("w+") as errors:
        process = server.fork("pass", stderr=errors.fileno(), cwd=tmp_path / "missing")
        assert process.wait(30) == 1
        errors.seek(0)
        assert "FileNotFoundError" in errors.read()


def test_a_limit_of_memory_makes_an_allocation_fail_and_nothing_else(server):
    code = (
        "try: bytearray(400_000_000)\n"
        "except MemoryError: print('too much')\n"
        "print(len(bytearray(50_000_000)))"
    )
    limited = {**os.environ, "LABKIT_MEMORY_LIMIT": "200000000"}
    assert server.run(code, env=limited)[0] == "too much\n50000000\n"
    assert server.run(code)[0] == "50000000\n"


def test_it_goes_before_its_server_when_memory_runs_out(server):
    said, _ = server.run("print(open('/proc/self/oom_score_adj').read())")
    own = Path(f"/proc/{server.process.pid}/oom_score_adj").read_text()
    assert int(said) > int(own)


def test_warnings_are_shown_as_in_a_fresh_python(server):
    code = "import warnings, sys; sys.stdout.write(repr(warnings.filters))"
    fresh = subprocess.run(
        [sys.executable, "-c", f"import numpy.random, multiprocessing.util, threadpoolctl; {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert server.run(code)[0] == fresh.stdout
