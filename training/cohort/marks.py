"""What a reader gave of a lesion beside its place: an outline, or a diameter; the cells of a manifest."""

import json
import sys
from enum import StrEnum
from typing import NoReturn

from cadx.errors import ContourError
from cadx.lesion import inner_point, readers_contour
from cadx.records import LesionCenter
from training.table import Row

CONTOUR, DIAMETER = "contour", "diameter_mm"
LARGEST_CONTOUR = 2000
"""Points of an outline, as the service takes them."""
FARTHEST_PX = 1e6
_SHOWN = 60

Contour = tuple[tuple[float, float], ...]


class Outline(StrEnum):
    """Where a lesion's outline comes from."""

    AUTOMATIC = "automatic"
    STEERED = "automatic, steered by a reader's diameter"
    READER = "a reader's"


def parse_contour(row: Row) -> Contour | None:
    """Read a cell ``contour``: JSON text, ``[[x, y], ...]`` in pixels of the stored image; empty for none.

    Whether the polygon can be used (its sides, its place on the image, its size) is told when the image is read.

    Raises
    ------
    CohortError
        When it is no array of 3 to 2000 points whose coordinates are finite numbers of 0 or more.
    """
    text = row.cells.get(CONTOUR)
    if not text:
        return None
    try:
        points = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _invalid(row, text) from None
    if not isinstance(points, list) or not 3 <= len(points) <= LARGEST_CONTOUR:
        raise _invalid(row, text)
    if not all(isinstance(point, list) and len(point) == 2 and all(map(_is_pixels, point)) for point in points):
        raise _invalid(row, text)
    return tuple((float(x), float(y)) for x, y in points)


def parse_diameter(row: Row, contour: Contour | None) -> float | None:
    """Read a cell ``diameter_mm``; empty for none.

    Raises
    ------
    CohortError
        When it is no positive number, or stands beside an outline.
    """
    if not row.cells.get(DIAMETER):
        return None
    if contour is not None:
        raise row.invalid(DIAMETER, "empty: a diameter goes without contour, which is measured as it is")
    diameter_mm = row.number(DIAMETER)
    if diameter_mm <= 0:
        raise row.invalid(DIAMETER, "a positive number")
    return diameter_mm


def parse_center(row: Row, contour: Contour | None) -> LesionCenter:
    """Read the cells ``x`` and ``y``; beside an outline both may be empty: a point inside it.

    Raises
    ------
    CohortError
        When one is no number, or is not there where it is needed.
    """
    if contour is None or row.cells["x"] or row.cells["y"]:
        return LesionCenter(row.number("x"), row.number("y"))
    return center_of(contour)


def center_of(contour: Contour) -> LesionCenter:
    """Return the point inside an outline that an assessment without a center takes."""
    try:
        return inner_point(readers_contour(contour, sys.maxsize, sys.maxsize))
    except ContourError:  # told with its reason once the image is read
        return LesionCenter(*contour[0])


def contour_text(contour: Contour | None) -> str:
    """Write an outline as `parse_contour` reads it."""
    return "" if contour is None else json.dumps(contour)


def _is_pixels(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= FARTHEST_PX


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _invalid(row: Row, text: str) -> Exception:
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    expected = f"JSON text [[x, y], ...] of 3 to {LARGEST_CONTOUR} points in pixels of the stored image"
    return row.origin.value_invalid(row.path, row.line, CONTOUR, shown, expected)
