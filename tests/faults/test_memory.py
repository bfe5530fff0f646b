"""Notebooks that want more memory than there is: they hear of it, and nobody else does."""

import pytest

from labkit.execution import environment

LIMIT = 3_000_000_000
"""Bytes that a kernel of these runs may take, so that the machine is never in need."""

GREEDY = {
    "numpy": "import numpy\nwhole = numpy.ones(30_000_000_000 // 8)",
    "torch": "import torch\nwhole = torch.ones(30_000_000_000 // 4)",
    "lists": "kept = []\nwhile True:\n    kept.append(bytes(10_000_000))",
    "figure": "import matplotlib.pyplot as plt\nplt.figure(figsize=(3000, 3000))\nplt.savefig('x')",
}


@pytest.fixture(scope="module")
def bench(bench):
    for name, source in GREEDY.items():
        bench.write(name, "print('before')", source, "print('after')")
    for name in ("a_neighbour", "z_neighbour"):
        bench.write(name, "import torch", "print(torch.ones(3).sum().item())")
    return bench


@pytest.fixture(scope="module")
def ran(bench):
    return bench.run("--workers", 2, LABKIT_MEMORY_LIMIT=str(LIMIT))


@pytest.mark.parametrize("name", GREEDY)
def test_an_allocation_that_cannot_be_is_an_error_of_its_cell(ran, name):
    assert ran.statuses[name] == "failed", ran.failure(name)
    failure = ran.failure(name)
    assert failure["cell"] == 1
    assert "memory" in f"{failure['name']} {failure['message']}".lower()
    assert ran.notebooks[name]["peak_memory"] < LIMIT + 1_000_000_000


def test_the_report_is_whole_and_the_neighbours_pass(ran, bench):
    assert ran.code == 1
    assert ran.statuses["a_neighbour"] == ran.statuses["z_neighbour"] == "passed"
    ran.check()
    assert not bench.left_behind()


def test_without_a_limit_of_ones_own_30_gb_are_refused_where_there_are_fewer(bench):
    if (environment.memory() or 0) > 30e9:
        pytest.skip("this machine has so much memory")
    ran = bench.run(out="unlimited", only=["numpy"])
    assert (ran.code, ran.statuses) == (1, {"numpy": "failed"})
    assert "MemoryError" in ran.failure("numpy")["name"]
