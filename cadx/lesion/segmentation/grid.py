"""The grid of 0.4 mm keeps its place on the image, wherever the reader's mark lies.

Blocks that followed the mark would hold other pixels when the mark moves by one: every gray of the surface would change
a little, and with it the choice between outlines of nearly equal evidence.
"""

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cadx.lesion.segmentation.surface import REDUCTION
from cadx.records import ROI_SIZE_PX, Mask, Roi

Shift = tuple[int, int]
Pixel = TypeVar("Pixel", bound=np.generic)


def on_image_grid(roi: Roi) -> tuple[Roi, Shift]:
    """Move a ROI by 0 to 3 pixels, so that its blocks of 4 x 4 begin at multiples of 0.4 mm from the image's corner.

    Returns
    -------
    Roi
        Its gray, valid pixels and tissue moved; the last rows and columns are repeated where it ends. Its center stays.
    tuple
        Rows and columns by which its pixels were moved up and left.
    """
    (left, top), (right, bottom) = roi.to_image(np.array([[0.0, 0.0], [ROI_SIZE_PX, ROI_SIZE_PX]]))
    rows = round(-top / (bottom - top) * ROI_SIZE_PX) % REDUCTION
    columns = round(-left / (right - left) * ROI_SIZE_PX) % REDUCTION
    if not (rows or columns):
        return roi, (0, 0)
    placed = replace(
        roi,
        gray=_moved(roi.gray, rows, columns),
        valid=_moved(roi.valid, rows, columns),
        tissue=_moved(roi.tissue, rows, columns),
    )
    return placed, (rows, columns)


def _moved(image: NDArray[Pixel], rows: int, columns: int) -> NDArray[Pixel]:
    """Move an image up and left; its last row and column are repeated."""
    if image.dtype == np.bool_ and image.all():
        return image
    moved = np.empty(image.shape, dtype=image.dtype)
    down, right = ROI_SIZE_PX - rows, ROI_SIZE_PX - columns
    moved[:down, :right] = image[rows:, columns:]
    moved[:down, right:] = moved[:down, right - 1 : right]
    moved[down:] = moved[down - 1 : down]
    return moved


def back_on_roi(mask: Mask, shift: Shift) -> Mask:
    """Move a mask back to where the ROI's pixels were."""
    rows, columns = shift
    back = np.zeros_like(mask)
    back[rows:, columns:] = mask[: ROI_SIZE_PX - rows, : ROI_SIZE_PX - columns]
    return back
