"""Finding the image and the mask of a CBIS-DDSM row, and the mask's center in the image.

The paths in the tables date from before the files were renamed: only their folders can be relied upon, either the first
part, the case, or the last, the series, by which some copies of the collection are sorted. A full mammogram lies alone
in its folder. Mask and crop lie together, and the tables often swap them; the mask is the larger one, since it covers
the whole mammogram.

A case's name holds its kind, split, patient, side and view (``Mass-Training_P_00001_LEFT_CC``), that of a mask its
abnormality's number too (``..._1``). A path that is not of the row's own case names another lesion's files: in copies
whose tables were made anew, or sorted or joined wrongly, taking it would give one mask to several rows.
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

from cadx.records import LesionCenter
from training.errors import ImportFileUnreadable
from training.importers.centers import why_misplaced
from training.importers.dicom_header import read_dicom_header

DATASET = "CBIS-DDSM"
ASPECT_TOLERANCE = 0.01

MASK_EMPTY = "the mask marks no pixel"
MASK_NOT_BINARY = "the mask file holds more than two gray levels, so it is no mask"
MASK_SHAPE = "mask and image differ in shape"
PATH_OUTSIDE = "the path in the table leads out of the data set"
PATH_OF_ANOTHER = "the path in the table is not that of the row's own patient, side, view and kind"
FILE_OF_ANOTHER = "the file that was found says that it is of another case"

_CASE = re.compile(r"(?:Mass|Calc)-(?:Training|Test)_.+_(?:LEFT|RIGHT)_(?:CC|MLO)(?:_\d+)?", re.ASCII)
_SERIES = re.compile(r"[\d.]+", re.ASCII)  # a DICOM unique identifier


@dataclass(frozen=True, slots=True)
class MaskCenter:
    """Centroid of a mask in pixels of the image (SCOORD convention).

    Attributes
    ----------
    x, y
        Column and row.
    scaled
        True when the mask had another size than the image.
    """

    x: float
    y: float
    scaled: bool


@dataclass(frozen=True, slots=True)
class FileRefused:
    """Why a path, a file or a mask cannot be used."""

    reason: str
    detail: str = ""


class DicomFolders:
    """Finds files by the folders of the paths in the tables."""

    def __init__(self, folder: Path) -> None:
        self._roots = [folder, *sorted(folder.glob("CBIS-DDSM")), *sorted(folder.glob("*/CBIS-DDSM"))]

    def find(self, table_path: str, case: str) -> Path | FileRefused | None:
        """Give the full mammogram or the full-size mask of a case; None when there is neither.

        Parameters
        ----------
        table_path
            As the table has it.
        case
            The row's own case, by which the folder must be named and, where it tells, the file.
        """
        path = PurePosixPath(table_path.strip())
        *folders, _ = path.parts or ("",)
        if path.is_absolute() or ".." in folders:
            return FileRefused(PATH_OUTSIDE, table_path)
        if folders and folders[0] != case:
            return FileRefused(PATH_OF_ANOTHER, f"{folders[0]}, not {case}")
        for root in self._roots:
            for folder in (*folders[:1], *filter(_SERIES.fullmatch, folders[-1:])):
                files = sorted((root / folder).rglob("*.dcm"))
                if files:
                    return _own(max(files, key=_pixel_count) if len(files) > 1 else files[0], case)
        return None


def _own(file: Path, case: str) -> Path | FileRefused:
    """Refuse a file that bears the name of another case; a copy without names has its folder's word alone."""
    name = read_dicom_header(DATASET, file).patient_id
    return FileRefused(FILE_OF_ANOTHER, f"{name}, not {case}") if _CASE.fullmatch(name) and name != case else file


def mask_center(image: Path, mask: Path) -> MaskCenter | FileRefused:
    """Find the centroid of a mask and carry it over to the image.

    Where both differ in size, coordinates are multiplied by the ratio of the sizes, provided that the aspect ratios
    agree to 1 %. A centroid that the mask does not mark (of a crescent, or of two parts) is refused.

    Raises
    ------
    ImportFileUnreadable
        When one of the files is no DICOM image.
    """
    size = read_dicom_header(DATASET, image)
    rows, columns = size.rows, size.columns
    try:
        pixels = pydicom.dcmread(mask).pixel_array
    except (InvalidDicomError, AttributeError, ValueError, RuntimeError) as error:
        raise ImportFileUnreadable(DATASET, mask.name, str(error)) from None
    marked = pixels > 0
    if not marked.any():
        return FileRefused(MASK_EMPTY)
    if np.any(pixels[marked] != pixels.max()):
        return FileRefused(MASK_NOT_BINARY)
    scale_y, scale_x = rows / marked.shape[0], columns / marked.shape[1]
    if abs(scale_y / scale_x - 1) > ASPECT_TOLERANCE:
        sizes = f"mask {marked.shape[1]} x {marked.shape[0]}, image {columns} x {rows}"
        return FileRefused(MASK_SHAPE, sizes)
    y = np.average(np.arange(marked.shape[0]) + 0.5, weights=marked.sum(axis=1))
    x = np.average(np.arange(marked.shape[1]) + 0.5, weights=marked.sum(axis=0))
    center = LesionCenter(float(x * scale_x), float(y * scale_y))
    reason = why_misplaced(center, rows, columns, in_outline=bool(marked[int(y), int(x)]))
    if reason:
        return FileRefused(reason, f"x {center.x:.1f}, y {center.y:.1f}")
    return MaskCenter(center.x, center.y, marked.shape != (rows, columns))


def _pixel_count(path: Path) -> int:
    size = read_dicom_header(DATASET, path)
    return size.rows * size.columns
