"""What only the explorer of positional encodings has: waves, hands, a base, three kinds."""

import math

import pytest
import torch

from labkit.explorers.positional_encoding import PositionalEncodingExplorer

from .showing import change, get, number, painted

pytestmark = pytest.mark.browser


@pytest.fixture
def explorer():
    return PositionalEncodingExplorer(12, 6, base=100.0, dimension=2)


def press(page, name):
    page.get_by_role("button", name=name, exact=True).press("Enter")
    painted(page)


def cells(page):
    return [float(t) for t in page.locator(".lk-sum .lk-cell").all_inner_texts()]


@pytest.mark.parametrize("kind", ["sinusoidal", "rotary", "learned"])
def test_every_number_is_the_operations(open_page, explorer, kind):
    explorer.kind = kind
    page = open_page(explorer)
    for dimension in range(6):
        change(page, dimension=dimension)
        explorer.dimension = dimension
        for position in range(0, 12, 3):
            change(page, position=position)
            step = explorer.step(position)
            total = number(page.locator(".lk-total").inner_text())
            assert total == pytest.approx(step.value, abs=0.0051)
            if kind == "learned":
                assert cells(page) == [position, dimension]
                continue
            shown = [position, step.frequency, step.angle]
            assert cells(page) == pytest.approx(shown, rel=1e-3)
            wave = page.locator(".lk-sign").last.inner_text()
            assert step.value == pytest.approx(getattr(math, wave)(step.angle), abs=1e-5)


def test_dimension_kind_and_base_are_changed_by_keyboard(open_page, explorer):
    page = open_page(explorer)
    press(page, "larger dimension")
    assert get(page, "dimension") == 3
    press(page, "rotary")
    assert get(page, "kind") == "rotary"
    base = page.get_by_role("slider", name="base")
    assert base.get_attribute("aria-valuetext") == "100"
    base.focus()
    for _ in range(4):
        base.press("ArrowRight")
    painted(page)
    assert get(page, "base") == 1000
    assert base.get_attribute("aria-valuetext") == "1,000"
    assert "1,000^(−2·1 / 6) = 0.1" in page.locator(".lk-formula").inner_text()
    assert page.evaluate("window.leaked") == []
    press(page, "learned")
    assert base.is_disabled()
    assert get(page, "position") == 0


def test_it_says_whether_only_the_distance_counts(open_page, explorer):
    page = open_page(explorer)
    words = page.locator(".lk-finding")
    one, three = (explorer.similarity.diagonal(d)[0].item() for d in (1, 3))
    said = f"positions 1 apart have a similarity of {one:.2f}, 3 apart of {three:.2f}."
    assert words.inner_text() == f"Only the distance counts: {said}"
    change(page, kind="learned")
    explorer.kind = "learned"
    along = explorer.similarity.diagonal(1)
    reach = f"from {along.min():.2f} to {along.max():.2f}".replace("-", "−")
    assert f"More than the distance counts: positions 1 apart have a similarity {reach}" in (
        words.inner_text()
    )


@pytest.mark.parametrize("table", [None, torch.ones(12, 6)])
def test_a_random_table_is_called_random(open_page, table):
    page = open_page(PositionalEncodingExplorer(12, 6, kind="learned", table=table))
    label = page.locator(".lk-canvas").get_attribute("aria-label")
    assert ("a random table, not trained" in label) == (table is None)
    assert ("a trained table" in label) == (table is not None)


def test_a_guess_that_is_near_by_eye_is_right(open_page, explorer):
    explorer.predict, explorer.position = True, 4
    page = open_page(explorer)
    guess = page.get_by_role("textbox", name="Your prediction of the value of dimension 2")
    answer = explorer.step().value
    guess.fill(f"{answer - 0.2:.2f}")
    guess.press("Enter")
    assert "too small" in page.get_by_role("status").inner_text()
    guess.fill(f"{answer + 0.08:.2f}")
    guess.press("Enter")
    painted(page)
    words = page.get_by_role("status").inner_text()
    assert words == f"Right: the value of dimension 2 is {answer:.2f}."
    change(page, dimension=3)
    assert not page.locator(".lk-total").is_visible(), "another number is another question"


def test_a_hidden_answer_is_not_in_the_data_table_nor_its_partner(open_page, explorer):
    explorer.predict = True
    page = open_page(explorer)
    page.get_by_text("Data table").click()
    page.locator(".lk-panel table").first.wait_for()
    assert page.locator(".lk-panel td", has_text="hidden").count() == 2 + 2


def test_data_table_says_the_same_numbers(open_page, explorer):
    page = open_page(explorer)
    change(page, position=5)
    page.get_by_text("Data table").click()
    page.locator(".lk-panel table").first.wait_for()
    _, alike, encodings = page.locator(".lk-panel table").all()

    def numbers(table):
        texts = table.locator("td").all_inner_texts()
        return [float(text.replace("−", "-")) for text in texts]

    assert numbers(encodings) == pytest.approx(explorer.encoding.flatten().tolist(), abs=1e-4)
    columns = torch.tensor(numbers(alike)).reshape(12, 3)
    for column, kind in zip(columns.T, ("sinusoidal", "rotary", "learned"), strict=True):
        explorer.kind = kind
        torch.testing.assert_close(column, explorer.similarity[5], atol=1e-4, rtol=0)
    assert alike.locator("[aria-current]").count() == 3
    assert encodings.locator("[aria-current]").count() == 1


def test_pointing_shows_a_position_and_a_click_chooses_the_dimension(open_page, explorer):
    page = open_page(explorer)
    box = page.locator(".lk-canvas").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 35)
    painted(page)
    assert page.locator(".lk-readout span").first.inner_text() != "position 0"
    assert (get(page, "position"), get(page, "dimension")) == (0, 2)
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 35)
    painted(page)
    assert get(page, "dimension") == 0
    assert get(page, "position") > 0
    page.mouse.move(5, box["y"] + box["height"] + 500)
    painted(page)
    assert (
        page.locator(".lk-readout span").first.inner_text() == f"position {get(page, 'position')}"
    )
