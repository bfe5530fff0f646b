"""The cells of an executed notebook as HTML: formulas drawn, long sources folded, times beside."""

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from traitlets.config import Config

from labkit.execution.documents import Notebook, tags
from labkit.kernels.light_imports import without_grammars
from labkit.reports import frame, live
from labkit.reports.formulas import mathml
from labkit.reports.room import Room

with without_grammars():
    import nbformat
    from nbconvert.exporters.templateexporter import TemplateExporter
    from nbconvert.filters.highlight import Highlight2HTML
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

__all__ = ["cells_html", "folded_source"]

SHOWN = ["text/html", "text/markdown", "image/svg+xml", "image/png", "image/jpeg", "text/plain"]

FOLDED_FROM = 10
"""A source of this many lines is folded: a report is read for what came out."""

FOLDING = {"folded", "hide-input", "hide_input"}
"""Tags that fold a source whatever its length."""


def cells_html(
    notebook: Notebook,
    *,
    folder: Path | None = None,
    executed: str | None = None,
    seconds: Mapping[int, float] | None = None,
) -> str:
    """Return all cells of an executed notebook as HTML, each with an anchor ``cell-id=<position>``.

    Parameters
    ----------
    notebook
        The executed notebook, with the state of its widgets.
    folder
        Where pictures named in its text lie.
    executed
        Link to the notebook itself, for what is too large to be shown.
    seconds
        Position of a cell → the seconds it took.
    """
    prepared = _prepared(notebook, Room(executed), seconds or {})
    resources = {"metadata": {"path": str(folder or "")}}
    html, _ = _exporter().from_notebook_node(prepared, resources)
    return html


def folded_source(cell: Mapping[str, Any]) -> str:
    r"""Return the line that stands for a folded source; empty where the source is shown whole.

    Examples
    --------
    >>> cell = {"cell_type": "code", "source": "import torch\nx = 1", "outputs": []}
    >>> folded_source(cell)
    ''
    >>> folded_source({**cell, "metadata": {"tags": ["hide-input"]}})
    'import torch'
    """
    lines = cell["source"].strip().splitlines()
    if not lines or any(o["output_type"] == "error" for o in cell.get("outputs", [])):
        return ""
    asked = FOLDING.intersection(tags(cell)) or _hidden_in_jupyter(cell)
    return lines[0] if asked or len(lines) >= FOLDED_FROM else ""


class _Renderer(IPythonRenderer):
    """Markdown whose formulas become MathML."""

    def block_math(self, body: str) -> str:
        return mathml(body, display=True)

    def inline_math(self, body: str) -> str:
        return mathml(body)

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", display=True)


class _Exporter(TemplateExporter):
    """nbconvert with a template of ours over its ``basic`` one.

    Not its ``HTMLExporter``: that parses and rewrites the whole page twice, which takes longer than
    everything else together.
    """

    file_extension = ".html"
    output_mimetype = "text/html"

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

    def default_filters(self) -> Iterator[tuple[str, Any]]:
        yield from super().default_filters()
        yield "markdown2html", self.markdown2html

    def register_preprocessor(self, preprocessor: Any, enabled: bool = False) -> None:
        """Do without all: a style sheet of theirs, and the notebook checked again after each."""

    def from_notebook_node(self, nb: Any, resources: Any = None, **kwargs: Any) -> tuple[str, Any]:
        language = nb.metadata.get("language_info", {})
        lexer = language.get("pygments_lexer", language.get("name"))
        self.register_filter("highlight_code", Highlight2HTML(pygments_lexer=lexer, parent=self))
        return super().from_notebook_node(nb, resources, **kwargs)


@cache
def _exporter() -> _Exporter:
    """Return the exporter, made once: its templates take longer to load than a page to write."""
    return _Exporter(
        config=Config({"NbConvertBase": {"display_data_priority": SHOWN}}),
        template_name="basic",
        raw_template=frame.asset("cells.html.j2"),
    )


def _prepared(
    notebook: Notebook, room: Room, seconds: Mapping[int, float]
) -> nbformat.NotebookNode:
    """Copy a notebook for nbconvert: stable anchors, explorers in place, every figure named."""
    prepared = {**notebook, "metadata": copy.deepcopy(notebook["metadata"])}
    # Left in, nbconvert would add widget state and the libraries that draw it.
    prepared["metadata"].pop("widgets", None)
    cells = enumerate(notebook["cells"])
    prepared["cells"] = [_cell(c, i, notebook, room, seconds.get(i)) for i, c in cells]
    return nbformat.from_dict(prepared)


def _cell(
    cell: Mapping[str, Any], position: int, notebook: Notebook, room: Room, seconds: float | None
) -> dict[str, Any]:
    told = {
        "folded": folded_source(cell) if cell["cell_type"] == "code" else "",
        "lines": f"{len(cell['source'].strip().splitlines())} lines",
        "took": "" if seconds is None else frame.seconds(seconds),
    }
    metadata = {**cell.get("metadata", {}), "labkit": told}
    prepared = {**cell, "id": str(position), "metadata": metadata}
    if cell["cell_type"] == "code":
        fitting = (room.fitted(output) for output in cell["outputs"])
        prepared["outputs"] = [_output(output, notebook) for output in fitting]
    return prepared


def _hidden_in_jupyter(cell: Mapping[str, Any]) -> bool:
    return cell.get("metadata", {}).get("jupyter", {}).get("source_hidden", False)


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
