from labkit.datasets.text import python_documentation


def test_it_is_english_about_python():
    text = python_documentation()
    assert len(text) > 300_000
    assert "generator expression" in text
    letters = sum(character.isascii() for character in text)
    assert letters / len(text) > 0.99


def test_it_is_the_same_at_each_call():
    assert python_documentation() == python_documentation()
