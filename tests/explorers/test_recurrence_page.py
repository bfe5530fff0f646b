"""The explorer of recurrence as people use it; what all explorers share is in test_page.py."""

import re

import pytest
import torch
from matplotlib import colormaps
from torch import nn

from labkit.explorers.recurrence import RecurrenceExplorer

from .showing import change, get, number, painted, two

pytestmark = pytest.mark.browser

CLASSES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


def make(kind="lstm", **options):
    torch.manual_seed(4)
    weights = CLASSES[kind](4, 5).state_dict()
    inputs = torch.randn(6, 4)
    return RecurrenceExplorer(inputs, weights, kind=kind, tokens="你好 abc", **options)


def slider(page):
    return page.get_by_role("slider", name="Step")


def equation(page):
    return page.locator(".lk-equation").inner_text()


def words(page):
    return page.locator(".lk-formula").inner_text()


def test_arrow_keys_move_by_step_and_by_unit(open_page):
    page = open_page(make())  # 6 steps, 5 units
    moves = [
        ("ArrowRight", 1, 0), ("ArrowDown", 1, 1), ("ArrowDown", 1, 2), ("ArrowUp", 1, 1),
        ("End", 5, 1), ("ArrowDown", 5, 2), ("ArrowDown", 5, 3), ("ArrowDown", 5, 4),
        ("ArrowDown", 5, 4), ("ArrowLeft", 4, 4), ("PageUp", 2, 4), ("Home", 0, 4),
        ("ArrowUp", 0, 3), ("ArrowUp", 0, 2), ("ArrowUp", 0, 1), ("ArrowUp", 0, 0),
        ("ArrowUp", 0, 0),
    ]  # fmt: skip
    slider(page).focus()
    for key, position, unit in moves:
        slider(page).press(key)
        assert (key, get(page, "position"), get(page, "unit")) == (key, position, unit)
    assert page.evaluate("window.leaked") == []


@pytest.mark.parametrize("kind", CLASSES)
def test_every_state_is_shown_spoken_and_torchs(open_page, kind):
    explorer = make(kind)
    states = explorer.states
    page = open_page(explorer)
    for unit in (0, 3):
        change(page, unit=unit)
        for position in range(6):
            change(page, position=position)
            said = f"new state {two(states[position, unit].item())}"
            place = f"t = {position} “{explorer.tokens[position]}”, unit {unit}"
            assert slider(page).get_attribute("aria-valuetext") == f"{place}: {said}"
            assert f"At {place}: {said}." in page.get_by_role("img").get_attribute("aria-label")
            assert page.locator(".lk-total").inner_text() == two(states[position, unit].item())
            assert equation(page).endswith(f"= {two(states[position, unit].item())}")


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_each_gate_is_written_out_and_a_click_shows_its_sum(open_page, kind):
    explorer = make(kind, position=3, unit=2)
    page = open_page(explorer)
    cards = page.locator(".lk-gate").all()
    step = explorer.step()
    assert len(cards) == len(step.gates)
    for card, gate in zip(cards, step.gates, strict=True):
        card.click()
        painted(page)
        assert card.get_attribute("aria-pressed") == "true"
        assert number(card.locator(".lk-gate-value").inner_text()) == pytest.approx(
            gate.value, abs=6e-4
        )
        assert card.get_attribute("aria-label").startswith(f"gate {gate.name}, ")
        labels = page.locator(".lk-strip .lk-label").all_inner_texts()
        shown = [number(label.split(" = ")[1]) for label in labels]
        assert shown == pytest.approx([gate.from_input, gate.from_state], abs=6e-4)
        for strip, total in zip(page.locator(".lk-strip").all(), shown, strict=True):
            cells = [number(text) for text in strip.locator(".lk-cell").all_inner_texts()]
            count = len(cells) // 3
            values, weights, products = (cells[i * count : (i + 1) * count] for i in range(3))
            assert values[-1] == 1  # the bias
            assert [v * w for v, w in zip(values, weights, strict=True)] == pytest.approx(
                products, abs=0.02
            )
            assert sum(products) == pytest.approx(total, abs=0.005 * count + 0.001)


def test_the_equation_is_right_with_the_numbers_that_it_shows(open_page):
    for kind, count in (("rnn", 3), ("gru", 5), ("lstm", 8)):
        page = open_page(make(kind, position=4, unit=1))
        rest = equation(page).partition("(1 −" if kind == "gru" else " = ")[2]
        numbers = [number(text) for text in re.findall(r"−?\d+\.\d+", rest)]
        tanh = lambda x: torch.tanh(torch.tensor(x)).item()  # noqa: E731
        if kind == "rnn":
            a, b, state = numbers
            sign = -1 if "−" in re.search(r"tanh\(.*? ([+−]) [\d.]+\)", rest)[1] else 1
            made = tanh(a + sign * abs(b))
        elif kind == "gru":
            z, n, again, before, state = numbers
            assert z == again
            made = (1 - z) * n + z * before
        else:
            f, cell_before, i, g, cell, o, same, state = numbers
            assert cell == same == pytest.approx(f * cell_before + i * g, abs=2e-3)
            made = o * tanh(cell)
        assert len(numbers) == count
        assert state == pytest.approx(made, abs=0.006)


def test_a_change_is_made_by_keyboard_and_its_reach_is_said(open_page):
    from playwright.sync_api import expect

    explorer = make("rnn")
    page = open_page(explorer)
    page.get_by_role("spinbutton", name="step of the change").fill("2")
    page.get_by_role("spinbutton", name="step of the change").blur()
    page.get_by_role("button", name="larger input that changes").press("Enter")
    amount = page.get_by_role("slider", name="amount of the change")
    amount.press("End")
    page.get_by_role("button", name="20 %").press("Enter")
    painted(page)
    state = {name: get(page, name) for name in ("perturbed", "feature", "amount", "threshold")}
    assert state == {"perturbed": 2, "feature": 1, "amount": 3, "threshold": 0.2}
    assert amount.get_attribute("aria-valuetext") == "3"
    explorer.set_trait("perturbed", 2)
    for name, value in state.items():
        setattr(explorer, name, value)
    assert 0 < explorer.reach < 4
    steps = f"{explorer.reach} step" + "s" * (explorer.reach > 1)
    assert f"below 20 % of its greatest size after {steps}." in words(page)
    # What is read aloud follows when the figure has come to rest, which takes a moment.
    expect(page.get_by_role("status")).to_contain_text(f"greatest size after {steps}.")
    assert page.get_by_role("status").inner_text() in words(page)
    assert steps in page.get_by_role("img").get_attribute("aria-label")
    change(page, threshold=0.001)
    assert "At the last step the change is still above 0.1 %" in words(page)
    change(page, amount=0)
    assert "The change reaches no state." in words(page)


def test_the_gradient_is_said_beside_that_of_the_last_step(open_page):
    explorer = make("rnn", perturbed=3)
    here, last = explorer.gradient_norms[3].item(), explorer.gradient_norms[-1].item()
    page = open_page(explorer)
    said = re.search(
        r"At step 3 it is (\S+), (\S+) times smaller than .* \((\S+) = √5\)", words(page)
    )
    assert float(said[1]) == pytest.approx(here, rel=0.06)
    assert float(said[2]) == pytest.approx(last / here, rel=0.06)
    assert float(said[3]) == pytest.approx(last, rel=0.06)


def test_kinds_change_and_the_unit_stays_inside(open_page):
    weights = {"rnn": nn.RNN(4, 3).state_dict(), "lstm": nn.LSTM(4, 6).state_dict()}
    page = open_page(RecurrenceExplorer(torch.eye(4), weights, kind="lstm", unit=5))
    assert page.locator(".lk-gate").count() == 4
    page.get_by_role("button", name="RNN").click()
    painted(page)
    assert (get(page, "kind"), get(page, "unit")) == ("rnn", 2)
    assert page.locator("button.lk-gate").count() == 0
    assert page.get_by_role("spinbutton", name="unit").get_attribute("max") == "2"
    page.get_by_role("button", name="GRU, random").click()
    painted(page)
    assert page.locator(".lk-gate").count() == 3
    assert page.get_by_role("button", name="GRU, random").get_attribute("aria-pressed") == "true"


def test_prediction_hides_the_state_but_not_what_came_before(open_page):
    explorer = make("rnn", position=3, unit=2)
    states = explorer.states[:, 2].tolist()
    page = open_page(explorer)
    page.get_by_text("Data table").click()
    page.get_by_role("button", name="Predict").click()
    painted(page)
    assert equation(page).endswith("= ?")
    rows = page.locator(".lk-panel table").nth(1).locator("tbody tr").all()
    shown = [row.locator("td").nth(1).inner_text() for row in rows]
    assert shown[3:] == ["hidden"] * 3
    assert [number(text) for text in shown[:3]] == pytest.approx(states[:3], abs=1e-4)
    units = page.locator(".lk-panel table").nth(2).locator("tbody tr").all()
    assert [row.locator("td").nth(1).inner_text() == "hidden" for row in units] == [
        unit == 2 for unit in range(5)
    ]
    guess = page.get_by_role("textbox", name="Your prediction of the new state")
    guess.fill(two(states[3] + 0.1))
    guess.press("Enter")
    assert "too large" in page.get_by_role("status").inner_text()
    guess.fill(two(states[3]))
    guess.press("Enter")
    assert "Right: the new state is" in page.get_by_role("status").inner_text()
    painted(page)
    assert equation(page).endswith(f"= {two(states[3])}")


def test_the_data_table_says_every_number(open_page):
    explorer = make("lstm", position=3, unit=2, perturbed=1, amount=-0.5)
    page = open_page(explorer)
    page.get_by_text("Data table").click()
    painted(page)
    update, steps, units, terms = page.locator(".lk-panel table").all()
    rows = [row.locator("td").all_inner_texts() for row in update.locator("tbody tr").all()]
    step = explorer.step()
    for row, gate in zip(rows, step.gates, strict=False):
        assert [number(row[0]), number(row[1]), number(row[3])] == pytest.approx(gate[1:], abs=6e-4)
    assert number(rows[4][3]) == pytest.approx(step.cell, abs=6e-4)
    assert number(rows[5][3]) == pytest.approx(step.state, abs=1e-4)
    rows = [row.locator("td").all_inner_texts() for row in steps.locator("tbody tr").all()]
    assert [row[0] for row in rows] == [token.strip() for token in explorer.tokens]
    assert [number(row[1]) for row in rows] == pytest.approx(
        explorer.states[:, 2].tolist(), abs=1e-4
    )
    assert [number(row[2]) for row in rows] == pytest.approx(
        explorer.differences[:, 2].tolist(), abs=1e-4
    )
    assert steps.locator("[aria-current]").count() == 1
    rows = [row.locator("td").all_inner_texts() for row in units.locator("tbody tr").all()]
    assert [number(row[1]) for row in rows] == pytest.approx(explorer.states[3].tolist(), abs=1e-4)
    rows = [row.locator("td").all_inner_texts() for row in terms.locator("tbody tr").all()]
    assert terms.locator("caption").inner_text() == "Terms of gate i"
    values, weights, products = ([number(row[i]) for row in rows] for i in range(3))
    before = explorer.states[2].tolist()
    assert values == pytest.approx([*explorer.inputs[3].tolist(), 1, *before, 1], abs=1e-4)
    named = [weight[2].tolist() for weight in explorer.weights.values()]  # row of unit 2, gate i
    assert weights == pytest.approx([*named[0], named[2], *named[1], named[3]], abs=1e-4)
    assert sum(products) == pytest.approx(sum(step.gates[0][1:3]), abs=1e-3)


PIXELS = """
(places) => places.map(([x, y]) => {
    const canvas = document.querySelector(".lk-canvas");
    const ratio = canvas.width / canvas.getBoundingClientRect().width;
    return [...canvas.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data];
})
"""


def test_a_cell_has_the_colour_of_its_state_and_pointing_at_it_says_which(open_page):
    explorer = make("rnn", position=5, unit=4)
    states = explorer.states
    high = states.abs().max().item()
    page = open_page(explorer, width=400)  # cells without numbers
    box = page.get_by_role("img").bounding_box()
    places = [(x, y) for x in range(50, 300, 29) for y in range(60, 240, 31)]
    colours = page.evaluate(PIXELS, places)
    seen = set()
    for (x, y), (*colour, opaque) in zip(places, colours, strict=True):
        page.mouse.move(box["x"] + x, box["y"] + y)
        painted(page)
        where = page.locator(".lk-readout").inner_text()
        position, unit = map(int, re.match(r"t = (\d+).*unit (\d+)", where).groups())
        if position == 5 or not opaque:
            continue  # framed, or between two cells
        value = states[position, unit].item()
        assert page.locator(".lk-total").inner_text() == two(value)
        expected = torch.tensor(colormaps["RdBu_r"]((value / high + 1) / 2)[:3]) * 255
        assert colour == pytest.approx(expected.tolist(), abs=4)
        seen.add((position, unit))
    assert len(seen) > 15
    page.mouse.move(5, box["y"] + box["height"] + 300)
    painted(page)
    assert "t = 5" in page.locator(".lk-readout").inner_text()
    assert (get(page, "position"), get(page, "unit")) == (5, 4)


def test_a_click_chooses_step_and_unit_and_over_the_changes_the_step_that_changes(open_page):
    page = open_page(make("rnn"))
    canvas = page.get_by_role("img")
    box = canvas.bounding_box()
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 150)
    painted(page)
    position, unit = get(page, "position"), get(page, "unit")
    assert position > 0
    assert unit > 0
    assert get(page, "perturbed") == 0
    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 36)
    painted(page)
    assert get(page, "perturbed") > 1
    assert get(page, "unit") == unit


def test_while_it_plays_the_states_to_come_are_empty(open_page):
    page = open_page(make("rnn"), width=400)
    grey = """() => {
        const canvas = document.querySelector(".lk-canvas");
        const { width } = canvas.getBoundingClientRect();
        const data = canvas.getContext("2d").getImageData(0, 50, width, 200).data;
        let found = 0;
        for (let i = 0; i < data.length; i += 4) found += data[i] === 0xee && data[i + 1] === 0xf0;
        return found; }"""
    before = page.evaluate(grey)
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.model.get('position') === 1")
    painted(page)
    assert page.evaluate(grey) > before + 5_000
    page.get_by_role("button", name="Pause").click()
    painted(page)
    assert page.evaluate(grey) == before


@pytest.mark.parametrize("steps", [1, 64])
@pytest.mark.parametrize("width", [400, 700, 1000])
def test_the_smallest_and_the_largest_fit_on_narrow_and_wide_pages(open_page, steps, width):
    size = 16 if steps > 1 else 1
    torch.manual_seed(0)
    weights = {kind: cell(size, size).state_dict() for kind, cell in CLASSES.items()}
    for parameter in (p for state in weights.values() for p in state.values()):
        parameter.copy_(-3 * torch.rand_like(parameter) - 2)  # long numbers: sums below −10
    explorer = RecurrenceExplorer(3 * torch.rand(steps, size), weights, kind="gru")
    explorer.position = steps - 1
    page = open_page(explorer, width=width)
    for kind in CLASSES:
        change(page, kind=kind)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        overflowing = page.evaluate(
            """() => { const root = document.querySelector(".lk").getBoundingClientRect();
                return [...document.querySelectorAll(".lk *")].filter((node) => {
                    const box = node.getBoundingClientRect();
                    return box.width && (box.right > root.right + 1 || box.left < root.left - 1);
                }).map((node) => node.className) }"""
        )
        assert overflowing == []
        clipped = page.evaluate(
            """() => [...document.querySelectorAll(".lk-gate *, .lk-strip .lk-label")].filter(
                (node) => node.scrollWidth > node.clientWidth + 1 && node.clientWidth)
                .map((node) => node.textContent)"""
        )
        assert clipped == []
