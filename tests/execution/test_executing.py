import asyncio
from datetime import UTC, datetime

from labkit.execution import documents
from labkit.execution.executing import execute
from labkit.execution.jobs import Job


def executed(path, **more):
    return execute(Job(path, path.stem), documents.read(path), {}, **more)


def test_what_is_known_of_how_it_went(write_notebook):
    before = datetime.now(UTC)
    told = []
    path = write_notebook("n.ipynb", "print('a')", "1 / 0", "never = 1")
    found = executed(path, tell=lambda done, of: told.append((done, of)))
    assert type(found.error).__name__ == "CellExecutionError"
    assert found.cell == 1
    assert told == [(0, 3), (1, 3)]
    assert before <= found.began
    assert found.notebook["metadata"]["labkit"]["run"] == found.run
    assert [bool(c["outputs"]) for c in found.notebook["cells"]] == [True, True, False]
    assert not found.interrupted
    assert found.facts["versions"]["python"]


def test_each_run_has_a_mark_of_its_own(write_notebook):
    path = write_notebook("n.ipynb", "x = 1")
    assert executed(path).run != executed(path).run


def test_it_leaves_event_loops_alone(write_notebook):
    path = write_notebook("n.ipynb", "x = 1")
    executed(path)

    async def answer():
        return 42 if executed(path).error is None else 0

    assert asyncio.run(answer()) == 42, "a notebook may run notebooks: it is in a loop"
