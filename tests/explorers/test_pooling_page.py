"""What only the pooling explorer has: a winner, a shift, the way of the gradient, rounding up."""

import pytest
import torch

from labkit.explorers.pooling import PoolingExplorer

from .showing import change, get, number, painted

pytestmark = pytest.mark.browser


@pytest.fixture
def explorer():
    return PoolingExplorer(torch.arange(54.0).reshape(9, 6) % 7, kernel_size=3, stride=2, padding=1)


def press(page, name, times=1):
    for _ in range(times):
        page.get_by_role("button", name=name, exact=True).press("Enter")
        painted(page)


def grids(page):
    """The texts of each grid, by its label."""
    return page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".lk-block")]
            .filter((block) => block.querySelector(".lk-grid"))
            .map((block) => [block.querySelector(".lk-label").textContent,
                [...block.querySelectorAll(".lk-cell")].map((cell) => cell.textContent)]))"""
    )


def ringed(page):
    return page.evaluate(
        """() => [...document.querySelector(".lk-grid").children]
            .flatMap((cell, i) => (cell.classList.contains("lk-ringed") ? [i] : []))"""
    )


@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize("view", ["window", "shift", "gradient"])
def test_every_step_shows_what_torch_computes(open_page, explorer, kind, view):
    explorer.kind, explorer.view = kind, view
    page = open_page(explorer)
    for position in range(explorer.output.numel()):
        change(page, position=position)
        totals = [number(text) for text in page.locator(".lk-total").all_inner_texts()]
        step = explorer.step(position)
        here = step.row, step.column
        if view == "window":
            assert totals == pytest.approx([explorer.output[here].item()], abs=0.0051)
        elif view == "shift":
            both = [explorer.output[here].item(), explorer.shifted_output[here].item()]
            assert totals == pytest.approx(both, abs=0.0051)
        else:
            cell = step.cells[int(step.shares.argmax()) if kind == "max" else 0]
            assert totals == pytest.approx([explorer.gradient[cell].item()], abs=0.0051)
            shares = [float(text) for text in grids(page)["share"] if text]
            assert shares == pytest.approx(step.shares.tolist(), abs=0.0051)
            readers = [int(text) for text in grids(page)["readers"] if text]
            assert readers == [explorer.readers[cell].item() for cell in step.cells]


def test_the_winner_is_ringed_and_padding_is_less_than_everything(open_page, explorer):
    page = open_page(explorer)
    cells = grids(page)["window"]
    assert cells == ["−∞", "−∞", "−∞", "−∞", "0", "1", "−∞", "6", "0"]
    assert ringed(page) == [cells.index("6")]
    assert page.locator(".lk-equation").inner_text() == "max(0, 1, 6, 0) = 6"
    change(page, kind="average")
    assert ringed(page) == []
    assert page.locator(".lk-equation").inner_text() == "(0 + 1 + 6 + 0) / 9 = 0.78"
    press(page, "count include pad")
    assert page.locator(".lk-equation").inner_text() == "(0 + 1 + 6 + 0) / 4 = 1.75"
    assert get(page, "count_include_pad") is False


def test_kind_and_view_are_chosen_by_keyboard(open_page, explorer):
    page = open_page(explorer)
    for name, trait, value in [
        ("average", "kind", "average"),
        ("a shift", "view", "shift"),
        ("the gradient", "view", "gradient"),
        ("max", "kind", "max"),
    ]:
        press(page, name)
        assert get(page, trait) == value
        pressed = page.get_by_role("button", name=name, exact=True).get_attribute("aria-pressed")
        assert pressed == "true"
    assert page.locator("[aria-label='what to look at'] [aria-pressed=true]").count() == 1


def test_a_shift_says_how_many_outputs_it_changes(open_page, explorer):
    explorer.view = "shift"
    page = open_page(explorer)
    press(page, "larger shift down", 2)
    press(page, "smaller shift right", 3)
    explorer.shift = (2, -2)
    assert get(page, "shift") == [2, -2]
    cells = (explorer.shifted != explorer.image).sum().item()
    outputs = (explorer.shifted_output != explorer.output).sum().item()
    words = page.locator(".lk-equation").inner_text()
    assert words.startswith("Shifted 2 cells down and 2 cells to the left:")
    assert f"{cells} of 54 input cells change, {outputs} of 15 outputs." in words
    means = [
        (after - before).abs().mean()
        for after, before in (
            (explorer.shifted, explorer.image),
            (explorer.shifted_output, explorer.output),
        )
    ]
    assert words.endswith(
        f"Mean change: {means[0]:.1f} in the input, {means[1]:.1f} in the output."
    )


def test_a_shift_cannot_be_larger_than_a_button_allows(open_page, explorer):
    explorer.view, explorer.shift = "shift", (0, 7)
    page = open_page(explorer)
    press(page, "larger shift right")
    assert page.get_by_role("button", name="larger shift right").is_disabled()
    field = page.get_by_role("spinbutton", name="shift right")
    field.fill("")
    field.blur()
    assert get(page, "shift") == [0, 0]
    painted(page)
    assert page.locator(".lk-equation").inner_text().startswith("Not shifted: 0 of 54")


def test_a_size_that_is_not_whole_is_red_unless_it_is_rounded_up(open_page):
    page = open_page(PoolingExplorer(torch.rand(8, 7), kernel_size=3))  # (8 − 3) / 3, (7 − 3) / 3
    wrong = page.locator(".lk-formula .lk-wrong")
    height, width = wrong.all_inner_texts()
    assert "= 2.67" in height
    assert "2 rows at the bottom left over. The size is 2." in height
    assert "1 column at the right left over. The size is 2." in width
    press(page, "ceil mode")
    assert wrong.count() == 0
    formula = page.locator(".lk-formula").inner_text()
    assert "rounded up, the last window reaches 1 row over the edge. The size is 3." in formula
    assert page.locator(".lk-readout").inner_text().endswith("step 1 of 9")


def test_a_window_that_would_begin_behind_the_image_is_left_out(open_page):
    options = {"kernel_size": 3, "stride": 4, "padding": 1, "ceil_mode": True}
    explorer = PoolingExplorer(torch.rand(7, 7), **options)
    assert explorer.output.shape == (2, 2)
    page = open_page(explorer)  # (7 + 2 − 3) / 4 + 1 = 2.5, and the third would begin at 8 − 1
    formula = page.locator(".lk-formula").inner_text()
    assert "a window would begin behind the image; it is left out. The size is 2." in formula


def test_what_torch_refuses_is_refused_with_the_reason(open_page, explorer):
    page = open_page(explorer)
    press(page, "larger padding")
    assert get(page, "padding") == 1
    assert "more than half of the kernel" in page.get_by_role("status").inner_text()
    change(page, padding=0, stride=1)
    press(page, "larger kernel", 3)
    press(page, "larger kernel")
    assert get(page, "kernel_size") == 6
    words = page.get_by_role("status").inner_text()
    assert "the window would be 7 wide, and only 6 cells are there" in words


def test_a_prediction_hides_what_gives_it_away(open_page, explorer):
    explorer.predict = True
    page = open_page(explorer)
    assert ringed(page) == []
    change(page, view="gradient", stride=1, position=9)
    assert set(grids(page)["gradient"]) == {"·"}
    assert "hidden" in page.get_by_role("slider").get_attribute("aria-valuetext")
    step = explorer.step(0)
    explorer.stride, explorer.position = 1, 9
    step = explorer.step()
    answer = explorer.gradient[step.cells[int(step.shares.argmax())]].item()
    guess = page.get_by_role("textbox", name="Your prediction of the gradient at the ringed cell")
    guess.fill(f"{answer + 1}")
    guess.press("Enter")
    assert "too large" in page.get_by_role("status").inner_text()
    guess.fill(f"{answer}")
    guess.press("Enter")
    painted(page)
    assert page.get_by_role("status").inner_text().startswith("Right: the gradient at")
    assert number(page.locator(".lk-total").inner_text()) == answer
    change(page, position=10)
    assert not page.locator(".lk-total").is_visible()


def test_data_table_says_the_same_numbers(open_page, explorer):
    explorer.kind, explorer.view = "average", "gradient"
    page = open_page(explorer)
    page.get_by_text("Data table").click()
    page.locator(".lk-panel table").first.wait_for()
    step, image, output, gradient = page.locator(".lk-panel table").all()
    assert step.locator("caption").inner_text() == "This step"
    for table, values in (
        (image, explorer.image),
        (output, explorer.output),
        (gradient, explorer.gradient),
    ):
        cells = [float(cell) for cell in table.locator("td").all_inner_texts()]
        assert cells == pytest.approx(values.flatten().tolist(), abs=1e-4)
    assert image.locator("[aria-current]").count() == len(explorer.step().cells)
    assert output.locator("[aria-current]").count() == 1
    assert gradient.locator("caption").inner_text() == "Gradient of the input 9 × 6"


def test_pointing_at_a_cell_marks_it_in_every_grid_and_leaving_returns(open_page, explorer):
    explorer.view = "gradient"
    page = open_page(explorer)
    box = page.locator(".lk-canvas").bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"])
    painted(page)
    touched = page.evaluate(
        """() => [...document.querySelectorAll(".lk-grid")].map((grid) =>
            [...grid.children].findIndex((cell) => cell.classList.contains("lk-touched")))"""
    )
    assert len(set(touched)) == 1
    assert touched[0] >= 0
    assert get(page, "position") == 0
    page.mouse.move(5, box["y"] + box["height"] + 500)
    painted(page)
    assert page.locator(".lk-touched").count() == 0
    assert "step 1 of 15" in page.locator(".lk-readout").inner_text()
