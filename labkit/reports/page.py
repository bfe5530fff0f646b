"""An executed notebook as one HTML file that works from a disk, its explorers still alive."""

import copy
import json
import re
from collections.abc import Mapping
from html import escape, unescape
from pathlib import Path
from typing import Any

import nbformat
from jinja2 import pass_context
from nbconvert.exporters.html import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from traitlets.config import Config

from labkit.execution.documents import Notebook
from labkit.execution.outcomes import Outcome
from labkit.reports import frame, live, offline
from labkit.reports.formulas import mathml

__all__ = ["page", "title_of"]

SHOWN = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]
CONTENTS_FROM = 3
"""A table of contents is worth its place from this many sections on."""


def page(
    notebook: Notebook,
    *,
    name: str,
    folder: Path | None = None,
    outcome: Outcome | None = None,
    home: str | None = None,
) -> str:
    """Return an executed notebook as one HTML document that loads nothing.

    Parameters
    ----------
    notebook
        The executed notebook, with the state of its widgets.
    name
        Its file name without suffix, shown above it.
    folder
        Where pictures named in its text lie.
    outcome
        What became of it, shown above it with a link to the cell that failed.
    home
        Link to the table of all notebooks.
    """
    body = offline.without_remote(_cells_html(notebook, folder))
    parts = [
        _header(name, outcome, home),
        _contents(body),
        f"<main>{_failure(outcome)}{body}</main>",
        _live_script(live.packed(notebook)),
    ]
    return frame.framed(title_of(notebook) or name, "\n".join(parts))


def title_of(notebook: Notebook) -> str | None:
    """Return the first heading of a notebook, without markup."""
    for cell in notebook["cells"]:
        heading = re.search(r"^#\s+(.+?)\s*#*$", cell["source"], re.MULTILINE)
        if cell["cell_type"] == "markdown" and heading:
            return re.sub(r"[*_`]", "", heading[1])
    return None


class _Renderer(IPythonRenderer):
    """Markdown whose formulas become MathML."""

    def block_math(self, body: str) -> str:
        return mathml(body, display=True)

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", display=True)


class _Exporter(HTMLExporter):
    """nbconvert's HTML, its markdown drawn by the renderer above."""

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        renderer = _Renderer(
            escape=False,
            attachments=context.get("cell", {}).get("attachments", {}),
            embed_images=True,
            path=context["resources"]["metadata"]["path"],
            anchor_link_text="#",
        )
        return MarkdownWithMath(renderer=renderer).render(source)


def _cells_html(notebook: Notebook, folder: Path | None) -> str:
    config = Config({"NbConvertBase": {"display_data_priority": SHOWN}})
    exporter = _Exporter(config=config, template_name="basic")
    resources = {"metadata": {"path": str(folder or "")}}
    html, _ = exporter.from_notebook_node(_prepared(notebook), resources)
    return html


def _prepared(notebook: Notebook) -> nbformat.NotebookNode:
    """Copy a notebook for nbconvert: stable anchors, explorers in place, every figure named."""
    prepared = copy.deepcopy(notebook)
    for position, cell in enumerate(prepared["cells"]):
        cell["id"] = str(position)
        if cell["cell_type"] == "code":
            cell["outputs"] = [_output(output, notebook) for output in cell["outputs"]]
    # Left in, nbconvert would add widget state and the libraries that draw it.
    prepared["metadata"].pop("widgets", None)
    return nbformat.from_dict(prepared)


def _output(output: dict[str, Any], notebook: Notebook) -> dict[str, Any]:
    data = output.get("data")
    if data is None:
        return output
    if (explorer := live.explorer_html(output, notebook)) is not None:
        return {**output, "data": {"text/html": explorer}}
    if "text/latex" in data:
        formula = mathml(data["text/latex"].strip().strip("$"), display=True)
        return {**output, "data": {**data, "text/html": formula}}
    if "image/png" in data:
        return {**output, "metadata": _with_alternative(output)}
    return output


def _with_alternative(output: Mapping[str, Any]) -> dict[str, Any]:
    text = output["data"].get("text/plain", "")
    alternative = "Figure" if not text or text.startswith("<") else text
    metadata = output.get("metadata", {})
    return {**metadata, "image/png": {"alt": alternative, **metadata.get("image/png", {})}}


def _header(name: str, outcome: Outcome | None, home: str | None) -> str:
    parts = [f'<a href="{home}">All notebooks</a>' if home else "", f"<code>{escape(name)}</code>"]
    if outcome is not None:
        given = [f"{k} = {v!r}" for k, v in outcome.parameters.items()]
        parts += [frame.badge(outcome.status), frame.seconds(outcome.seconds)]
        parts += [f"<code>{escape(each)}</code>" for each in given]
    return f"<header>{''.join(f'<span>{p}</span>' for p in parts if p)}</header>"


def _contents(body: str) -> str:
    headings = re.findall(r'<h2 id="([^"]+)">(.*?)(?:<a class="anchor-link".*?)?</h2>', body, re.S)
    if len(headings) < CONTENTS_FROM:
        return ""
    plain = ((anchor, unescape(re.sub(r"<[^>]+>", "", text))) for anchor, text in headings)
    items = "".join(f'<li><a href="#{a}">{escape(text)}</a></li>' for a, text in plain)
    return f'<nav class="contents" aria-label="Sections"><ol>{items}</ol></nav>'


def _failure(outcome: Outcome | None) -> str:
    """Explain at the top what went wrong, with a way to the cell."""
    if outcome is None or outcome.failure is None:
        return ""
    failure = outcome.failure
    cell = failure.cell
    where = "" if cell is None else f'<p><a href="#cell-id={cell}">Go to the cell</a></p>'
    trace = frame.folded("Traceback", failure.traceback)
    return (
        f'<section class="failure" role="alert"><h2>{escape(failure.name)}</h2>'
        f"<p>{escape(failure.message)}</p>{where}{trace}</section>"
    )


def _live_script(packed: live.Live) -> str:
    if not packed:
        return ""
    # "</script>" inside the data would end the element.
    data = json.dumps(packed, ensure_ascii=False).replace("<", "\\u003c")
    host = frame.asset("host.js")
    return (
        f'<script type="application/json" id="live">{data}</script>\n'
        f'<script type="module">\n{host}</script>'
    )
