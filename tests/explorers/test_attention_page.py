"""The explorer of attention as people use it; what all explorers share is in test_page.py."""

import math
import re

import pytest
import torch
from matplotlib import colormaps

from labkit.explorers.attention import AttentionExplorer

from .showing import change, get, number, painted, two

pytestmark = pytest.mark.browser


def make(heads=2, **options):
    torch.manual_seed(4)
    queries, keys, values = (torch.randn(heads, 5, width) for width in (4, 4, 3))
    return AttentionExplorer(queries, keys, values, tokens="我爱 学习", **options)


def slider(page):
    return page.get_by_role("slider", name="Query")


def rows(page):
    """The written-out row, by name: what stands in the column of each key."""
    written = {}
    for line in page.locator(".lk-ladder").all():  # a long row goes on in a line below
        texts = line.locator("> span").all_inner_texts()
        names = line.locator(".lk-row-name").all_inner_texts()
        long = len(texts) // len(names)
        for i in range(0, len(texts), long):
            written[texts[i]] = written.get(texts[i], []) + texts[i + 1 : i + long]
    return written


def words(page):
    return page.locator(".lk-formula").inner_text()


def equation(page):
    return page.locator(".lk-equation").inner_text().splitlines()


@pytest.mark.parametrize("mask", ["none", "causal", "padding"])
def test_every_row_is_written_out_as_torch_computes_it(open_page, mask):
    explorer = make(mask=mask, padding=2, temperature=2.0)
    page = open_page(explorer)
    for head in (0, 1):
        change(page, head=head)
        explorer.head = head
        for position in range(5):
            change(page, position=position)
            step, shown = explorer.step(position), rows(page)
            assert shown["key"] == ["我", "爱", "␣", "学", "习"]
            assert [number(t) for t in shown["q·k"]] == pytest.approx(
                step.products.tolist(), abs=0.0051
            )
            scores = (step.products * explorer.scale).tolist()
            assert [number(t) for t in shown["÷ √4 ÷ 2"]] == pytest.approx(scores, abs=0.0051)
            assert [number(t) for t in shown["weight"]] == pytest.approx(
                step.weights.tolist(), abs=0.0051
            )
            looks = ["+ 0" if s > -math.inf else "−∞" for s in step.scores.tolist()]
            assert shown.get("mask", ["+ 0"] * 5) == looks
            most = int(step.scores.argmax())
            label = explorer.key_tokens[most].replace(" ", "␣")
            said = f"most to key {most} “{label}”, {two(step.weights[most].item())}"
            assert slider(page).get_attribute("aria-valuetext").endswith(f": {said}")
            assert said in page.get_by_role("img").get_attribute("aria-label")
            assert page.locator(".lk-total").inner_text() == label
            assert f"Entropy {two(step.entropy)} of at most ln" in words(page)


def test_the_equations_are_right_with_the_numbers_that_they_show(open_page):
    explorer = make(position=3, key=1, component=2)
    page = open_page(explorer)
    step = explorer.step()
    softmax, total = equation(page)
    score, top, under, weight = map(
        number, re.search(r"exp\((\S+) − \(?(\S+?)\)?\) / (\S+) = (\S+)", softmax).groups()
    )
    assert weight == pytest.approx(math.exp(score - top) / under, abs=0.01)
    assert weight == pytest.approx(step.weights[1].item(), abs=6e-4)
    assert total.startswith("output[2] = ")
    terms = re.findall(r"(\S+) × \(?(−?[\d.]+)\)?", total)
    assert [number(w) for w, _ in terms] == pytest.approx(step.weights.tolist(), abs=0.0051)
    assert sum(number(w) * number(v) for w, v in terms) == pytest.approx(
        number(total.rpartition("= ")[2]), abs=0.03
    )
    assert number(total.rpartition("= ")[2]) == pytest.approx(step.output[2].item(), abs=0.0051)


def test_a_long_sum_is_cut_after_its_largest_terms_and_still_adds_up(open_page):
    torch.manual_seed(0)
    explorer = AttentionExplorer(torch.randn(3, 4), torch.randn(20, 4), torch.randn(20, 2))
    total = equation(open_page(explorer))[1]
    terms = re.findall(r"(\S+) × \(?(−?[\d.]+)\)?", total)
    rest, count = re.search(r"\(?(−?[\d.]+)\)? from (\d+) more", total).groups()
    assert len(terms) + int(count) == 20
    shown = sum(number(w) * number(v) for w, v in terms) + number(rest)
    assert shown == pytest.approx(explorer.step().output[0].item(), abs=0.04)


def test_scale_temperature_and_mask_are_changed_by_keyboard(open_page):
    explorer = make()
    page = open_page(explorer)
    page.get_by_role("button", name="÷ √4").press("Enter")
    painted(page)
    assert get(page, "scaled") is False
    assert "score" in rows(page)
    temperature = page.get_by_role("slider", name="temperature")
    assert temperature.get_attribute("aria-valuetext") == "1"
    for _ in range(6):
        temperature.press("ArrowLeft")
    painted(page)
    assert get(page, "temperature") == 0.5
    assert temperature.get_attribute("aria-valuetext") == "0.5"
    assert "÷ 0.5" in rows(page)
    page.get_by_role("button", name="padding", exact=True).press("Enter")
    page.get_by_role("button", name="larger keys hidden at the end").press("Enter")
    painted(page)
    assert (get(page, "mask"), get(page, "padding")) == ("padding", 2)
    assert rows(page)["mask"] == ["+ 0"] * 3 + ["−∞"] * 2
    for name in ("scaled", "temperature", "mask", "padding"):
        setattr(explorer, name, get(page, name))
    assert [number(text) for text in rows(page)["weight"]] == pytest.approx(
        explorer.weights[0, 0].tolist(), abs=0.0051
    )
    assert page.evaluate("window.leaked") == []


def test_what_the_root_does_is_said_beside_the_entropy(open_page):
    explorer = make(position=2)
    page = open_page(explorer)
    explorer.scaled = False
    other = explorer.step()
    expected = (
        f"it would be {two(other.entropy)}, and the greatest weight {two(other.weights.max())}."
    )
    assert f"Without ÷ √4 {expected}" in words(page)
    explorer.scaled = True
    change(page, scaled=False)
    assert f"With ÷ √4 it would be {two(explorer.step().entropy)}" in words(page)


def test_a_row_without_any_key_gives_zeros_and_says_so(open_page):
    page = open_page(make(mask="padding", padding=5, predict=True))
    assert rows(page)["weight"] == ["0.00"] * 5
    assert page.locator(".lk-total").inner_text() == "zeros"
    assert "Every key is masked" in equation(page)[0]
    assert "all weights are 0, and so is the output" in equation(page)[1]
    assert "no key to look at, zeros" in page.get_by_role("img").get_attribute("aria-label")
    assert page.get_by_role("textbox").count() == 0  # there is nothing to be predicted
    page.get_by_text("Data table").click()
    painted(page)
    output = page.locator(".lk-panel table").nth(2).locator("td").all_inner_texts()
    assert output == ["0"] * 3


def test_heads_are_small_maps_to_choose_from(open_page):
    explorer = make(heads=3)
    page = open_page(explorer)
    heads = page.get_by_role("group", name="Head").get_by_role("button").all()
    assert len(heads) == 3
    for head, node in enumerate(heads):
        mean = explorer.entropy[head].mean().item()
        assert node.inner_text().split("\n") == [f"head {head}", f"entropy {two(mean)}"]
    heads[2].press("Enter")
    painted(page)
    assert get(page, "head") == 2
    assert [node.get_attribute("aria-pressed") for node in heads] == ["false", "false", "true"]
    high = max(2 / 5, explorer.weights.max().item())
    colours = (
        heads[1]
        .locator("canvas")
        .evaluate(
            """(canvas) => { const pen = canvas.getContext("2d"), cell = canvas.width / 5;
            const at = (i) => (i + 0.5) * cell;
            return Array.from({ length: 25 }, (_, i) => [...pen.getImageData(
                at(i % 5), at(Math.floor(i / 5)), 1, 1).data].slice(0, 3)) }"""
        )
    )
    expected = colormaps["cividis"](explorer.weights[1].flatten().numpy() / high)[:, :3] * 255
    for colour, rgb in zip(colours, expected, strict=True):
        assert colour == pytest.approx(list(rgb), abs=10)  # the page has 11 of 256 colours


def test_a_single_head_shows_no_choice_of_heads(open_page):
    page = open_page(make(heads=1))
    assert not page.locator(".lk-heads").is_visible()


def test_the_key_that_gets_most_is_predicted_by_label_number_or_click(open_page):
    explorer = make(predict=True)
    page = open_page(explorer)
    guess = page.get_by_role("textbox", name="Your prediction of the key that gets most")
    status = page.get_by_role("status")
    ways = [lambda key: explorer.key_tokens[key], str, None]
    for position, way in enumerate(ways):
        change(page, position=position)
        assert set(rows(page)["weight"]) | set(rows(page)["q·k"]) == {"?"}
        scores = explorer.step(position).scores
        best, worst = int(scores.argmax()), int(scores.argmin())
        if way is None:
            page.locator(".lk-pick").nth(worst).click()
            assert f"another key gets more than key {worst}" in status.inner_text()
            page.locator(".lk-pick").nth(best).click()
        else:
            guess.fill(str(worst))
            guess.press("Enter")
            assert f"Not yet: another key gets more than key {worst}" in status.inner_text()
            guess.fill(way(best))
            page.get_by_role("button", name="Check").click()
        painted(page)
        assert status.inner_text().startswith("Right: the key that gets most is ")
        assert [number(text) for text in rows(page)["weight"]] == pytest.approx(
            explorer.step(position).weights.tolist(), abs=0.0051
        )
    change(page, position=3)
    guess.fill("-1")
    guess.press("Enter")
    assert "-1 is too small. Keys are 0 to 4." in status.inner_text()


def test_choosing_another_key_hides_no_answer_again(open_page):
    page = open_page(make(predict=True))
    page.get_by_role("button", name="Reveal").click()
    page.get_by_role("button", name="larger key", exact=True).click()
    painted(page)
    assert get(page, "key") == 1
    assert "?" not in rows(page)["weight"]
    said = page.get_by_role("status").inner_text()
    assert said.startswith("query 0 “我”, key 1 “爱”: q·k = ")


PIXELS = """
(places) => places.map(([x, y]) => {
    const canvas = document.querySelector(".lk-canvas");
    const ratio = canvas.width / canvas.getBoundingClientRect().width;
    return [...canvas.getContext("2d").getImageData(x * ratio, y * ratio, 1, 1).data];
})
"""


def test_a_cell_has_the_colour_of_its_weight_and_pointing_at_it_says_which(open_page):
    torch.manual_seed(0)
    explorer = AttentionExplorer(torch.randn(16, 4), torch.randn(16, 4), position=15, key=15)
    weights = explorer.weights[0]
    high = max(2 / 16, weights.max().item())
    page = open_page(explorer, width=400)  # cells without numbers
    box = page.get_by_role("img").bounding_box()
    places = [(x, y) for x in range(40, 260, 46) for y in range(60, 260, 46)]
    colours = page.evaluate(PIXELS, places)
    seen = set()
    for (x, y), (*colour, opaque) in zip(places, colours, strict=True):
        page.mouse.move(box["x"] + x, box["y"] + y)
        painted(page)
        query = int(re.match(r"query (\d+)", page.locator(".lk-readout").inner_text())[1])
        key = int(page.get_by_role("spinbutton", name="key", exact=True).input_value())
        if 15 in (query, key) or not opaque:
            continue  # framed, or outside the map
        value = weights[query, key].item()
        assert rows(page)["weight"][key] == two(value)
        expected = torch.tensor(colormaps["cividis"](value / high)[:3]) * 255
        if min(colour) > 250:
            continue  # a line between two cells
        assert colour == pytest.approx(expected.tolist(), abs=10)  # the page has 11 of 256 colours
        seen.add((query, key))
    assert len(seen) > 12
    page.mouse.move(5, box["y"] + box["height"] + 300)
    painted(page)
    assert (get(page, "position"), get(page, "key")) == (15, 15)


def test_a_click_in_the_map_chooses_query_and_key(open_page):
    page = open_page(make(heads=1))
    box = page.get_by_role("img").bounding_box()
    page.mouse.click(box["x"] + 26 + 3.5 * 46, box["y"] + 40 + 2.5 * 46)
    painted(page)
    assert (get(page, "position"), get(page, "key")) == (2, 3)


def test_the_data_table_says_every_number(open_page):
    explorer = make(position=3, key=2, mask="padding", padding=1)
    page = open_page(explorer)
    page.get_by_text("Data table").click()
    painted(page)
    step = explorer.step()
    row, _, output, spread = page.locator(".lk-panel table").all()
    cells = [line.locator("td").all_inner_texts() for line in row.locator("tbody tr").all()]
    products = step.products
    assert [number(cell[0]) for cell in cells] == pytest.approx(products.tolist(), abs=1e-4)
    assert [number(cell[1]) for cell in cells] == pytest.approx((products / 2).tolist(), abs=1e-4)
    assert [cell[2] for cell in cells] == ["may look"] * 4 + ["masked"]
    assert [number(cell[3]) for cell in cells] == pytest.approx(step.weights.tolist(), abs=1e-4)
    made = [number(text) for text in output.locator("td").all_inner_texts()]
    assert made == pytest.approx(step.output.tolist(), abs=1e-4)
    numbers = [number(text) for text in spread.locator("td").all_inner_texts()]
    assert numbers[::2] == pytest.approx(explorer.entropy[0].tolist(), abs=1e-4)
    assert numbers[1::2] == [4] * 5


LARGEST = torch.Generator().manual_seed(0)


@pytest.mark.parametrize("width", [400, 700, 1000])
@pytest.mark.parametrize("size", [(1, 1, 1), (8, 32, 64), (2, 3, 64)], ids=str)
def test_the_smallest_and_the_largest_fit_on_narrow_and_wide_pages(open_page, size, width):
    numbers = torch.randn(size, generator=LARGEST)
    tokens = [f"a long word {i}" for i in range(size[1])]
    explorer = AttentionExplorer(numbers, numbers, tokens=tokens, mask="padding", padding=1)
    explorer.position = size[1] - 1
    page = open_page(explorer, width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    overflowing = page.evaluate(
        """() => { const root = document.querySelector(".lk").getBoundingClientRect();
            return [...document.querySelectorAll(".lk *")].filter((node) => {
                const box = node.getBoundingClientRect();
                return box.width && (box.right > root.right + 1 || box.left < root.left - 1);
            }).map((node) => node.className) }"""
    )
    assert overflowing == []


def test_vectors_that_are_images_are_drawn_as_such(open_page):
    torch.manual_seed(0)
    images = torch.randn(3, 6)
    explorer = AttentionExplorer(images, images, picture=(2, 3), position=1, temperature=0.2)
    page = open_page(explorer)
    box = page.get_by_role("img").bounding_box()
    output, high = explorer.output[0, 1], images.abs().max()
    for component in range(6):
        x, y = 450 + 30 * (component % 3) + 15, 79 + 30 * (component // 3) + 15
        page.mouse.click(box["x"] + x, box["y"] + y)
        painted(page)
        assert get(page, "component") == component
        change(page, component=(component + 3) % 6)  # its frame away
        ((*colour, _),) = page.evaluate(PIXELS, [(x, y)])
        value = (output[component] / high).item()
        expected = torch.tensor(colormaps["RdBu_r"]((value + 1) / 2)[:3]) * 255
        assert colour == pytest.approx(expected.tolist(), abs=10)


@pytest.mark.parametrize("width", [400, 1000])
@pytest.mark.parametrize(("count", "picture"), [(32, (8, 8)), (1, (1, 64)), (3, (64, 1))])
def test_images_of_every_form_fit(open_page, count, picture, width):
    images = torch.randn(count, 64, generator=LARGEST)
    page = open_page(AttentionExplorer(images, images, picture=picture), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.get_by_role("img").bounding_box()
    assert box["height"] < 2_200


def test_of_keys_that_get_the_same_the_first_is_named_and_each_is_right(open_page):
    keys = [[0.0, 1.0], [2.0, 0.0], [2.0, 0.0]]
    explorer = AttentionExplorer([[1.0, 0.0]], keys, key_tokens="abc", predict=True)
    page = open_page(explorer)
    guess = page.get_by_role("textbox")
    guess.fill("c")
    guess.press("Enter")
    assert page.get_by_role("status").inner_text() == "Right: the key that gets most is b."
    assert 'most to key 1 "b"' in repr(AttentionExplorer([[1.0, 0.0]], keys, key_tokens="abc"))
