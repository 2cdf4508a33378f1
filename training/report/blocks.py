"""What a report is made of, before it is HTML or Markdown."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column names the row. `note` stands under it."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A plot as SVG; `name` is its file's name without the ending, `text` says for the blind what it shows."""

    name: str
    caption: str
    text: str
    svg: str


@dataclass(frozen=True, slots=True)
class Picture:
    """One lesion on one view, as JPEG bytes: with its outline and, where asked for, without.

    Attributes
    ----------
    lines
        Caption, one line each.
    """

    outlined: bytes
    bare: bytes | None
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gallery:
    """Pictures of lesions under one caption."""

    caption: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it; a plain string is a paragraph."""

    anchor: str
    title: str
    blocks: tuple[str | Table | Figure | Gallery, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes
    ----------
    notices
        Stand at the top and in the foot of every printed page.
    summary
        What the study found, in a few sentences.
    """

    title: str
    subtitle: str
    notices: tuple[str, ...]
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
