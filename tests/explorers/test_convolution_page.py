"""The explorer as people use it: by keyboard, by ear, by pointer, on narrow and dark pages."""

import pytest
import torch
import torch.nn.functional as F

from labkit.explorers.convolution import ConvolutionExplorer

from .showing import change, get, painted

pytestmark = pytest.mark.browser

ROOT = '[data-labkit-explorer="convolution"]'
CONTROLS = "button, input, summary, [tabindex]"


@pytest.fixture
def explorer():
    image = torch.arange(48.0).reshape(8, 6) % 7
    return ConvolutionExplorer(image, presets={"learned": [[1.5, 2.0], [0.0, -1.0]]})


def test_arrow_keys_move_the_window_by_column_and_by_row(open_page, explorer):
    page = open_page(explorer)  # the output is 6 × 4
    slider = page.get_by_role("slider", name="Window position")
    slider.focus()
    moves = [
        ("ArrowRight", 1), ("ArrowDown", 5), ("ArrowDown", 9), ("ArrowLeft", 8), ("ArrowUp", 4),
        ("End", 23), ("ArrowRight", 23), ("ArrowDown", 23), ("PageUp", 15), ("PageDown", 23),
        ("ArrowLeft", 22), ("ArrowDown", 22), ("Home", 0), ("ArrowLeft", 0), ("ArrowUp", 0),
        ("PageDown", 8), ("ArrowLeft", 7), ("PageUp", 3),
    ]  # fmt: skip
    for key, position in moves:
        slider.press(key)
        assert (key, get(page, "position")) == (key, position)
    assert page.evaluate("window.leaked") == []
    assert page.evaluate("window.model.saved") >= len(moves)


def test_every_step_is_spoken_and_agrees_with_torch(open_page, explorer):
    page = open_page(explorer)
    output = F.conv2d(explorer.image[None, None], torch.tensor(explorer.kernel)[None, None])[0, 0]
    slider, canvas = page.get_by_role("slider"), page.get_by_role("img")
    for position, value in enumerate(output.flatten().tolist()):
        change(page, position=position)
        row, column = divmod(position, 4)
        said = f"row {row}, column {column}: sum {value:.0f}".replace("-", "−")
        assert slider.get_attribute("aria-valuetext") == said
        assert canvas.get_attribute("aria-label").endswith(f"makes output {said}.")
        assert page.locator(".lk-total").inner_text() == f"{value:.0f}".replace("-", "−")
        assert (
            page.locator(".lk-equation").inner_text().endswith(f"= {value:.0f}".replace("-", "−"))
        )


def test_tab_goes_through_the_controls_in_reading_order_with_visible_focus(open_page, explorer):
    page = open_page(explorer)
    seen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => { const node = document.activeElement; return [
                node.getAttribute("aria-label") ?? node.textContent,
                parseFloat(getComputedStyle(node).outlineWidth)] }"""
        )
        if page.evaluate("document.activeElement === document.body"):
            break
        assert outline >= 2, name
        seen.append(name)
    expected = [
        "Step back", "Play", "Step forward", "Window position", "Predict",
        *[f"kernel row {r}, column {c}" for r in range(3) for c in range(3)],
        "identity", "vertical edge", "horizontal edge", "blur", "sharpen", "learned",
        "stride", "larger stride", "padding", "larger padding", "dilation", "larger dilation",
        "Data table", "Python", "Copy as Python",
    ]  # fmt: skip
    assert seen == expected


def test_a_kernel_cell_is_edited_by_keyboard(open_page, explorer):
    page = open_page(explorer)
    cell = page.get_by_role("textbox", name="kernel row 1, column 1")
    cell.fill("1/4")
    cell.press("Enter")
    assert get(page, "kernel") == [[-1, 0, 1], [-2, 0.25, 2], [-1, 0, 1]]
    cell.fill("what")
    cell.press("Enter")
    assert cell.get_attribute("aria-invalid") == "true"
    assert "“what” is not a number" in page.get_by_role("status").inner_text()
    cell.blur()
    painted(page)
    assert (cell.input_value(), cell.get_attribute("aria-invalid")) == ("0.25", None)


def test_presets_and_the_learned_kernel(open_page, explorer):
    page = open_page(explorer)
    page.get_by_role("button", name="learned").click()
    painted(page)
    assert get(page, "kernel") == [[1.5, 2.0], [0.0, -1.0]]
    assert page.get_by_role("button", name="learned").get_attribute("aria-pressed") == "true"
    assert page.locator(".lk-weight").count() == 4
    page.get_by_role("button", name="blur").click()
    painted(page)
    assert page.locator(".lk-weight").count() == 9


def test_a_size_that_is_not_whole_is_red_and_said_in_words(open_page, explorer):
    page = open_page(explorer)
    assert page.locator(".lk-formula .lk-wrong").count() == 0
    page.get_by_role("button", name="larger stride").click()  # (8 − 3) / 2 and (6 − 3) / 2
    painted(page)
    wrong = page.locator(".lk-formula .lk-wrong").all_inner_texts()
    assert "= 3.5" in wrong[0] and "1 row at the bottom left over. The size is 3." in wrong[0]  # noqa: PT018
    assert "= 2.5" in wrong[1] and "1 column at the right left over. The size is 2." in wrong[1]  # noqa: PT018
    red, green, blue = page.locator(".lk-formula .lk-wrong").first.evaluate(
        "(node) => getComputedStyle(node).color.match(/\\d+/g).map(Number)"
    )
    assert red > 2 * max(green, blue)


def test_options_move_the_position_inside_and_refuse_what_does_not_fit(open_page, explorer):
    page = open_page(explorer)
    change(page, position=23)
    page.get_by_role("spinbutton", name="stride").fill("2")
    page.get_by_role("spinbutton", name="stride").blur()
    assert (get(page, "stride"), get(page, "position")) == (2, 5)
    page.get_by_role("spinbutton", name="dilation").fill("3")
    page.get_by_role("spinbutton", name="dilation").blur()
    painted(page)
    assert get(page, "dilation") == 1
    assert page.get_by_role("spinbutton", name="dilation").input_value() == "1"
    assert "the window would be 7 wide, and only 6 cells" in page.get_by_role("status").inner_text()


def test_pointing_at_input_and_output_shows_the_step_and_leaving_returns(open_page, explorer):
    page = open_page(explorer)
    box = page.get_by_role("img").bounding_box()
    readout = page.locator(".lk-readout")
    at_rest = readout.inner_text()
    texts = set()
    for share in (0.25, 0.35, 0.7, 0.75):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.5 * box["height"])
        painted(page)
        texts.add(readout.inner_text())
    assert len(texts - {at_rest}) >= 3
    assert get(page, "position") == 0
    page.mouse.click(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"])
    assert get(page, "position") > 0
    page.mouse.move(5, box["y"] + box["height"] + 400)
    painted(page)
    assert f"step {get(page, 'position') + 1} of 24" in readout.inner_text()


def test_focus_on_a_weight_marks_its_patch_and_product(open_page, explorer):
    page = open_page(explorer)
    page.get_by_role("textbox", name="kernel row 0, column 2").focus()
    painted(page)
    touched = page.evaluate(
        """() => [...document.querySelectorAll(".lk-grid")].map((grid) =>
            [...grid.children].findIndex((cell) => cell.classList.contains("lk-touched")))"""
    )
    assert touched == [2, 2, 2]


def test_prediction_hides_the_answer_everywhere_until_it_is_right(open_page, explorer):
    explorer.position = 9
    answer = round(explorer.step().sum)
    page = open_page(explorer)
    for summary in page.locator("summary").all():
        summary.click()
    page.get_by_role("button", name="Predict").click()
    painted(page)
    assert get(page, "predict") is True
    assert page.get_by_role("slider").get_attribute("aria-valuetext").endswith("sum hidden")
    assert page.get_by_role("img").get_attribute("aria-label").endswith("sum hidden.")
    assert not page.locator(".lk-total").is_visible()
    assert page.locator(".lk-equation").inner_text().endswith("= ?")
    assert page.locator(".lk-panel td", has_text="hidden").count() == 24 + 9 + 1
    guess = page.get_by_role("textbox", name="Your prediction of the sum")
    guess.fill(str(answer + 3))
    guess.press("Enter")
    assert "too large" in page.get_by_role("status").inner_text()
    guess.fill(str(answer))
    page.get_by_role("button", name="Check").click()
    painted(page)
    assert "Right: the sum is" in page.get_by_role("status").inner_text()
    assert page.locator(".lk-total").is_visible()
    page.get_by_role("slider").press("ArrowRight")
    painted(page)
    assert not page.locator(".lk-total").is_visible()
    page.get_by_role("button", name="Reveal").click()
    painted(page)
    assert page.locator(".lk-total").is_visible()


def test_data_table_says_the_same_numbers(open_page, explorer):
    page = open_page(explorer)
    page.get_by_text("Data table").click()
    page.locator(".lk-panel table").first.wait_for()
    step, image, output = page.locator(".lk-panel table").all()
    assert step.locator("caption").inner_text() == "This step"
    assert step.locator("tr").last.locator(
        "td"
    ).last.inner_text() == f"{explorer.step().sum:.0f}".replace("-", "−")
    cells = image.locator("td").all_inner_texts()
    assert [float(cell) for cell in cells] == explorer.image.flatten().tolist()
    cells = [float(cell.replace("−", "-")) for cell in output.locator("td").all_inner_texts()]
    assert cells == explorer.output.flatten().tolist()
    assert output.locator("[aria-current]").count() == 1
    assert image.locator("[aria-current]").count() == 9


@pytest.mark.parametrize("taps", [1, 3, 5, 7])
@pytest.mark.parametrize("width", [400, 700, 1000])
def test_nothing_is_cut_off_on_narrow_and_wide_pages(open_page, taps, width):
    image = torch.rand(20, 16)
    page = open_page(ConvolutionExplorer(image, torch.randn(taps, taps), padding=3), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    overflowing = page.evaluate(
        """() => { const root = document.querySelector(".lk").getBoundingClientRect();
            return [...document.querySelectorAll(".lk *")].filter((node) => {
                const box = node.getBoundingClientRect();
                return box.width && (box.right > root.right + 1 || box.left < root.left - 1);
            }).map((node) => node.className) }"""
    )
    assert overflowing == []
