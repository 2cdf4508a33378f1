"""Writing a study's folder for people: the report twice, and its plots for a manuscript."""

from collections.abc import Iterator
from pathlib import Path

from training.report.blocks import Figure, Report
from training.report.html import render_html
from training.report.markdown import FIGURES, render_markdown

HTML = "report.html"
MARKDOWN = "report.md"


def write_report(folder: Path, report: Report) -> None:
    """Write ``report.html``, ``report.md`` and ``figures/*.svg``."""
    (folder / FIGURES).mkdir(parents=True, exist_ok=True)
    for figure in figures(report):
        (folder / FIGURES / f"{figure.name}.svg").write_text(figure.svg, encoding="utf-8")
    (folder / HTML).write_text(render_html(report), encoding="utf-8")
    (folder / MARKDOWN).write_text(render_markdown(report), encoding="utf-8")


def figures(report: Report) -> Iterator[Figure]:
    """Give the plots in order."""
    for section in report.sections:
        yield from (block for block in section.blocks if isinstance(block, Figure))
