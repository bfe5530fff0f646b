import json
import os
import sys
import time
import types

import pytest

from labkit.kernels.threads import cores, find_pools, set_threads, wanted

from ..waiting import soon
from .forking import serving

linux = pytest.mark.skipif(sys.platform != "linux", reason="fork servers need Linux")


@pytest.mark.parametrize(
    ("environment", "library", "count"),
    [
        ({"OMP_NUM_THREADS": "3"}, "OMP", 3),
        ({"OMP_NUM_THREADS": "3"}, "OPENBLAS", 3),
        ({"OMP_NUM_THREADS": "3", "OPENBLAS_NUM_THREADS": "1"}, "OPENBLAS", 1),
        ({"OMP_NUM_THREADS": " 4 , 2"}, "OMP", 4),
    ],
)
def test_the_environment_says_how_many(environment, library, count):
    assert wanted(environment, library) == count


@linux
@pytest.mark.parametrize("nonsense", ["", "many", "0", "-1"])
def test_without_a_number_it_is_one_for_each_core(nonsense):
    assert wanted({"OMP_NUM_THREADS": nonsense}) == wanted({}) == cores()


@linux
def test_cores_are_those_this_process_may_use():
    before = os.sched_getaffinity(0)
    assert 1 <= cores() <= len(before)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, before)


@linux
def test_without_threadpoolctl_pytorch_has_them_all_the_same(monkeypatch):
    told = []
    torch = types.SimpleNamespace(get_num_threads=lambda: 2, set_num_threads=told.append)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    find_pools.cache_clear()
    try:
        set_threads({"OMP_NUM_THREADS": "3"})
        set_threads({"OMP_NUM_THREADS": "2"})  # which it has
    finally:
        find_pools.cache_clear()
    assert told == [3]


@linux
def test_a_child_computes_with_as_many_as_it_is_asked_to(tmp_path):
    code = (
        "import json, threadpoolctl\n"
        "print(json.dumps([pool['num_threads'] for pool in threadpoolctl.threadpool_info()]))"
    )
    with serving(tmp_path, modules="numpy,threadpoolctl") as server:
        for count in (1, 2):
            said, _ = server.run(code, env={**os.environ, "OMP_NUM_THREADS": str(count)})
            assert set(json.loads(said)) == {count}


@linux
def test_what_a_server_imports_later_computes_with_as_many_too(tmp_path):
    code = (
        "import sys, threadpoolctl\n"
        "pools = threadpoolctl.threadpool_info() if 'sklearn.utils' in sys.modules else []\n"
        "print(*(f\"{pool['internal_api']} {pool['num_threads']}\" for pool in pools), sep='\\n')"
    )
    with serving(tmp_path, modules="threadpoolctl", later="sklearn.utils") as server:

        def pools(count):
            said, _ = server.run(code, env={**os.environ, "OMP_NUM_THREADS": str(count)})
            return {*said.splitlines()}

        soon(lambda: len(pools(1)) > 1 or time.sleep(1.2))
        for count in (1, 3):
            assert pools(count) == {f"openblas {count}", f"openmp {count}"}


@linux
@pytest.mark.parametrize("servers", ["1", "3"])
def test_pytorch_computes_with_as_many_as_it_is_asked_to(tmp_path, monkeypatch, servers):
    """The environment in which the server was started is that of its first child, not of all."""
    monkeypatch.setenv("OMP_NUM_THREADS", servers)
    monkeypatch.setenv("MKL_NUM_THREADS", servers)
    usual = {name: value for name, value in os.environ.items() if "_NUM_THREADS" not in name}
    code = "import torch; (torch.ones(300, 300) @ torch.ones(300, 300)).exp()\n"
    code += "print(torch.get_num_threads(), torch.__config__.parallel_info())"
    with serving(tmp_path, modules="torch,threadpoolctl") as server:
        for asked, count in (
            ({}, cores()),
            ({"OMP_NUM_THREADS": "1"}, 1),
            ({"OMP_NUM_THREADS": "3"}, 3),
        ):
            said, _ = server.run(code, env=usual | asked)
            assert said.startswith(f"{count} ")
            assert f"omp_get_max_threads() : {count}\n" in said
            assert f"mkl_get_max_threads() : {count}\n" in said
