"""A report as Markdown; its plots are files beside it, its pictures of lesions are in the HTML alone."""

from training.report.blocks import Figure, Gallery, Report, Section, Table

FIGURES = "figures"


def render_markdown(report: Report) -> str:
    """Return the text."""
    notices = "\n".join(f"> **{notice}**" for notice in report.notices)
    summary = "\n\n".join(report.summary)
    sections = "\n\n".join(_section(section) for section in report.sections)
    return f"# {report.title}\n\n{report.subtitle}\n\n{notices}\n\n{summary}\n\n{sections}\n"


def _section(section: Section) -> str:
    return "\n\n".join([f"## {section.title}", *(_block(block) for block in section.blocks)])


def _block(block: str | Table | Figure | Gallery) -> str:
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        return f"![{block.text}]({FIGURES}/{block.name}.svg)\n\n*{block.caption}*"
    if isinstance(block, Gallery):
        listed = "\n".join(f"- {'; '.join(picture.lines)}" for picture in block.pictures)
        return f"*{block.caption}* (pictures: report.html)\n\n{listed}"
    return block


def _table(table: Table) -> str:
    lines = [_line(table.headings), "|" + "---|" * len(table.headings), *(_line(row) for row in table.rows)]
    note = f"\n\n{table.note}" if table.note else ""
    return f"**{table.caption}**\n\n" + "\n".join(lines) + note


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
