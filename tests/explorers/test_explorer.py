import re
from base64 import b64decode
from pathlib import Path

import pytest
from traitlets import Int, TraitError, observe, validate

import labkit.explorers
from labkit.errors import OptionError
from labkit.explorers.explorer import HERE, Explorer, es_module, stylesheet


class Still(Explorer):
    _esm = "export default { render() {} }"
    code = "1 + 1"

    def _places(self):
        return (1,)

    def describe(self):
        return "a still picture"

    def poster(self):
        return b"\x89PNG"


def test_where_no_widget_lives_there_are_words_and_a_picture():
    data, _ = Still()._repr_mimebundle_()
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"]
    assert data["text/plain"] == repr(Still()) == "a still picture"
    assert b64decode(data["image/png"]) == b"\x89PNG"


@pytest.mark.parametrize("part", ["code", "describe", "poster", "_places"])
def test_an_explorer_without_one_of_its_parts_is_refused(part):
    parts = {name: getattr(Still, name) for name in ("code", "describe", "poster", "_places")}
    del parts[part]
    with pytest.raises(TypeError, match=f"abstract .*{part}"):
        type("Part", (Explorer,), parts)()


class Walk(Still):
    """As many places as it is long."""

    length = Int(9)

    def _places(self, *, length=None):
        length = self.length if length is None else length
        if length < 1:
            raise OptionError("no place is left")
        return (length,)

    @validate("length")
    def _fits(self, proposal):
        return self._must_fit(proposal)

    @observe("length")
    def _stays_inside(self, _):
        self._stay_inside()


def test_a_position_must_be_there_and_stays_where_there_are_fewer():
    walk = Walk(position=8)
    with pytest.raises(TraitError, match="position is 9; expected an index from 0 to 8"):
        walk.position = 9
    with pytest.raises(TraitError, match="no place is left"):
        walk.length = 0
    assert (walk.length, walk.position) == (9, 8)
    walk.length = 4
    assert walk.position == 3


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
