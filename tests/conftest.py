"""Fixtures that every test may use."""

import jaxtyping
import pytest


@pytest.fixture
def as_learners_run_it():
    """Turn the shape checker of the test run off, so that labkit's own messages are tested."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
