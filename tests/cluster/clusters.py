"""Dask clusters for tests: a scheduler and workers, each a process that can be killed."""

import os
import subprocess
import sys

from distributed import Client

from ..waiting import written

COMMAND = [sys.executable, "-m"]
# Without a dashboard there still is a page, which would be open to everybody.
LOOPBACK = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
WHICH = "TEST_WORKER"
"""Environment variable by which a notebook knows its worker."""


class Started:
    """A scheduler, and its workers by their numbers."""

    def __init__(self, folder):
        self.folder, self.workers = folder, []
        file = folder / "scheduler.json"
        module = "distributed.cli.dask_scheduler"
        options = ["--port", "0", "--scheduler-file", str(file)]
        self.scheduler = started(folder / "scheduler", module, *LOOPBACK, *options)
        written(file)
        with Client(scheduler_file=str(file), set_as_default=False) as client:
            self.address = client.scheduler.address

    @property
    def alive(self):
        """Whether its scheduler runs."""
        return self.scheduler.poll() is None

    def kill(self, *numbers):
        """Kill some workers, as a machine without power would."""
        for number in numbers:
            self.workers[int(number)].kill()
            self.workers[int(number)].wait()

    def have(self, count):
        """Have as many workers of one thread, at least; the others are as they were."""
        while sum(worker.poll() is None for worker in self.workers) < count:
            self.add()
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(count, timeout=60)

    def add(self, **environment):
        """Start one more worker, without waiting for it."""
        number = len(self.workers)
        worker = started(
            self.folder / f"worker-{number}",
            "distributed.cli.dask_worker",
            *[self.address, *LOOPBACK, "--no-nanny", "--nthreads", "1", "--death-timeout", "60"],
            *["--local-directory", str(self.folder / "scratch")],
            **{WHICH: str(number), **environment},
        )
        self.workers.append(worker)

    def end(self):
        """End what still runs."""
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


def started(folder, module, *arguments, **environment):
    """Start a module of Dask in a folder of its own, as on another machine."""
    folder.mkdir()
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [*COMMAND, module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env={**os.environ, **environment},
        )
