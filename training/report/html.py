"""A report as one HTML file that needs nothing else: no script, no network, no other file."""

import base64
import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from training.analysis.wording import MINUS
from training.report.blocks import Report

NO_BREAK = "\N{NO-BREAK SPACE}"


def render_html(report: Report) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader("training.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["svg_uri"] = lambda svg: _uri("image/svg+xml", svg.encode())
    environment.filters["jpeg_uri"] = lambda jpeg: _uri("image/jpeg", jpeg)
    environment.filters["tied"] = tied
    environment.tests["block"] = lambda block, name: type(block).__name__ == name
    return environment.get_template("report.html").render(report=report)


def tied(text: str) -> str:
    """Keep numbers together with their signs and units: "p = 0.02", "0.65 to 0.86", "95 %", "5 mm"."""
    text = re.sub(r"(?<=[p<=]) (?=[<=\d])", NO_BREAK, text)
    text = re.sub(rf"(?<=\d) to (?=[+{MINUS}\d])", f"{NO_BREAK}to{NO_BREAK}", text)
    return re.sub(r"(?<=\d) (?=(?:%|mm|s|min)\b|%)", NO_BREAK, text)


def _uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
