"""A fork server that has imported nothing, so that tests of its workings start it in no time."""

import os
import platform
import subprocess
import sys
from contextlib import contextmanager

import pytest

from labkit.kernels import fork_protocol, forked, huge_pages

from ..waiting import soon

LINUX = tuple(int(part) for part in platform.release().split(".")[:2] if part.isdecimal())
needs_huge_pages = pytest.mark.skipif(
    sys.platform != "linux" or LINUX < (6, 1) or not huge_pages.SIZE.exists(),
    reason="memory can be put into huge pages from Linux 6.1 on, if it has them",
)

SERVER = """
import sys
from pathlib import Path
from labkit.kernels.fork_protocol import listen
from labkit.kernels.fork_requests import ForkServer
from labkit.kernels.forked_child import become
from labkit.kernels.forkserver import prepare_environment
from labkit.kernels.preload import preload
from labkit.kernels.threads import find_pools
prepare_environment()
path = Path(sys.argv[1])
preload(filter(None, sys.argv[3].split(",")))
find_pools()
later = tuple(filter(None, sys.argv[4].split(",")))
server = ForkServer(listen(path), path, idle=float(sys.argv[2]), later=later)
request = server.serve()
del server
if request is not None:
    become(request, "told:main")
"""
# What the children run: the code that is asked for.
TOLD = """
import sys

def main():
    space = {}
    exec(sys.argv[0], space)
    return space.get("code")
"""


class Server:
    """A running server, and the ways to ask it for children."""

    def __init__(self, path, process):
        self.path, self.process = path, process

    def connect(self):
        return fork_protocol.connect(self.path)

    def fork(self, code, *, stdout=1, stderr=2, stdin=0, env=None, cwd=None):
        """Fork a process that executes Python code."""
        env = os.environ if env is None else env
        request = {"argv": [code], **forked._circumstances(env, cwd or os.getcwd())}
        connection = self.connect()
        fork_protocol.ask(connection, "fork", request, [stdin, stdout, stderr])
        return forked.Forked(connection, 30)

    def run(self, code, **options):
        """Return what a process that executes Python code prints, and its exit code."""
        ours, theirs = os.pipe()
        try:
            process = self.fork(code, stdout=theirs, **options)
        finally:
            os.close(theirs)
        with os.fdopen(ours) as output:
            return output.read(), process.wait(30)

    def status(self):
        with self.connect() as connection:
            fork_protocol.ask(connection, "status")
            return fork_protocol.answers(connection)[0]


@contextmanager
def serving(folder, *, idle=60, modules="", later=""):
    """Start a server in a folder; stop it at the end."""
    (folder / "told.py").write_text(TOLD)
    path = folder / "server"
    command = [sys.executable, "-c", SERVER, str(path), str(idle), modules, later]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    process = subprocess.Popen(command, env=environment)
    try:
        soon(lambda: answers(path))
        yield Server(path, process)
    finally:
        process.kill()
        process.wait()


def answers(path):
    try:
        fork_protocol.connect(path).close()
    except OSError:
        return False
    return True
