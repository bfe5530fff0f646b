"""Notebooks that misbehave within their own process: nobody else is hurt, and nothing is left."""

import pytest

PASS = {
    "changes_folder": "import os\nos.chdir('/')",
    "deletes_folder": "import os, shutil, tempfile\n"
    "folder = tempfile.mkdtemp()\nos.chdir(folder)\nshutil.rmtree(folder)",
    "closes_stderr": "import sys\nsys.stderr.close()",
    "replaces_stdout": "import io, sys\nkept, sys.stdout = sys.stdout, io.StringIO()\n"
    "print('into the void')\nsys.stdout = kept",
    "closes_stdin": "import sys\nsys.stdin.close()",
    "resets": "%reset -f",
    "threads": "import threading, time\n"
    "threads = [threading.Thread(target=time.sleep, args=(3600,)) for _ in range(5)]\n"
    "for thread in threads:\n    thread.start()",
    "daemons": "import threading\n"
    "def spin():\n    while True:\n        pass\n"
    "threading.Thread(target=spin, daemon=True).start()",
    "subprocess": "import subprocess\nprocess = subprocess.Popen(['sleep', '3600'])",
    "detached": "import subprocess\n"
    "process = subprocess.Popen(['sh', '-c', 'sleep 3600 & sleep 3600'])",
    "forks": "import os, time\nif os.fork() == 0:\n    time.sleep(3600)\n    os._exit(0)",
    "pool": "from concurrent.futures import ProcessPoolExecutor\n"
    "pool = ProcessPoolExecutor(2)\nprint(pool.submit(abs, -7).result())",
    "signals": "import signal\n"
    "for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):\n"
    "    signal.signal(number, signal.SIG_IGN)",
    "stops_warnings": "import warnings\nwarnings.simplefilter('error')",
    "exit_hook": "import atexit, time\natexit.register(time.sleep, 3600)",
    "environment": "import os\nos.environ.clear()",
    "umask": "import os\nos.umask(0o777)",
    "closes_descriptor_1": "import os\nos.close(1)",
    "event_loop": "import asyncio\nawait asyncio.sleep(0)\n"
    "task = asyncio.ensure_future(asyncio.sleep(3600))",
}
AFTER = "print('the end')"
RAISE = {
    "exhausts_descriptors": (
        "import resource\n_, most = resource.getrlimit(resource.RLIMIT_NOFILE)\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (200, most))\n"
        "files = []\ntry:\n    while True:\n        files.append(open('/dev/null'))\n"
        "finally:\n    files.clear()",
        "OSError",
    ),
    "interrupts_itself": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "closes_stdout": ("import sys\nsys.stdout.close()\nprint('into the void')", "ValueError"),
    "base_exception": ("raise BaseException('base')", "BaseException"),
    "unprintable": (
        "class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nraise Odd",
        "ValueError",
    ),
    "surrogates": ("raise ValueError('\\udc80')", "ValueError"),
    "not_python": ("def f(:", "SyntaxError"),
}
LEAVE = {"exits": "import sys\nsys.exit(0)", "exits_loudly": "raise SystemExit('bye')"}


@pytest.fixture(scope="module")
def ran(bench):
    for name, source in PASS.items():
        bench.write(name, "x = 1", source, AFTER)
    for name, (source, _) in RAISE.items():
        bench.write(name, "x = 1", source, AFTER)
    for name, source in LEAVE.items():
        bench.write(name, "x = 1", source, AFTER)
    for name in ("a_neighbour", "m_neighbour", "z_neighbour"):
        bench.write(name, "from pathlib import Path\nprint(Path.cwd().name)")
    return bench.run("--workers", 2)


@pytest.mark.parametrize("name", PASS)
def test_what_harms_nobody_passes_and_is_kept(ran, name):
    assert ran.statuses[name] == "passed", ran.failure(name)
    assert ran.printed(name).endswith("the end\n")


@pytest.mark.parametrize("name", RAISE)
def test_what_raises_fails_with_its_own_error(ran, name):
    assert ran.statuses[name] == "failed", ran.failure(name)
    failure = ran.failure(name)
    assert (failure["cell"], failure["name"]) == (1, RAISE[name][1])


@pytest.mark.parametrize("name", LEAVE)
def test_leaving_early_is_not_passing(ran, name):
    assert ran.statuses[name] in ("failed", "not-run"), ran.failure(name)


def test_the_report_is_whole_and_the_neighbours_pass(ran):
    assert ran.code == 1
    for name in ("a_neighbour", "m_neighbour", "z_neighbour"):
        assert ran.statuses[name] == "passed"
        assert ran.printed(name) == "notebooks\n"
    ran.check()


def test_nothing_that_a_notebook_started_is_left(ran, bench):
    assert not bench.left_behind()
