"""A run of three notebooks, as it might have gone."""

import pytest

from labkit.execution import documents
from labkit.execution.outcomes import CheckVerdict, Failure, Outcome
from labkit.results import MIME, Result


@pytest.fixture
def outcomes(write_notebook, tmp_path):
    """One notebook passed and left a result, one failed, one was skipped."""
    good = write_notebook("report/executed/good one.ipynb", "#md # Good", "record()")
    notebook = documents.read(good)
    result = {"name": "accuracy", "value": 0.97, "unit": "", "tolerance": 0.02}
    data = {"text/plain": "accuracy = 0.97", MIME: result}
    notebook["cells"][1]["outputs"] = [
        {"output_type": "display_data", "data": data, "metadata": {}}
    ]
    documents.write(notebook, good)
    bad = write_notebook("report/executed/deep/bad.ipynb", "x = 1", "1 < 'a'\nmore", "y")
    failure = Failure("TypeError", "'<' | not\nsupported", "trace\x00back <b>", cell=1)
    return [
        Outcome(
            tmp_path / "good one.ipynb",
            "passed",
            output=good,
            seconds=2.5,
            cell_seconds={1: 0.5},
            parameters={"seed": 3},
            peak_memory=412_000_000,
            results=(Result(**result),),
            checks=(CheckVerdict("conv2d", False, "kernel flipped", 1),),
            warnings=("cell 1: UserWarning: slow",),
        ),
        Outcome(
            tmp_path / "deep" / "bad.ipynb",
            "failed",
            output=bad,
            seconds=1.0,
            cell_seconds={0: 0.1, 1: 0.2},
            failure=failure,
            name="deep/bad",
        ),
        Outcome(tmp_path / "later.ipynb", "skipped", reason="bad did not pass"),
    ]
