"""The explorer of a network as people use it; what all explorers share is in test_page.py."""

import re

import pytest
import torch

from labkit.explorers.network_steps import steps_of, value_of
from labkit.explorers.neural_network import NeuralNetworkExplorer

from .examples import neural_network as lesson
from .network_by_autograd import both_passes, in_order, network
from .showing import change, get, number, painted

pytestmark = pytest.mark.browser

FIRST_WEIGHT = 9  # x₁ → h₁ of the lesson's network


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()
    painted(page)


def said(page):
    return page.get_by_role("status").inner_text()


def equation(page):
    return page.locator(".lk-equation").inner_text().replace("\xa0", " ")


def total(page):
    return page.locator(".lk-total").inner_text()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_every_number_is_shown_spoken_and_autograds(open_page, activation):
    layers, x, target = network((2, 3, 2))
    expected = in_order((2, 3, 2), both_passes(layers, x, target, activation))
    page = open_page(NeuralNetworkExplorer(layers, x, target, activation=activation))
    quantities = {"sum": "value", "loss": "loss", "slope": "slope", "weight": "gradient"}
    for position, (step, value) in enumerate(zip(steps_of((2, 3, 2)), expected, strict=True)):
        change(page, position=position)
        assert number(total(page)) == pytest.approx(value, rel=6e-4, abs=6e-5)
        spoken = page.get_by_role("slider", name="Step").get_attribute("aria-valuetext")
        place, _, answer = spoken.partition(": ")
        assert answer == f"{quantities[step.kind]} {total(page)}"
        assert f"{place}: {answer}." in page.get_by_role("img").get_attribute("aria-label")
        assert f"= {total(page)}" in equation(page)


@pytest.mark.parametrize(
    ("position", "words"),
    [
        (0, "h₁ = ReLU(0.5 × 2 + 1 × 1 + 0) = ReLU(2) = 2"),
        (1, "h₂ = ReLU(1 × 2 + (−1.5) × 1 + 0.5) = ReLU(1) = 1"),
        (2, "y = 1 × 2 + (−1) × 1 + 0.5 = 1.5"),
        (3, "loss = (1.5 − 1)² = 0.25"),
        (4, "∂loss / ∂y = 2 × (y − t) = 2 × (1.5 − 1) = 1"),
        (5, "∂loss / ∂w = 1 × 2 = 2. A step of rate 0.01 takes the weight "
            "from 1 to 1 − 0.01 × 2 = 0.98."),
        (12, "∂loss / ∂z = (1 × (−1)) × ReLU′(1) = (−1) × 1 = −1"),
        (15, "∂loss / ∂b = (−1) × 1 = −1. A step of rate 0.01 takes the bias "
             "from 0.5 to 0.5 − 0.01 × (−1) = 0.51."),
    ],
)  # fmt: skip
def test_each_kind_of_step_is_written_out(open_page, position, words):
    page = open_page(lesson())
    change(page, position=position)
    assert " ".join(equation(page).split()) == " ".join(words.split())


def test_terms_lie_in_columns_and_add_up(open_page):
    layers, x, target = network((4, 6, 5))
    explorer = NeuralNetworkExplorer(layers, x, target, activation="tanh")
    page = open_page(explorer)
    for position, step in enumerate(steps_of((4, 6, 5))):
        if step.kind == "weight":
            continue
        change(page, position=position)
        cells = [number(t) for t in page.locator(".lk-terms .lk-cell").all_inner_texts()]
        count = len(cells) // 3
        first, second, third = (cells[i * count : (i + 1) * count] for i in range(3))
        if step.kind == "sum" or (step.kind == "slope" and step.layer == 0):
            products = [a * b for a, b in zip(first, second, strict=True)]
            assert third == pytest.approx(products, rel=2e-3, abs=2e-3)
            middle = (
                number(page.locator(".lk-part:visible").first.inner_text())
                if step.layer == 0
                else number(total(page))
            )
            assert sum(third) == pytest.approx(middle, abs=2e-3 * count)
        elif step.kind == "loss":
            assert sum(third) == pytest.approx(number(total(page)), rel=2e-3)
            assert [(a - b) ** 2 for a, b in zip(first, second, strict=True)] == pytest.approx(
                third, rel=2e-2, abs=2e-3
            )
        else:
            assert [2 * (first[0] - second[0])] == pytest.approx([number(total(page))], abs=4e-3)


def test_a_small_rate_lowers_the_loss_and_a_large_one_raises_it(open_page):
    page = open_page(lesson())
    press(page, "Take a step")
    assert said(page) == "1 step with learning rate 0.01: the loss fell from 0.25 to 0.1028."
    press(page, "Back to the start")
    assert (get(page, "losses"), [round(x, 3) for x in get(page, "earlier")]) == ([], [0.25, 0.103])
    assert page.get_by_role("button", name="Back to the start").is_disabled()
    press(page, "0.1")
    press(page, "Take a step")
    assert said(page) == "1 step with learning rate 0.1: the loss rose from 0.25 to 1.538."
    assert "lk-wrong" in page.get_by_role("status").get_attribute("class")
    assert "The loss is 1.538 after 1 step." in page.get_by_role("img").get_attribute("aria-label")
    assert get(page, "parameters")[0][0] == [[pytest.approx(0.3), 0.9], [1.2, pytest.approx(-1.4)]]


def test_ten_steps_are_those_of_python_and_a_step_too_far_is_refused(open_page):
    explorer = lesson()
    page = open_page(explorer)
    press(page, "10 steps")
    for _ in range(10):
        explorer.take_step()
    assert get(page, "losses") == pytest.approx(explorer.losses)
    assert get(page, "parameters") == [
        [[pytest.approx(row) for row in weight], pytest.approx(bias)]
        for weight, bias in explorer.parameters
    ]
    change(page, parameters=[[[[1e5, 1e5]] * 2, [0, 0]], [[[1, 2]], [0]]], lr=1)
    press(page, "Take a step")
    assert said(page).startswith("Not possible: weights would grow beyond 1,000,000.")
    assert len(get(page, "losses")) == 10
    change(page, losses=[1.0] * 500)
    press(page, "Take a step")
    assert said(page).startswith("500 steps were taken")


def test_the_example_is_changed_by_keyboard_and_starts_a_new_curve(open_page):
    explorer = lesson()
    page = open_page(explorer)
    press(page, "Take a step")
    field = page.get_by_role("spinbutton", name="input x₁")
    field.press("ArrowUp")
    painted(page)
    assert (get(page, "x"), get(page, "losses")) == ([2.5, 1], [])
    assert field.input_value() == "2.5"
    field = page.get_by_role("spinbutton", name="target of y")
    field.fill("-0.25")
    field.press("Enter")
    page.get_by_role("button", name="larger input x₂").press("Enter")
    page.get_by_role("button", name="tanh").press("Enter")
    painted(page)
    state = {name: get(page, name) for name in ("x", "target", "activation", "parameters")}
    assert (state["x"], state["target"], state["activation"]) == ([2.5, 1.5], [-0.25], "tanh")
    for name, value in state.items():
        setattr(explorer, name, value)
    assert number(re.search(r"loss is now (\S+)\.", said(page))[1]) == pytest.approx(
        explorer.loss, rel=1e-3
    )
    field.fill("")
    field.press("Enter")
    painted(page)
    assert (field.input_value(), get(page, "target")) == ("-0.25", [-0.25])
    assert page.evaluate("window.leaked.filter((key) => key.startsWith('Arrow'))") == []


def test_prediction_keeps_back_what_is_to_come_but_not_what_was_passed(open_page):
    page = open_page(lesson())
    page.get_by_text("Data table").click()
    press(page, "Predict")
    label = page.get_by_role("img").get_attribute("aria-label")
    assert "value hidden" in label
    assert "The loss is hidden" in label
    assert page.locator(".lk-part:visible").inner_text() == "?"
    assert equation(page) == "h₁ = ReLU(0.5 × 2 + 1 × 1 + 0) = ?"
    guess = page.get_by_role("textbox", name="Your prediction of the value")
    guess.fill("3")
    guess.press("Enter")
    assert "too large" in said(page)
    guess.fill("2")
    guess.press("Enter")
    assert said(page) == "Right: the value is 2."
    change(page, position=3)
    assert page.get_by_role("textbox", name="Your prediction of the loss").is_visible()
    assert "?" in page.locator(".lk-terms").inner_text()
    rows = page.locator(".lk-panel table").first.locator("tbody tr").all()
    values = [row.locator("td").nth(1).inner_text() for row in rows]
    slopes = [row.locator("td").nth(2).inner_text() for row in rows]
    assert (values, slopes) == (["2", "1", "1.5"], ["hidden"] * 3)
    press(page, "Take a step")
    assert said(page) == "1 step taken."
    change(page, position=FIRST_WEIGHT)
    assert page.get_by_role("textbox", name="Your prediction of the gradient").is_visible()
    assert "The loss is 0.1028" in page.get_by_role("img").get_attribute("aria-label")


def test_the_data_table_says_every_number(open_page):
    explorer = lesson()
    page = open_page(explorer)
    change(page, position=FIRST_WEIGHT)
    page.get_by_text("Data table").click()
    painted(page)
    neurons, weights, losses = page.locator(".lk-panel table").all()
    rows = [row.locator("td").all_inner_texts() for row in weights.locator("tbody tr").all()]
    by_name = {"weight": 0, "bias": 1}
    for name, value, gradient in rows:
        layer, part, where = re.match(r"layers\[(\d)\]\.(\w+)\[(.*)\]", name).groups()
        index = tuple(map(int, where.split(",")))
        own = explorer.layers[int(layer)][by_name[part]][index]
        slope = explorer.gradients[int(layer)][by_name[part]][index]
        assert (number(value), number(gradient)) == (own, slope)
    assert len(rows) == 9
    assert weights.locator("[aria-current]").inner_text() == "2"
    assert [row.locator("td").all_inner_texts() for row in neurons.locator("tbody tr").all()] == [
        ["2", "2", "1"], ["1", "1", "−1"], ["1.5", "1.5", "1"],
    ]  # fmt: skip
    assert losses.locator("td").all_inner_texts() == ["0.25"]


PLACES = {  # on a page 1000 pixels wide
    "h₁": (230, 116), "h₂": (230, 220), "y": (424, 168), "loss": (620, 168),
    "x₁ → h₁": (98, 116), "x₁ → h₂": (98, 150), "x₂ → h₁": (98, 187), "x₂ → h₂": (170, 220),
    "h₁ → y": (292, 132), "h₂ → y": (292, 203), "bias of y": (424, 199), "x₁": (34, 116),
}  # fmt: skip


def test_pointing_at_the_network_shows_that_step_and_a_click_goes_there(open_page):
    page = open_page(lesson())
    box = page.get_by_role("img").bounding_box()

    def pointed_at(name):
        x, y = PLACES[name]
        page.mouse.move(box["x"] + x, box["y"] + y)
        painted(page)
        return page.locator(".lk-readout span").first.inner_text()

    own = {"h₁": "neuron h₁", "h₂": "neuron h₂", "y": "output y", "loss": "squared error"}
    for name in PLACES:  # forwards a line belongs to the neuron that it leads to
        leads_to = name.split()[-1]
        assert pointed_at(name) == own.get(leads_to, "neuron h₁"), name
    page.mouse.click(*(at + by for at, by in zip(PLACES["y"], (box["x"], box["y"]), strict=True)))
    painted(page)
    assert get(page, "position") == 2
    change(page, position=15)
    for name in PLACES:
        weight = f"weight {name}" if "→" in name else name
        expected = {"loss": "squared error", "x₁": "bias of h₂"}.get(name, weight)
        assert pointed_at(name) == (f"slope at {name}" if name in ("h₁", "h₂", "y") else expected)


def test_while_it_plays_what_is_to_come_is_empty(open_page):
    page = open_page(lesson(), width=400)
    grey = """() => {
        const canvas = document.querySelector(".lk-canvas");
        const data = canvas.getContext("2d").getImageData(110, 60, 150, 190).data;
        let found = 0;
        for (let i = 0; i < data.length; i += 4) found += data[i] === 0xee && data[i + 1] === 0xf0;
        return found; }"""
    assert page.evaluate(grey) < 50
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("window.model.get('position') === 1")
    painted(page)
    assert page.evaluate(grey) > 800  # y is not known yet
    page.get_by_role("button", name="Pause").click()
    painted(page)
    assert page.evaluate(grey) < 50


@pytest.mark.parametrize("sizes", [(1, 1), (6, 6, 6, 6), (1, 6, 1)], ids=str)
@pytest.mark.parametrize("width", [400, 700, 1000])
def test_the_smallest_and_the_largest_fit_on_narrow_and_wide_pages(open_page, sizes, width):
    explorer = NeuralNetworkExplorer(*network(sizes), activation="sigmoid")
    page = open_page(explorer, width=width)
    steps = steps_of(sizes)
    kinds = [step.kind for step in steps]
    for position in (*map(kinds.index, ("sum", "loss", "slope", "weight")), len(steps) - 1):
        change(page, position=position)
        assert number(total(page)) == pytest.approx(
            value_of(steps[position], explorer.passes), rel=6e-4, abs=6e-5
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        overflowing = page.evaluate(
            """() => { const root = document.querySelector(".lk").getBoundingClientRect();
                return [...document.querySelectorAll(".lk *")].filter((node) => {
                    const box = node.getBoundingClientRect();
                    return box.width && (box.right > root.right + 1 || box.left < root.left - 1);
                }).map((node) => node.className) }"""
        )
        assert overflowing == []


def test_a_weight_of_zero_a_loss_of_zero_and_huge_numbers_are_drawn(open_page):
    zero = [(torch.zeros(2, 2), torch.zeros(2)), (torch.zeros(1, 2), torch.zeros(1))]
    page = open_page(NeuralNetworkExplorer(zero, torch.zeros(2), torch.zeros(1)))
    for position in (0, 3, 15):
        change(page, position=position)
        assert total(page) == "0"
    press(page, "Take a step")
    assert "the loss stayed at 0" in said(page)
    change(page, parameters=[[[[1e6, -1e6]] * 2, [1e6, 1e6]], [[[1e6, -1e-6]], [0]]], x=[1, 0.5])
    assert "e" in total(page)
