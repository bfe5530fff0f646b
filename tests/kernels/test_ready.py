import asyncio
from queue import Empty

import pytest

from labkit.kernels import ready


class Channel:
    def __init__(self, *messages):
        self.messages = list(messages)

    async def get_msg(self, timeout):
        if not self.messages:
            await asyncio.sleep(min(timeout, 0.01))
            raise Empty
        return self.messages.pop(0)


class Client:
    """A kernel that answers the n-th question, and whose outputs are heard from another on."""

    def __init__(self, answers_at=1, heard_at=1):
        self.answers_at, self.heard_at, self.asked, self.handled = answers_at, heard_at, 0, None
        self.shell_channel, self.iopub_channel = Channel(), Channel()

    def kernel_info(self):
        self.asked += 1
        if self.asked == self.answers_at:
            self.shell_channel.messages.append({"content": {"status": "ok"}})
        if self.asked == self.heard_at:
            self.iopub_channel.messages.append({"msg_type": "iopub_welcome"})

    def _handle_kernel_info_reply(self, reply):
        self.handled = reply


async def alive():
    return True


async def dead():
    return False


def wait(client, is_alive=alive, timeout=5):
    return asyncio.run(ready.answers(client, is_alive, timeout))


def test_one_question_is_enough_for_a_kernel_that_greets():
    client = Client()
    assert wait(client) == {"status": "ok"}
    assert client.asked == 1
    assert client.handled == {"content": {"status": "ok"}}


@pytest.mark.parametrize(("answers", "heard"), [(1, 3), (3, 1), (2, 4)])
def test_it_is_asked_until_it_answers_and_its_outputs_are_heard(monkeypatch, answers, heard):
    monkeypatch.setattr(ready, "ASK_AGAIN", 0.01)
    client = Client(answers, heard)
    wait(client)
    assert client.asked == max(answers, heard)


def test_a_kernel_that_ended_is_told():
    with pytest.raises(RuntimeError, match="ended before it was ready"):
        wait(Client(answers_at=99), dead)


def test_a_kernel_that_never_answers_is_told(monkeypatch):
    monkeypatch.setattr(ready, "ASK_AGAIN", 0.01)
    with pytest.raises(RuntimeError, match=r"did not answer within 0\.05 s"):
        wait(Client(answers_at=0, heard_at=0), timeout=0.05)
