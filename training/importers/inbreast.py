"""INbreast: 410 full-field digital mammograms with outlined findings (Moreira et al., Acad. Radiol. 2012;19:236).

Outlines are OsiriX property lists, one an image, with points as (x, y) in pixels. They are not linked between views:
masses of one breast with the same label are taken as one lesion. The patient is the second part of a DICOM file's
name, since the table's own column of patients was emptied by the distributor.
"""

import plistlib
import re
from collections.abc import Mapping
from pathlib import Path
from xml.parsers.expat import ExpatError

import numpy as np
from numpy.typing import NDArray

from cadx.records import LesionCenter
from training.cohort.cases import Case
from training.errors import ImportFileUnreadable, ImportSourceMissing
from training.importers.birads import NOT_PATHOLOGY, BiradsRule, parse_category
from training.importers.centers import why_misplaced
from training.importers.dataset import DataSet
from training.importers.dicom_header import read_dicom_header
from training.importers.records import NO_SUCH_FILE_FLOAT, Imported, Skipped, finish
from training.table import Row, became_a_float

DATASET = "INbreast"
TABLE = "INbreast.csv"
SEPARATOR = ";"
COLUMNS = ("Laterality", "View", "File Name", "Bi-Rads")
SPACING_MM = 0.07  # Siemens MammoNovation, amorphous selenium (Moreira 2012)
MASS = "mass"
CALCIFICATIONS = "cluster"

NO_FINDING = "no outline file: a mammogram without findings"
NOT_A_MASS = "the outlined finding is no mass"
TOO_FEW_POINTS = "the outline encloses no area"
NO_BIRADS = "no BI-RADS category for the mammogram"
OUTSIDE_RULE = "its BI-RADS category is neither benign nor malignant by the rule"
NO_IMAGE = "the image file is not there"

_POINT = re.compile(r"\(\s*([-+\d.eE]+)\s*,\s*([-+\d.eE]+)\s*\)")


def import_inbreast(folder: Path, *, rule: BiradsRule | None = None, include_calcifications: bool = False) -> Imported:
    """Read the outlined masses of an INbreast folder; images stay where they are.

    The center is the centroid of the area that the outline encloses; where it lies outside the outline (which may cross
    itself or be a crescent) or off the image, the finding is left out. Every case carries INbreast's 0.07 mm.

    Parameters
    ----------
    folder
        Holds ``INbreast.csv``, ``AllDICOMs`` and ``AllXML``.
    rule
        From BI-RADS to labels; 1 to 3 benign and 4 to 6 malignant unless given.
    include_calcifications
        Keep outlined clusters of calcifications too.

    Raises
    ------
    CohortError
        A leaf of it: the table or a folder is missing, a table or outline is malformed, or nothing is left.
    """
    rule = rule or BiradsRule()
    rows = DataSet(DATASET).table(folder / TABLE, COLUMNS, SEPARATOR)
    images = _images_by_id(folder / "AllDICOMs")
    wanted = {MASS, CALCIFICATIONS} if include_calcifications else {MASS}
    cases: list[Case] = []
    skipped: list[Skipped] = []
    for row in rows:
        if not any(row.cells[column] for column in ("Laterality", "View")):
            continue  # the table ends in lines that carry no image
        for outcome in _outcomes(folder / "AllXML", images, row, rule, wanted):
            if isinstance(outcome, Case):
                cases.append(outcome)
            else:
                skipped.append(outcome)
    return finish(DATASET, cases, skipped, (NOT_PATHOLOGY, rule.in_words()))


def _images_by_id(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise ImportSourceMissing(DATASET, str(folder))
    return {path.name.split("_")[0]: path for path in sorted(folder.glob("*.dcm"))}


def _outcomes(
    outlines: Path, images: Mapping[str, Path], row: Row, rule: BiradsRule, wanted: set[str]
) -> list[Case | Skipped]:
    file_id = row.text("File Name")
    if became_a_float(file_id):
        return [Skipped(row.place, NO_SUCH_FILE_FLOAT, file_id)]
    if file_id not in images:
        return [Skipped(row.place, NO_IMAGE, file_id)]
    outline_file = outlines / f"{file_id}.xml"
    if not outline_file.is_file():
        return [Skipped(row.place, NO_FINDING)]
    category = parse_category(row.cells["Bi-Rads"])
    if category is None:
        return [Skipped(row.place, NO_BIRADS, row.cells["Bi-Rads"])]
    label = rule.label(category)
    if label is None:
        return [Skipped(row.place, OUTSIDE_RULE, f"BI-RADS {category}")]
    side = row.one_of("Laterality", ("L", "R"))
    image = images[file_id]
    patient = image.name.split("_")[1] if image.name.count("_") else file_id
    header = read_dicom_header(DATASET, image)
    outcomes: list[Case | Skipped] = []
    for ordinal, (name, points) in enumerate(_outlined(outline_file), start=1):
        place = f"{outline_file.name} finding {ordinal}"
        if name.lower() not in wanted:
            outcomes.append(Skipped(place, NOT_A_MASS, name))
            continue
        center = polygon_centroid(points)
        if center is None:
            outcomes.append(Skipped(place, TOO_FEW_POINTS))
            continue
        reason = why_misplaced(center, header.rows, header.columns, in_outline=lies_in_polygon(center, points))
        if reason:
            outcomes.append(Skipped(place, reason, f"x {center.x:.1f}, y {center.y:.1f}"))
            continue
        lesion_id = f"{patient}-{side}-{label.name.lower()}"
        outcomes.append(Case(image, center, label, lesion_id, patient, SPACING_MM, row.text("View")))
    return outcomes


def _outlined(path: Path) -> list[tuple[str, NDArray[np.float64]]]:
    """Names and points, (n, 2) x and y, of the findings in a property list."""
    try:
        with path.open("rb") as file:
            document = plistlib.load(file, fmt=plistlib.FMT_XML)
        return [
            (str(finding["Name"]).strip(), np.array([_point(text) for text in finding["Point_px"]]).reshape(-1, 2))
            for image in document["Images"]
            for finding in image["ROIs"]
        ]
    except (KeyError, TypeError, ValueError, ExpatError, plistlib.InvalidFileException) as error:
        raise ImportFileUnreadable(DATASET, path.name, f"not an OsiriX list of outlines ({error})") from None


def _point(text: str) -> tuple[float, float]:
    match = _POINT.fullmatch(text.strip())
    if match is None:
        message = f"{text!r} is no point"
        raise ValueError(message)
    return float(match[1]), float(match[2])


def polygon_centroid(points: NDArray[np.float64]) -> LesionCenter | None:
    """Centroid of the area of a polygon, (n, 2) x and y; None when it encloses no area."""
    if len(points) < 3:
        return None
    origin = points.mean(axis=0)
    x, y = (points - origin).T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    area = cross.sum() / 2
    if abs(area) < 1.0:
        return None
    center = ((x + np.roll(x, -1)) @ cross, (y + np.roll(y, -1)) @ cross) / (6 * area) + origin
    return LesionCenter(float(center[0]), float(center[1]))


def lies_in_polygon(center: LesionCenter, points: NDArray[np.float64]) -> bool:
    """Tell whether a point is in a polygon, (n, 2) x and y: a ray from it crosses its sides an odd number of times."""
    (x1, y1), (x2, y2) = points.T, np.roll(points, -1, axis=0).T
    crossed = (y1 > center.y) != (y2 > center.y)
    share = (center.y - y1[crossed]) / (y2 - y1)[crossed]
    return bool(np.count_nonzero(x1[crossed] + share * (x2 - x1)[crossed] > center.x) % 2)
