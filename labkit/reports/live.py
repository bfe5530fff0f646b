"""The explorers of an executed notebook, packed so that a page can run them without a kernel.

nbclient saves the state of every widget in the notebook's metadata. What an explorer needs of it is
small: its traits, its arrays as base64, and its ES module, which several explorers may share.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from labkit.execution.documents import Notebook
from labkit.reports.frame import memory
from labkit.reports.room import LARGEST

__all__ = ["Live", "explorer_html", "packed", "saved_widgets"]

VIEW = "application/vnd.jupyter.widget-view+json"
STATE = "application/vnd.jupyter.widget-state+json"
PREFIX = "IPY_MODEL_"
LINKS = {"LinkModel": True, "DirectionalLinkModel": False}

Live = dict[str, Any]


def saved_widgets(notebook: Notebook) -> Mapping[str, Any]:
    """Return model id → saved model of every widget of the notebook."""
    return notebook["metadata"].get("widgets", {}).get(STATE, {}).get("state", {})


def packed(notebook: Notebook) -> Live:
    """Return what ``host.js`` needs: models, their ES modules and styles (each once), and links."""
    widgets = saved_widgets(notebook)
    explorers = (each for view in _views(notebook) for each in _explorers(view, widgets))
    shown = {identity: widget for identity, widget in explorers if _fits(widget)}
    links = [link for w in widgets.values() if (link := _link(w))]
    linked = {model for link in links for model, _ in (link["source"], link["target"])}
    models, texts = {}, {}
    for identity in [*shown, *sorted(linked - shown.keys())]:
        if identity in widgets:
            models[identity] = _model(widgets[identity], texts)
    return {"models": models, "texts": texts, "links": links} if shown else {}


def explorer_html(output: Mapping[str, Any], notebook: Notebook) -> str | None:
    """Return the place of a widget in the page: its poster until its explorer has come alive.

    ``None`` when the output shows no widget.
    """
    view = output.get("data", {}).get(VIEW)
    if view is None:
        return None
    explorers = _explorers(view["model_id"], saved_widgets(notebook))
    places = "".join(_place(*each, output["data"]) for each in explorers)
    return places or _needs_kernel(output["data"])


def _views(notebook: Notebook) -> list[str]:
    outputs = (o for cell in notebook["cells"] for o in cell.get("outputs", []))
    return [o["data"][VIEW]["model_id"] for o in outputs if VIEW in o.get("data", {})]


def _explorers(identity: str, widgets: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Walk from a shown widget through its boxes to the anywidgets in them."""
    widget = widgets.get(identity)
    if widget is None:
        return
    if widget["model_module"] == "anywidget":
        yield identity, widget
    for child in widget["state"].get("children", []):
        yield from _explorers(child.removeprefix(PREFIX), widgets)


def _place(identity: str, widget: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    name = escape(data.get("text/plain", "explorer"))
    poster = data.get("image/png", "").replace("\n", "")
    picture = f'<img alt="{name}" src="data:image/png;base64,{poster}">' if poster else name
    if _fits(widget):
        return f'<div class="explorer" data-model="{escape(identity)}">{picture}</div>'
    size = memory(_weight(widget))
    return f'{picture}<p class="left-out">Its data of {size} is too large to be explored here.</p>'


def _fits(widget: Mapping[str, Any]) -> bool:
    return _weight(widget) <= LARGEST


def _weight(widget: Mapping[str, Any]) -> int:
    """Return the characters of a widget's arrays, and of its longer texts."""
    texts = [value for value in widget["state"].values() if isinstance(value, str)]
    return sum(map(len, [*texts, *(b["data"] for b in widget.get("buffers", []))]))


def _needs_kernel(data: Mapping[str, Any]) -> str:
    text = escape(data.get("text/plain", "widget"))
    return (
        f'<p class="needs-kernel">This control works in a running notebook: <code>{text}</code></p>'
    )


def _model(widget: Mapping[str, Any], texts: dict[str, str]) -> dict[str, Any]:
    state = widget["state"]
    kept = {k: v for k, v in state.items() if not k.startswith("_") and not _is_reference(v)}
    buffers = [
        {"path": b["path"], "data": b["data"].replace("\n", "")} for b in widget.get("buffers", [])
    ]
    module, style = (_shared(state.get(key, ""), texts) for key in ("_esm", "_css"))
    return {"state": kept, "buffers": buffers, "module": module, "style": style}


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(PREFIX)


def _shared(text: str, texts: dict[str, str]) -> str | None:
    if not text:
        return None
    digest = hashlib.sha256(text.encode()).digest()
    key = base64.urlsafe_b64encode(digest[:9]).decode()
    texts[key] = text
    return key


def _link(widget: Mapping[str, Any]) -> dict[str, Any] | None:
    both_ways = LINKS.get(widget["model_name"])
    ends = [widget["state"].get(end) for end in ("source", "target")]
    if both_ways is None or not all(ends):
        return None
    source, target = ([model.removeprefix(PREFIX), trait] for model, trait in ends)
    return {"source": source, "target": target, "bothWays": both_ways}
