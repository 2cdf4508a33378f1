"""From a mammogram and a lesion centre to the 512 x 512 ROI at 0.1 mm (Huynh 2016, section 2.2)."""

import math

import numpy as np
from numpy.typing import NDArray

from cadx.errors import CentreOutsideImage
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, Flag, LesionCentre, Mammogram, Roi

PADDED_SHARE_FLAGGED = 0.01


def extract_roi(mammogram: Mammogram, centre: LesionCentre) -> Roi:
    """Crop, resample and, near an edge, pad the region about a lesion.

    Only the needed rectangle of the source is fetched. It is resampled with a triangle kernel that widens when the
    source is finer than 0.1 mm (anti-aliasing) and is renormalised over valid pixels, so that padding never bleeds
    into tissue.

    Parameters
    ----------
    mammogram
        The source image.
    centre
        The lesion's centre in pixels of the source image.

    Returns
    -------
    Roi
        The region, its mask of valid pixels, and flags.

    Raises
    ------
    CentreOutsideImage
        When the centre is not on the image or not a finite number.
    """
    if not (0 <= centre.x < mammogram.columns and 0 <= centre.y < mammogram.rows):
        raise CentreOutsideImage(centre.x, centre.y, mammogram.columns, mammogram.rows)
    row_start, row_weights = _axis_weights(centre.y, mammogram.spacing.row_mm, mammogram.rows)
    column_start, column_weights = _axis_weights(centre.x, mammogram.spacing.column_mm, mammogram.columns)
    window = mammogram.pixels.window(
        row_start,
        row_start + row_weights.shape[1],
        column_start,
        column_start + column_weights.shape[1],
    )
    cover = row_weights @ window.valid.astype(np.float32) @ column_weights.T
    total = row_weights @ window.gray @ column_weights.T
    valid = cover >= 0.5
    gray = np.zeros_like(total)
    np.divide(total, cover, out=gray, where=valid)
    np.clip(gray, 0.0, 1.0, out=gray)
    padded_share = 1.0 - float(valid.mean())
    return Roi(gray, valid, centre, mammogram.spacing, padded_share, _flags(padded_share))


def _axis_weights(centre_px: float, spacing_mm: float, length_px: int) -> tuple[int, NDArray[np.float32]]:
    """Resampling weights along one axis: the first source pixel needed, and a (512, pixels) matrix.

    A row sums to 1 where the kernel lies wholly on the image and to less where it reaches over the edge.
    """
    step = ROI_SPACING_MM / spacing_mm
    positions = centre_px + (np.arange(ROI_SIZE_PX) + 0.5 - ROI_SIZE_PX / 2) * step
    half_width = max(1.0, step)
    start = max(0, math.floor(positions[0] - half_width))
    stop = min(length_px, math.ceil(positions[-1] + half_width))
    first = math.floor(positions[0] - half_width)
    last = math.ceil(positions[-1] + half_width)
    pixels = np.arange(first, last) + 0.5
    weights = np.maximum(0.0, 1.0 - np.abs(pixels[None, :] - positions[:, None]) / half_width)
    weights /= weights.sum(axis=1, keepdims=True)
    return start, weights[:, start - first : stop - first].astype(np.float32)


def _flags(padded_share: float) -> tuple[Flag, ...]:
    if padded_share < PADDED_SHARE_FLAGGED:
        return ()
    return (
        Flag(
            "roi_padded",
            f"{padded_share:.0%} of the region lies outside the image and was padded.",
            {"padded_share": padded_share},
        ),
    )
