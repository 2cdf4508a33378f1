"""VinDr-Mammo: 5,000 digital mammography exams with boxes about findings (Nguyen et al., Sci. Data 2023;10:277).

Boxes are not linked between views. Findings of one breast with the same label are therefore taken as one lesion, and
the exam as the patient, so that no fold ever splits them.
"""

import ast
from pathlib import Path

from cadx.records import LesionCenter
from training.cohort.cases import Case
from training.importers.birads import NOT_PATHOLOGY, BiradsRule, parse_category
from training.importers.centers import why_misplaced
from training.importers.dataset import DataSet
from training.importers.dicom_header import read_dicom_header
from training.importers.records import NO_SUCH_FILE_FLOAT, Imported, Skipped, finish
from training.importers.split import Split
from training.table import Row, became_a_float

DATASET = "VinDr-Mammo"
TABLE = "finding_annotations.csv"
BOX = ("xmin", "ymin", "xmax", "ymax")
COLUMNS = (
    "study_id",
    "laterality",
    "view_position",
    "image_id",
    "height",
    "width",
    "finding_categories",
    "finding_birads",
    *BOX,
    "split",
)
SPLITS = {"training": Split.TRAINING, "test": Split.TEST}
MASS = "Mass"
CALCIFICATION = "Suspicious Calcification"

OTHER_SPLIT = "belongs to the other split"
NOT_A_MASS = "the finding is no mass"
NO_BIRADS = "no BI-RADS category for the finding"
OUTSIDE_RULE = "its BI-RADS category is neither benign nor malignant by the rule"
BOX_INVALID = "the box is empty or reaches outside the image"
NO_IMAGE = "the image file is not there"
OTHER_SIZE = "the image file has another size than the table says"


def import_vindr_mammo(
    folder: Path,
    *,
    split: Split = Split.TRAINING,
    rule: BiradsRule | None = None,
    include_calcifications: bool = False,
) -> Imported:
    """Read the findings of a VinDr-Mammo folder; images stay where they are.

    The center is the middle of the box. Pixel spacing is in the DICOM files.

    Parameters
    ----------
    folder
        Holds ``finding_annotations.csv`` and ``images/STUDY/IMAGE.dicom``.
    split
        The official split to take.
    rule
        From BI-RADS to labels; 1 to 3 benign and 4 to 6 malignant unless given.
    include_calcifications
        Keep suspicious calcifications too.

    Raises
    ------
    CohortError
        A leaf of it: the table is missing or malformed, or nothing is left.
    """
    rule = rule or BiradsRule()
    cases: list[Case] = []
    skipped: list[Skipped] = []
    for row in DataSet(DATASET).table(folder / TABLE, COLUMNS):
        outcome = _case(folder, row, split, rule, include_calcifications)
        if isinstance(outcome, Case):
            cases.append(outcome)
        else:
            skipped.append(outcome)
    return finish(DATASET, cases, skipped, (NOT_PATHOLOGY, rule.in_words()))


def _case(folder: Path, row: Row, split: Split, rule: BiradsRule, include_calcifications: bool) -> Case | Skipped:
    if SPLITS[row.one_of("split", tuple(SPLITS))] is not split:
        return Skipped(row.place, OTHER_SPLIT)
    findings = _findings(row)
    if MASS not in findings and not (include_calcifications and CALCIFICATION in findings):
        return Skipped(row.place, NOT_A_MASS, ", ".join(findings))
    category = parse_category(row.cells["finding_birads"])
    if category is None:
        return Skipped(row.place, NO_BIRADS)
    label = rule.label(category)
    if label is None:
        return Skipped(row.place, OUTSIDE_RULE, f"BI-RADS {category}")
    left, top, right, bottom = (row.number(column) for column in BOX)
    columns, rows = row.number("width"), row.number("height")
    if not (0 <= left < right <= columns and 0 <= top < bottom <= rows):
        return Skipped(row.place, BOX_INVALID)
    study, name = row.text("study_id"), row.text("image_id")
    if became_a_float(study) or became_a_float(name):
        return Skipped(row.place, NO_SUCH_FILE_FLOAT, f"{study}/{name}")
    image = folder / "images" / study / f"{name}.dicom"
    if not image.is_file():
        return Skipped(row.place, NO_IMAGE, image.name)
    header = read_dicom_header(DATASET, image)
    if (header.columns, header.rows) != (columns, rows):
        return Skipped(row.place, OTHER_SIZE, f"{header.columns} x {header.rows}, not {columns:g} x {rows:g}")
    center = LesionCenter((left + right) / 2, (top + bottom) / 2)
    reason = why_misplaced(center, header.rows, header.columns)
    if reason:
        return Skipped(row.place, reason)
    side = row.one_of("laterality", ("L", "R"))
    return Case(
        image=image,
        center=center,
        label=label,
        lesion_id=f"{study}-{side}-{label.name.lower()}",
        patient_id=study,
        view=row.text("view_position"),
    )


def _findings(row: Row) -> tuple[str, ...]:
    """Read a Python list of words, such as ``['Mass', 'Skin Thickening']``."""
    try:
        value = ast.literal_eval(row.text("finding_categories"))
    except (ValueError, SyntaxError):
        raise row.invalid("finding_categories", "a list such as ['Mass']") from None
    if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise row.invalid("finding_categories", "a list such as ['Mass']")
    return tuple(value)
