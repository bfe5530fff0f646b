import pytest

from labkit.execution import probes


def test_an_answer_is_what_was_printed_last():
    assert probes.answer("print('noise'); print('{\"a\": 1}')") == {"a": 1}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("import no_such_thing", "ModuleNotFoundError: No module named 'no_such_thing'"),
        ("import os; os._exit(3)", "the process ended with code 3"),
    ],
)
def test_a_failure_leaves_its_last_words(question, said):
    assert probes.answer(question) == said


def test_an_endless_question_is_given_up(monkeypatch):
    monkeypatch.setattr(probes, "PATIENCE", 0.5)
    assert probes.answer("while True: pass") == "no answer within 0.5 s"


def test_the_questions_are_answered_on_this_machine():
    found = probes.answer(probes.TORCH)
    assert set(found) == {"torch", "torchvision", "device"}
    assert isinstance(probes.answer(probes.FONTS), list)
    assert isinstance(probes.answer(probes.DATA)["found"], list)
