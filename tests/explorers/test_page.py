"""What holds for every explorer on its page: by keyboard, by ear, by pointer, narrow and dark."""

import re

import pytest

import labkit.explorers
from labkit.explorers.explorer import HERE, Explorer

from .examples import EXAMPLES
from .showing import get, painted

pytestmark = pytest.mark.browser

CONTROLS = "button, input, summary, [tabindex]"
CHANGED = """
() => new Promise((done) => {
    const start = performance.now();
    window.model.on("change:position", () => done(performance.now() - start));
    document.querySelector("[aria-label=Play]").click();
})
"""


@pytest.fixture(params=EXAMPLES)
def name(request):
    return request.param


@pytest.fixture
def explorer(name):
    return EXAMPLES[name]()


def slider(page, which=0):
    return page.locator(".lk-transport .lk-slider").nth(which)


def open_all(page):
    for summary in page.locator("summary").all():
        summary.click()
    page.locator(".lk-panel table").first.wait_for()


def test_every_explorer_is_tested_here():
    drawn = {name for name in labkit.explorers.__all__ if (HERE / f"{name}.js").exists()}
    assert drawn == set(EXAMPLES)


def test_it_says_what_it_is(open_page, explorer, name):
    page = open_page(explorer)
    (root,) = page.locator("[data-labkit-explorer]").all()
    assert root.get_attribute("data-labkit-explorer") == name
    assert root.get_attribute("aria-label").endswith(" explorer")
    assert isinstance(explorer, Explorer)


def test_arrow_keys_walk_from_the_first_position_to_the_last_and_stay_there(open_page, explorer):
    page = open_page(explorer)
    last = int(slider(page).get_attribute("max"))
    moves = [("Home", 0), ("ArrowLeft", 0), ("ArrowRight", 1), ("End", last), ("ArrowRight", last)]
    slider(page).focus()
    for key, position in [*moves, ("ArrowLeft", last - 1), ("Home", 0), ("ArrowUp", 0)]:
        slider(page).press(key)
        assert (key, get(page, "position")) == (key, position)
    assert page.evaluate("window.leaked") == []


def test_a_key_that_is_not_ours_reaches_the_page(open_page, explorer):
    page = open_page(explorer)
    slider(page).press("Escape")
    slider(page).press("Shift+Enter")
    assert page.evaluate("window.leaked") == ["Escape", "Shift", "Enter"]


def test_every_position_is_spoken(open_page, explorer):
    page = open_page(explorer)
    said = set()
    count = min(12, int(slider(page).get_attribute("max")) + 1)
    for position in range(count):
        page.evaluate("(p) => window.model.set('position', p)", position)
        painted(page)
        spoken = slider(page).get_attribute("aria-valuetext")
        place, _, rest = spoken.partition(": ")
        assert place == page.locator(".lk-readout span").first.inner_text()
        label = page.locator(".lk-canvas").get_attribute("aria-label")
        assert {place, rest} == {part for part in (place, rest) if part in label}
        said.add(place)
    assert len(said) == count


def test_every_control_has_a_name_and_is_large_enough(open_page, explorer):
    explorer.predict = True
    page = open_page(explorer, width=400)
    open_all(page)
    controls = [c for c in page.locator(".lk").locator(CONTROLS).all() if c.is_visible()]
    assert len(controls) > 12
    for role in ("slider", "button", "textbox", "img", "region", "spinbutton"):
        nodes = page.get_by_role(role)
        named = page.get_by_role(role, name=re.compile(r"\w|[−+]"))
        assert nodes.count() == named.count(), role
        assert nodes.count() > 0 or role == "spinbutton"
    for control in controls:
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24, control.evaluate("(c) => c.outerHTML")


def test_focus_is_visible_on_every_control(open_page, explorer):
    page = open_page(explorer)
    seen = []
    for _ in range(60):
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
    assert {"Step back", "Play", "Step forward", "Predict", "Data table", "Python"} < set(seen)
    assert seen[-1] == "Copy as Python"


def test_nothing_plays_by_itself_and_play_walks_to_the_end(open_page, explorer):
    page = open_page(explorer)
    page.wait_for_timeout(500)
    assert get(page, "position") == explorer.position
    last = int(slider(page).get_attribute("max"))
    page.evaluate("(p) => window.model.set('position', p)", last - 2)
    page.get_by_role("button", name="Play").click()
    page.get_by_role("button", name="Pause").wait_for()
    page.wait_for_function(f"window.model.get('position') === {last}")
    page.get_by_role("button", name="Play").wait_for()


@pytest.mark.parametrize(("motion", "slow"), [("reduce", True), ("no-preference", False)])
def test_play_is_slow_where_reduced_motion_is_asked_for(open_page, explorer, motion, slow):
    page = open_page(explorer, reduced_motion=motion)
    assert (page.evaluate(CHANGED) > 990) == slow
    page.get_by_role("button", name="Step forward").click()  # acting pauses
    page.get_by_role("button", name="Play").wait_for()


def test_an_answer_is_hidden_until_it_is_revealed(open_page, explorer):
    explorer.predict = True
    page = open_page(explorer)
    open_all(page)
    assert page.get_by_role("button", name="Predict").get_attribute("aria-pressed") == "true"
    assert "hidden" in slider(page).get_attribute("aria-valuetext")
    assert "hidden" in page.locator(".lk-canvas").get_attribute("aria-label")
    assert "hidden" in page.locator(".lk-panel").inner_text()
    (guess,) = page.get_by_role("textbox", name="Your prediction").all()
    guess.fill("what")
    guess.press("Enter")
    assert guess.get_attribute("aria-invalid") == "true"
    assert "“what” is not a number" in page.get_by_role("status").inner_text()
    guess.fill("1e9")
    guess.press("Enter")
    assert "too large" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="Reveal").click()
    painted(page)
    assert "hidden" not in slider(page).get_attribute("aria-valuetext")
    assert not guess.is_visible()
    number = re.search(r"is (\S+)\.$", page.get_by_role("status").inner_text())[1]
    assert page.locator(".lk-total").first.inner_text() == number


def test_copy_gives_the_code_of_python(open_page, explorer):
    page = open_page(explorer)
    page.evaluate(
        """() => Object.defineProperty(navigator, "clipboard", { configurable: true,
            value: { writeText: async (text) => { window.copied = text; } } })"""
    )
    slider(page).press("ArrowRight")
    page.get_by_role("button", name="Copy as Python").click()
    page.get_by_text("Copied.").wait_for()
    explorer.position = get(page, "position")
    assert page.evaluate("window.copied") == explorer.code


def test_without_a_clipboard_the_code_is_shown(open_page, explorer):
    page = open_page(explorer)
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    # In the same breath: whoever is sent to the code never finds an empty box.
    shown = page.evaluate(
        """() => { document.querySelector(".lk-copy").click();
            return document.querySelector(".lk-code").textContent; }"""
    )
    assert shown == explorer.code
    painted(page)
    assert page.get_by_label("Python code").inner_text().strip() == explorer.code.strip()
    assert "may not use the clipboard" in page.get_by_role("status").inner_text()


def test_the_data_table_has_a_caption_and_marks_the_present_step(open_page, explorer):
    page = open_page(explorer)
    page.get_by_text("Data table").click()
    page.locator(".lk-panel table").first.wait_for()
    tables = page.locator(".lk-panel table").all()
    assert len(tables) >= 2
    assert all(table.locator("caption").inner_text() for table in tables)
    assert page.locator(".lk-panel [aria-current]").count() > 0


def test_two_views_follow_one_model_and_clean_up_after_themselves(open_page, explorer):
    page = open_page(explorer)
    page.evaluate("() => { window.cleanUpSecond = window.show(); }")
    painted(page)
    slider(page).press("ArrowRight")
    painted(page)
    assert slider(page, 1).input_value() == str(get(page, "position")) != "0"
    first, second = page.locator(".lk-canvas").all()
    assert first.get_attribute("aria-label") == second.get_attribute("aria-label")
    page.evaluate("() => { window.cleanUp(); window.cleanUpSecond(); }")
    assert page.evaluate("window.model.listening()") == 0
    assert page.locator("[data-labkit-explorer]").count() == 0
    page.evaluate("() => window.model.set('position', 1)")
    painted(page)


OVERFLOWING = """
() => {
    const root = document.querySelector(".lk").getBoundingClientRect();
    return [...document.querySelectorAll(".lk *")].filter((node) => {
        const box = node.getBoundingClientRect();
        return !node.closest(".lk-panel, .lk-code") && box.width
            && (box.right > root.right + 1 || box.left < root.left - 1);
    }).map((node) => node.className);
}
"""


def test_nothing_is_cut_off_on_narrow_and_wide_pages(open_page, explorer):
    page = open_page(explorer)
    open_all(page)
    for width in (1000, 700, 400):
        page.set_viewport_size({"width": width, "height": 800})
        painted(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(OVERFLOWING) == []


def test_canvas_has_a_pixel_for_each_pixel_of_the_screen(open_page, explorer):
    page = open_page(explorer, device_scale_factor=2)
    pixels, shown = page.locator(".lk-canvas").first.evaluate(
        "(c) => [c.width, c.getBoundingClientRect().width]"
    )
    assert pixels == pytest.approx(2 * shown, abs=1)


# Each text against what lies behind it: its WCAG contrast, where it is below 4.5.
LOW_CONTRAST = """
() => {
    const linear = (c) => (c <= 0.04 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const light = (colour) => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map((c) => linear(c / 255));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (node) => {
        const colour = getComputedStyle(node).backgroundColor;
        return /, 0\\)$/.test(colour) ? behind(node.parentElement) : colour;
    };
    const contrast = (node) => {
        const [dark, bright] = [getComputedStyle(node).color, behind(node)].map(light)
            .sort((a, b) => a - b);
        return (bright + 0.05) / (dark + 0.05);
    };
    const written = (node) => node.matches("input:not([type=range])")
        || [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
    const texts = [...document.querySelectorAll(".lk *")].filter((node) =>
        written(node) && node.getClientRects().length && !node.closest(":disabled"));
    if (texts.length < 20) return "nothing was looked at";
    return texts.map((node) => [contrast(node), node.className, node.textContent])
        .filter(([ratio]) => ratio < 4.5);
}
"""


@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_in_light_and_dark(open_page, explorer, dark):
    page = open_page(explorer, dark=dark)
    assert page.evaluate(LOW_CONTRAST) == []


PRESSED = """
async (frames) => {
    const buttons = document.querySelectorAll(
        ".lk button:not(.lk-transport *, .lk-twin *, .lk-prediction *)");
    const status = document.querySelector(".lk-live");
    const frame = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    const said = [];
    for (const button of buttons) for (const time of [1, 2]) {
        button.click();
        if (frames) await frame();
        const name = button.getAttribute("aria-label") ?? button.textContent;
        said.push([name, time, status.textContent]);
    }
    return said;
}
"""


def test_what_is_pressed_twice_in_one_frame_counts_twice(open_page, explorer):
    names = [name for name in explorer.keys if not name.startswith("_") and name != "layout"]

    def state(page):
        return {name: get(page, name) for name in names}

    page, hasty = open_page(explorer), open_page(explorer)
    before = state(page)
    assert page.evaluate(PRESSED, True) == hasty.evaluate(PRESSED, False) != []
    assert before != state(page) == state(hasty)


def test_it_draws_once_a_frame_however_often_it_is_asked(open_page, explorer):
    page = open_page(explorer)
    drawn = page.evaluate(
        """async () => {
            const canvas = document.querySelector(".lk-canvas");
            let drawn = 0;
            const drawing = CanvasRenderingContext2D.prototype.drawImage;
            CanvasRenderingContext2D.prototype.drawImage = function (...given) {
                if (this.canvas === canvas) drawn += 1;
                return drawing.apply(this, given);
            };
            for (let place = 1; place < 20; place++) window.model.set("position", place);
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 20)));
            CanvasRenderingContext2D.prototype.drawImage = drawing;
            return drawn; }"""
    )
    assert drawn == 1
