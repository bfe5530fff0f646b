"""What a check answers: words for a terminal, words and a picture for a notebook."""

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import Any

from labkit.checks.bank import Finding
from labkit.checks.evidence import Evidence

__all__ = ["MIME", "Verdict"]

MIME = "application/vnd.labkit.verdict+json"
"""Under it a notebook stores what a report tabulates, beside the words and the picture."""

# Semantic colours that read on white and on JupyterLab's dark grey.
_RIGHT, _WRONG = "#2e9e63", "#d9603b"
_SCREEN = 96  # CSS pixels an inch; pictures have twice as many


@dataclass(frozen=True, repr=False)
class Verdict:
    """The answer of a check; true if the function is right.

    Attributes
    ----------
    operation
        What was checked.
    asked
        How many questions the function was asked.
    findings
        What is wrong, most important first; empty if nothing is.
    evidence
        One question with the right answer and the function's.
    notes
        What was not asked, and what is worth knowing besides.
    besides
        What was looked at apart from the numbers.
    """

    operation: str
    asked: int = 0
    findings: tuple[Finding, ...] = ()
    evidence: Evidence | None = None
    notes: tuple[str, ...] = ()
    besides: tuple[str, ...] = ("dtype", "device", "gradients")

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    @property
    def mistake(self) -> str | None:
        """Short stable name of what is wrong, names joined by ``+`` if it is several things."""
        if self.passed:
            return None
        first = [f.name for f in self.findings if not f.secondary]
        return "+".join(first or [self.findings[0].name])

    @property
    def also(self) -> tuple[str, ...]:
        """Names of what is wrong besides, to be repaired after the mistake."""
        return tuple(f.name for f in self.findings if f.name not in str(self.mistake).split("+"))

    @property
    def message(self) -> str:
        """What is wrong, how it shows, and what to do, as plain text."""
        return "\n\n".join(filter(None, [*self._paragraphs(), "\n".join(self.notes)]))

    def _paragraphs(self) -> list[str]:
        if self.passed:
            return [
                f"All {self.asked} answers are right{self._also_right()}; nothing that was given "
                "has been changed."
            ]
        says = [finding.says for finding in self.findings]
        repairs = [f"→ {finding.repair}" for finding in self.findings]
        return ["\n".join(says), self._shown(), "\n".join(repairs)]

    def _also_right(self) -> str:
        *most, last = self.besides or ("",)
        return f", and so are {', '.join(most)} and {last}" if last else ""

    def _shown(self) -> str:
        if self.evidence is None:
            return ""
        return "\n".join(filter(None, [f"Asked: {self.evidence.call}", self.evidence.text]))

    @property
    def _title(self) -> str:
        if self.passed:
            return f"✓ {self.operation} is right"
        return f"✗ {self.operation}: {str(self.mistake).replace('_', ' ').replace('+', ' and ')}"

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return f"{self._title}\n\n{self.message}"

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        told = ("operation", "passed", "mistake", "asked")
        return {
            "text/plain": str(self),
            "text/html": self._repr_html_(),
            MIME: {name: getattr(self, name) for name in told},
        }

    def _repr_html_(self) -> str:
        colour = _RIGHT if self.passed else _WRONG
        says, *rest = self._paragraphs()
        body = [f'<p style="margin:.4em 0">{_lines(says)}</p>']
        if self.evidence is not None:
            body += [_code(f"Asked: {self.evidence.call}"), self._picture_html()]
        if rest:
            body += [_code(self.evidence.text)] if self.evidence and self.evidence.text else []
            body += [f'<p style="margin:.4em 0"><b>{_lines(rest[-1])}</b></p>']
        notes = _lines("\n".join(self.notes))
        body += [f'<p style="margin:.4em 0;opacity:.75">{notes}</p>' if notes else ""]
        return (
            f'<div role="group" aria-label="{escape(self._title)}" style="border-left:4px solid '
            f'{colour};padding:.3em 0 .3em 1em;max-width:54em;line-height:1.5">'
            f'<div style="font-weight:600;font-size:1.1em;color:{colour}">'
            f"{escape(self._title)}</div>"
            f"{''.join(body)}</div>"
        )

    def _picture_html(self) -> str:
        if self.evidence is None or self.evidence.derivation is None or self.evidence.got is None:
            return ""
        # matplotlib takes a while to load, and a terminal has no use for it.
        from labkit.figures.style import png
        from labkit.figures.verdict import verdict

        shown = self.evidence
        factors, extra = shown.derivation.factors, shown.derivation.extra
        figure = verdict(shown.expected, shown.got, shown.index, factors, extra, passed=self.passed)
        picture = png(figure, dpi=2 * _SCREEN)
        alt = escape(f"{shown.call}. {shown.text}", quote=True)
        source = f"data:image/png;base64,{b64encode(picture).decode()}"
        width = round(figure.get_size_inches()[0] * _SCREEN)
        style = "display:block;max-width:100%;height:auto;margin:.6em 0"
        return f'<img alt="{alt}" src="{source}" width="{width}" style="{style}">'


def _code(text: str) -> str:
    style = "white-space:pre-wrap;font-size:.92em;margin:.4em 0;padding:0;background:none"
    return f'<pre style="{style};color:inherit">{escape(text)}</pre>'


def _lines(text: str) -> str:
    return escape(text).replace("\n", "<br>")
