import re
from base64 import b64decode
from pathlib import Path

import pytest

import labkit.explorers
from labkit.explorers.explorer import HERE, Explorer, es_module, stylesheet


class Still(Explorer):
    _esm = "export default { render() {} }"

    def describe(self):
        return "a still picture"

    def poster(self):
        return b"\x89PNG"


def test_where_no_widget_lives_there_are_words_and_a_picture():
    data, _ = Still()._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert data["text/plain"] == repr(Still()) == "a still picture"
    assert b64decode(data["image/png"]) == b"\x89PNG"


EXPLORERS = [name for name in labkit.explorers.__all__ if (Path(HERE) / f"{name}.js").exists()]


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_module_stands_alone(name):
    module = es_module(name)
    assert module.count("export default { render }") == 1
    assert not re.search(r"^import\b.*\bfrom\b|\bimport\(", module, re.MULTILINE)
    assert not re.search(r"https?://|fetch\(|XMLHttpRequest|\.send\(", module)
    declared = re.findall(r"^(?:export )?(?:async )?(?:function|const|class) (\w+)", module, re.M)
    assert len(declared) == len(set(declared))


def test_the_style_sheet_loads_nothing_and_styles_nothing_else():
    css = stylesheet()
    assert not re.search(r"url\(|@import", css)
    rules = re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL)
    selectors = [s.strip() for s in re.findall(r"(?:^|[{}])\s*([^{}@;]+)\{", rules)]
    assert len(selectors) > 30
    assert all(
        part.strip().startswith(".lk") for s in selectors for part in re.split(r",(?![^(]*\))", s)
    )
