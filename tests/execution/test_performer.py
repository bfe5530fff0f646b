import pytest

from labkit.execution.performer import Performer


def test_whoever_performs_can_also_finish_and_be_interrupted():
    class Half(Performer):
        def perform(self, calls):
            yield from ()

    with pytest.raises(TypeError, match=r"finish.*interrupt"):
        Half()
