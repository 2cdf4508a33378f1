"""Sections of pictures: outlines, disagreements, worst errors."""

from collections.abc import Mapping, Sequence

import numpy as np

from training.analysis.agreement import MOST_DISAGREEMENTS
from training.analysis.analysis import Analysis
from training.analysis.scored import SHORT_NAMES, Scored
from training.analysis.subgroups import diameters_mm
from training.report.blocks import Gallery, Picture, Section
from training.report.thumbnails import LesionView, bare, outlined

CONTACT_SHEET = 24
ONLY_ENSEMBLE = ("ensemble",)


def contact_sheet_rows(scored: Scored) -> tuple[int, ...]:
    """Choose rows for the contact sheet: lesions evenly spread over the order of size, so that all sizes show."""
    first = np.unique(scored.lesions, return_index=True)[1]
    by_size = first[np.argsort(diameters_mm(scored)[first], kind="stable")]
    chosen = np.unique(np.linspace(0, len(by_size) - 1, min(CONTACT_SHEET, len(by_size))).round().astype(np.intp))
    return tuple(int(row) for row in by_size[chosen])


def rows_to_draw(scored: Scored, analysis: Analysis) -> tuple[int, ...]:
    """Every row that a picture of the report shows."""
    worst = analysis.worst
    return (
        *contact_sheet_rows(scored),
        *analysis.agreement.disagreements,
        *worst.benign_called_malignant,
        *worst.malignant_called_benign,
    )


def picture_sections(scored: Scored, analysis: Analysis, views: Mapping[int, LesionView]) -> tuple[Section, ...]:
    """Outlines, disagreements and errors; a section without pictures says so."""
    agreement, worst = analysis.agreement, analysis.worst
    sheet = contact_sheet_rows(scored)
    return (
        Section(
            "disagreements",
            "Lesions on which the branches disagree most",
            (
                f"ROIs with opposite calls at 0.5: {agreement.disagreement_count}. Shown: those with the largest "
                f"differences of probability, one a lesion, at most {MOST_DISAGREEMENTS}."
                if agreement.disagreements
                else "There is none: both branches call every ROI the same.",
                _gallery("Left: as read. Right: with the outline of Method B.", scored, agreement.disagreements, views),
            ),
        ),
        Section(
            "errors",
            "Worst errors of the ensemble",
            (
                _gallery(
                    "Benign, called malignant; the highest probabilities first.",
                    scored,
                    worst.benign_called_malignant,
                    views,
                ),
                _gallery(
                    "Malignant, called benign; the lowest probabilities first.",
                    scored,
                    worst.malignant_called_benign,
                    views,
                ),
            ),
        ),
        Section(
            "outlines",
            "Outlines of Method B",
            (
                f"{len(sheet)} lesions, one view each, evenly spread over the order of size, from the smallest outline "
                "to the largest. Bar: 5 mm. Gray levels are stretched to each crop's own 1st to 99th percentile; the "
                "marked center is the middle of the crop.",
                Gallery("Contact sheet of outlines.", tuple(_sheet_picture(scored, row, views[row]) for row in sheet)),
            ),
        ),
    )


def _gallery(caption: str, scored: Scored, rows: Sequence[int], views: Mapping[int, LesionView]) -> Gallery | str:
    if not rows:
        return f"{caption.split(';')[0].rstrip('.')}: none."
    pictures = tuple(
        Picture(outlined(views[row]), bare(views[row]), (*_title(scored, row), _probabilities(scored, row)))
        for row in rows
    )
    return Gallery(caption, pictures)


def _sheet_picture(scored: Scored, row: int, view: LesionView) -> Picture:
    size = f"{diameters_mm(scored)[row]:.1f} mm"
    return Picture(
        outlined(view), None, (*_title(scored, row), f"{size}; p = {scored.probabilities['ensemble'][row]:.2f}")
    )


def _title(scored: Scored, row: int) -> tuple[str, ...]:
    case = scored.cases[row]
    view = f", {case.view}" if case.view else ""
    return (f"{case.lesion_id}{view} (row {row})", case.label.name.lower())


def _probabilities(scored: Scored, row: int) -> str:
    return ", ".join(f"{SHORT_NAMES[name]} {p[row]:.2f}" for name, p in scored.probabilities.items())
