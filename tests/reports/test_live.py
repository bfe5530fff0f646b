import pytest

from labkit.reports import live

ESM = "export default { render() {} }"


def widget(module="anywidget", name="AnyModel", **state):
    return {"model_module": module, "model_name": name, "state": state}


def showing(model, **data):
    view = {"model_id": model, "version_major": 2, "version_minor": 1}
    return {"output_type": "display_data", "data": {live.VIEW: view, **data}}


@pytest.fixture
def notebook():
    """Two explorers with one module, linked, the second in a box; a slider linked to the first."""
    common = {"_esm": ESM, "_css": ".a{}", "_view_name": "AnyView", "layout": "IPY_MODEL_l"}
    ends = {"source": ["IPY_MODEL_one", "step"], "target": ["IPY_MODEL_two", "step"]}
    from_slider = {"source": ["IPY_MODEL_s", "value"], "target": ["IPY_MODEL_one", "step"]}
    buffers = [{"path": ["x"], "data": "AAA=\n", "encoding": "base64"}]
    state = {
        "one": widget(step=1, **common) | {"buffers": buffers},
        "two": widget(step=2, **common),
        "box": widget("@jupyter-widgets/controls", "VBoxModel", children=["IPY_MODEL_two"]),
        "s": widget("@jupyter-widgets/controls", "IntSliderModel", value=5),
        "link": widget("@jupyter-widgets/controls", "LinkModel", **ends),
        "way": widget("@jupyter-widgets/controls", "DirectionalLinkModel", **from_slider),
        "hidden": widget(step=9, _esm="export default 1"),
    }
    outputs = [showing("one"), showing("box"), showing("s"), showing("gone")]
    return {
        "metadata": {"widgets": {live.STATE: {"state": state}}},
        "cells": [{"cell_type": "markdown", "source": ""}, {"outputs": outputs}],
    }


def test_only_what_is_shown_or_linked_is_packed(notebook):
    packed = live.packed(notebook)
    assert set(packed["models"]) == {"one", "two", "s"}
    assert packed["models"]["one"]["state"] == {"step": 1}
    assert packed["models"]["one"]["buffers"] == [{"path": ["x"], "data": "AAA="}]


def test_equal_modules_are_packed_once(notebook):
    packed = live.packed(notebook)
    one, two = packed["models"]["one"], packed["models"]["two"]
    assert one["module"] == two["module"]
    assert packed["texts"] == {one["module"]: ESM, one["style"]: ".a{}"}


def test_links_keep_their_direction(notebook):
    assert live.packed(notebook)["links"] == [
        {"source": ["one", "step"], "target": ["two", "step"], "bothWays": True},
        {"source": ["s", "value"], "target": ["one", "step"], "bothWays": False},
    ]


def test_without_explorers_nothing_is_packed(notebook):
    notebook["cells"] = []
    assert live.packed(notebook) == {}


def test_an_explorer_has_its_poster_until_it_is_alive(notebook):
    data = {"image/png": "iVBO\nRw0K", "text/plain": 'a "quoted" <explorer>'}
    html = live.explorer_html(showing("one", **data), notebook)
    assert html == (
        '<div class="explorer" data-model="one">'
        '<img alt="a &quot;quoted&quot; &lt;explorer&gt;" '
        'src="data:image/png;base64,iVBORw0K"></div>'
    )


def test_an_explorer_in_a_box_is_found(notebook):
    html = live.explorer_html(showing("box", **{"text/plain": "VBox"}), notebook)
    assert 'data-model="two"' in html


def test_an_explorer_with_too_much_data_stays_a_picture(notebook):
    widgets = notebook["metadata"]["widgets"][live.STATE]["state"]
    widgets["one"]["buffers"] = [{"path": ["x"], "data": "A" * 5_000_000, "encoding": "base64"}]
    html = live.explorer_html(showing("one", **{"image/png": "iVBO"}), notebook)
    assert "data-model" not in html
    assert 'src="data:image/png;base64,iVBO"' in html
    assert "5 MB" in html
    # It is still a partner of those that are linked to it.
    widgets.pop("link")
    widgets.pop("way")
    assert set(live.packed(notebook)["models"]) == {"two"}


@pytest.mark.parametrize("model", ["s", "gone"])
def test_other_controls_say_what_they_need(notebook, model):
    html = live.explorer_html(showing(model, **{"text/plain": "IntSlider(value=5)"}), notebook)
    assert "running notebook" in html
    assert "IntSlider(value=5)" in html


def test_what_is_no_widget_is_left_alone(notebook):
    assert live.explorer_html({"data": {"text/plain": "1"}}, notebook) is None
    assert live.explorer_html({"output_type": "stream"}, notebook) is None
