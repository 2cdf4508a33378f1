"""Finding the image and the mask of a CBIS-DDSM row, and the mask's center in the image.

The paths in the tables date from before the files were renamed: only their folders can be relied upon, either the first
part, the case, or the last, the series, by which some copies of the collection are sorted. A full mammogram lies alone
in its folder. Mask and crop lie together, and the tables often swap them; the mask is the larger one, since it covers
the whole mammogram.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pydicom
from pydicom.errors import InvalidDicomError

from training.errors import ImportFileUnreadable

DATASET = "CBIS-DDSM"
ASPECT_TOLERANCE = 0.01

MASK_EMPTY = "the mask marks no pixel"
MASK_NOT_BINARY = "the mask file holds more than two gray levels, so it is no mask"
MASK_SHAPE = "mask and image differ in shape"


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
class MaskRefused:
    """Why a mask gives no center."""

    reason: str
    detail: str = ""


class DicomFolders:
    """Finds files by the folders of the paths in the tables."""

    def __init__(self, folder: Path) -> None:
        self._roots = [folder, *sorted(folder.glob("CBIS-DDSM")), *sorted(folder.glob("*/CBIS-DDSM"))]

    def find(self, table_path: str) -> Path | None:
        """Give the full mammogram or the full-size mask of a case; None when there is neither."""
        *folders, _ = PurePosixPath(table_path.strip()).parts
        for root in self._roots:
            for folder in (*folders[:1], *folders[-1:]):
                files = sorted((root / folder).rglob("*.dcm"))
                if files:
                    return max(files, key=_pixel_count) if len(files) > 1 else files[0]
        return None


def mask_center(image: Path, mask: Path) -> MaskCenter | MaskRefused:
    """Find the centroid of a mask and carry it over to the image.

    Where both differ in size, coordinates are multiplied by the ratio of the sizes, provided that the aspect ratios
    agree to 1 %.

    Raises
    ------
    ImportFileUnreadable
        When one of the files is no DICOM image.
    """
    rows, columns = _size(image)
    try:
        pixels = pydicom.dcmread(mask).pixel_array
    except (InvalidDicomError, AttributeError, ValueError, RuntimeError) as error:
        raise ImportFileUnreadable(DATASET, mask.name, str(error)) from None
    marked = pixels > 0
    if not marked.any():
        return MaskRefused(MASK_EMPTY)
    if np.any(pixels[marked] != pixels.max()):
        return MaskRefused(MASK_NOT_BINARY)
    scale_y, scale_x = rows / marked.shape[0], columns / marked.shape[1]
    if abs(scale_y / scale_x - 1) > ASPECT_TOLERANCE:
        sizes = f"mask {marked.shape[1]} x {marked.shape[0]}, image {columns} x {rows}"
        return MaskRefused(MASK_SHAPE, sizes)
    y = np.average(np.arange(marked.shape[0]) + 0.5, weights=marked.sum(axis=1))
    x = np.average(np.arange(marked.shape[1]) + 0.5, weights=marked.sum(axis=0))
    return MaskCenter(float(x * scale_x), float(y * scale_y), marked.shape != (rows, columns))


def _pixel_count(path: Path) -> int:
    rows, columns = _size(path)
    return rows * columns


def _size(path: Path) -> tuple[int, int]:
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["Rows", "Columns"])
        return int(header.Rows), int(header.Columns)
    except (InvalidDicomError, AttributeError) as error:
        raise ImportFileUnreadable(DATASET, path.name, str(error)) from None
