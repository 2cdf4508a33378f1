"""A report as one HTML file that needs nothing else: no script, no network, no other file."""

import base64

from jinja2 import Environment, PackageLoader, StrictUndefined

from training.report.blocks import Report


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
    environment.tests["block"] = lambda block, name: type(block).__name__ == name
    return environment.get_template("report.html").render(report=report)


def _uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
