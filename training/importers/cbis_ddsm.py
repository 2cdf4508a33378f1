"""CBIS-DDSM: film mammograms with masks and pathology (Lee et al., Sci. Data 2017;4:170177).

The DICOM files carry no pixel spacing; it follows from the film digitizer, see ``digitizers``.
"""

from pathlib import Path

from cadx.records import LesionCenter
from training.cohort.cases import Case, Label
from training.errors import ImportSourceMissing
from training.importers.cbis_ddsm_files import DicomFolders, FileRefused, MaskCenter, mask_center
from training.importers.dataset import DataSet
from training.importers.digitizers import Digitizers
from training.importers.records import Imported, Skipped, finish
from training.importers.split import Split
from training.progress import ReportProgress, no_progress
from training.table import Row

DATASET = "CBIS-DDSM"
COLUMNS = (
    "patient_id",
    "left or right breast",
    "image view",
    "abnormality id",
    "abnormality type",
    "pathology",
    "image file path",
    "ROI mask file path",
)
SPLIT_WORDS = {Split.TRAINING: "train", Split.TEST: "test"}
CASE_WORDS = {Split.TRAINING: "Training", Split.TEST: "Test"}
KINDS = {"mass": "Mass", "calcification": "Calc"}
PATHOLOGIES = {
    "BENIGN": Label.BENIGN,
    "BENIGN_WITHOUT_CALLBACK": Label.BENIGN,
    "MALIGNANT": Label.MALIGNANT,
}

NO_IMAGE = "the image file is not there"
NO_MASK = "the mask file is not there"
NO_DIGITIZER = "the patient's film digitizer is not known, and so the pixel spacing"


def import_cbis_ddsm(
    folder: Path,
    digitizers: Digitizers,
    *,
    split: Split = Split.TRAINING,
    include_calcifications: bool = False,
    progress: ReportProgress = no_progress,
) -> Imported:
    """Read the abnormalities of a CBIS-DDSM folder; images stay where they are.

    The center is the centroid of the mask, carried over in proportion where mask and image differ in size but not in
    shape, and refused where they differ in shape. A file is taken only if it is the row's own (patient, side, view,
    kind) and lies in the data set.

    Parameters
    ----------
    folder
        Holds the case description CSVs and, in itself or in a folder ``CBIS-DDSM``, one folder of DICOM files a case.
    digitizers
        Where pixel spacing comes from.
    split
        The official split to take.
    include_calcifications
        Read the calcification tables too.
    progress
        Told (rows done, rows in all): opening the masks takes minutes.

    Raises
    ------
    CohortError
        A leaf of it: a table is missing or malformed, or nothing is left.
    """
    kinds = ("mass", "calc") if include_calcifications else ("mass",)
    if not folder.is_dir():
        raise ImportSourceMissing(DATASET, str(folder))
    tables = [folder / f"{kind}_case_description_{SPLIT_WORDS[split]}_set.csv" for kind in kinds]
    rows = [row for table in tables for row in DataSet(DATASET).table(table, COLUMNS)]
    files = DicomFolders(folder)
    cases: list[Case] = []
    skipped: list[Skipped] = []
    scaled = 0
    for done, row in enumerate(rows, start=1):
        outcome = _case(files, row, split, digitizers)
        if isinstance(outcome, Skipped):
            skipped.append(outcome)
        else:
            cases.append(outcome[0])
            scaled += outcome[1].scaled
        progress(done, len(rows))
    note = f"{scaled} mask(s) had another size than their image; their centers were carried over in proportion."
    return finish(DATASET, cases, skipped, (note,) if scaled else ())


def _case(files: DicomFolders, row: Row, split: Split, digitizers: Digitizers) -> tuple[Case, MaskCenter] | Skipped:
    label = PATHOLOGIES[row.one_of("pathology", tuple(PATHOLOGIES))]
    patient = row.text("patient_id")
    spacing_mm = digitizers.spacing_mm(patient)
    if spacing_mm is None:
        return Skipped(row.place, NO_DIGITIZER, patient)
    side, view = row.one_of("left or right breast", ("LEFT", "RIGHT")), row.one_of("image view", ("CC", "MLO"))
    kind = row.one_of("abnormality type", tuple(KINDS))
    number = row.text("abnormality id")
    if not (number.isascii() and number.isdecimal()):
        raise row.invalid("abnormality id", "a whole number")
    own = f"{KINDS[kind]}-{CASE_WORDS[split]}_{patient}_{side}_{view}"
    image = files.find(row.text("image file path"), own)
    if not isinstance(image, Path):
        return _left_out(row, image, NO_IMAGE, "image file path")
    mask = files.find(row.text("ROI mask file path"), f"{own}_{number}")
    if not isinstance(mask, Path):
        return _left_out(row, mask, NO_MASK, "ROI mask file path")
    found = mask_center(image, mask)
    if isinstance(found, FileRefused):
        return _left_out(row, found, "", "")
    case = Case(
        image=image,
        center=LesionCenter(found.x, found.y),
        label=label,
        lesion_id=f"{patient}-{side}-{kind}-{number}",
        patient_id=patient,
        pixel_spacing_mm=spacing_mm,
        view=view,
    )
    return case, found


def _left_out(row: Row, refused: FileRefused | None, missing: str, column: str) -> Skipped:
    if refused is None:
        return Skipped(row.place, missing, row.cells[column])
    return Skipped(row.place, refused.reason, refused.detail)
