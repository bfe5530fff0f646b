"""Every lesson, found by a glob: a new one is tested without being entered anywhere."""

from pathlib import Path

LESSONS = sorted(Path(__file__).parents[2].joinpath("notebooks").glob("*.ipynb"))


def pytest_generate_tests(metafunc):
    """Give each test that asks for a ``lesson`` every one of them, by name."""
    if "lesson" in metafunc.fixturenames:
        metafunc.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
