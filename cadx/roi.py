"""From a mammogram and a lesion center to the 512 x 512 ROI at 0.1 mm (Huynh 2016, section 2.2)."""

import math

import numpy as np
from scipy.sparse import csr_array

from cadx.errors import CenterInAir, CenterInPadding, CenterOutsideImage
from cadx.flags import Flag, FlagCode
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, FloatImage, LesionCenter, Mammogram, Mask, PixelWindow, Roi

PADDED_SHARE_FLAGGED = 0.01
LOW_CONTRAST_FLAGGED = 0.05
CENTER_RADIUS_MM = 1.0
_REACH_PX = round(CENTER_RADIUS_MM / ROI_SPACING_MM)
_MIDST = (slice(ROI_SIZE_PX // 2 - _REACH_PX, ROI_SIZE_PX // 2 + _REACH_PX),) * 2
_SAMPLED_EVERY = 16


def extract_roi(mammogram: Mammogram, center: LesionCenter) -> Roi:
    """Crop, resample and, near an edge, pad the region about a lesion.

    Only the needed rectangle of the source is fetched. It is resampled with a triangle kernel that widens when the
    source is finer than 0.1 mm (anti-aliasing) and is renormalized over valid pixels, so that padding never bleeds
    into tissue.

    Parameters
    ----------
    mammogram
        The source image.
    center
        The lesion's center in pixels of the source image.

    Returns
    -------
    Roi
        The region, its mask of valid pixels, and flags; `cadx.artifacts.artifact_flags` finds more, at leisure.

    Raises
    ------
    CenterOutsideImage
        When the center is not on the image or not a finite number.
    CenterInPadding
        When the file holds padding at the center.
    CenterInAir
        When the center lies on constant, darkest background.
    """
    if not (0 <= center.x < mammogram.columns and 0 <= center.y < mammogram.rows):
        raise CenterOutsideImage(center.x, center.y, mammogram.columns, mammogram.rows)
    row_start, row_weights = _axis_weights(center.y, mammogram.spacing.row_mm, mammogram.rows)
    column_start, column_weights = _axis_weights(center.x, mammogram.spacing.column_mm, mammogram.columns)
    window = mammogram.pixels.window(
        row_start,
        row_start + row_weights.shape[1],
        column_start,
        column_start + column_weights.shape[1],
    )
    gray, valid = _resampled(window, row_weights, column_weights)
    row, column = int(center.y) - row_start, int(center.x) - column_start
    about_center = window.valid[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
    if not (about_center.any() and valid[_MIDST].any()):
        raise CenterInPadding(center.x, center.y)
    if _is_air(gray, valid):
        raise CenterInAir(center.x, center.y)
    padded_share = 1.0 - float(valid.mean())
    return Roi(gray, valid, center, mammogram.spacing, padded_share, _flags(gray, valid, padded_share))


def _resampled(window: PixelWindow, row_weights: csr_array, column_weights: csr_array) -> tuple[FloatImage, Mask]:
    """Weigh the window's pixels into the ROI; a pixel is valid where at least half of its kernel is."""
    if window.valid.all():
        cover = np.outer(row_weights.sum(axis=1), column_weights.sum(axis=1))
    else:
        cover = column_weights @ (row_weights @ window.valid.astype(np.float32)).T
        cover = cover.T
    total = (column_weights @ (row_weights @ window.gray).T).T
    valid = cover >= 0.5
    gray = np.zeros((ROI_SIZE_PX, ROI_SIZE_PX), dtype=np.float32)
    np.divide(total, cover, out=gray, where=valid)
    np.clip(gray, 0.0, 1.0, out=gray)
    return gray, valid


def _axis_weights(center_px: float, spacing_mm: float, length_px: int) -> tuple[int, csr_array]:
    """Resampling weights along one axis: the first source pixel needed, and a sparse (512, pixels) matrix.

    A row sums to 1 where the kernel lies wholly on the image and to less where it reaches over the edge.
    """
    step = ROI_SPACING_MM / spacing_mm
    half_width = max(1.0, step)
    positions = center_px + (np.arange(ROI_SIZE_PX) + 0.5 - ROI_SIZE_PX / 2) * step
    first = np.floor(positions - half_width - 0.5).astype(np.intp) + 1
    pixels = first[:, None] + np.arange(math.ceil(2 * half_width) + 1)
    weights = np.maximum(0.0, 1.0 - np.abs(pixels + 0.5 - positions[:, None]) / half_width)
    weights /= weights.sum(axis=1, keepdims=True)
    inside = (pixels >= 0) & (pixels < length_px) & (weights > 0)
    start, stop = int(pixels[inside].min()), int(pixels[inside].max()) + 1
    rows = np.broadcast_to(np.arange(ROI_SIZE_PX)[:, None], pixels.shape)[inside]
    entries = (weights[inside].astype(np.float32), (rows, pixels[inside] - start))
    return start, csr_array(entries, shape=(ROI_SIZE_PX, stop - start))


def _is_air(gray: FloatImage, valid: Mask) -> bool:
    """Whether the middle is constant and as dark as anything in the region, as masked air is."""
    values = gray[_MIDST][valid[_MIDST]]
    darkest = float(np.min(gray, where=valid, initial=1.0))
    return float(values.max()) <= darkest + 1e-6


def _flags(gray: FloatImage, valid: Mask, padded_share: float) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    if padded_share >= PADDED_SHARE_FLAGGED:
        message = f"{padded_share:.0%} of the region lies outside the image and was padded."
        flags.append(Flag(FlagCode.ROI_PADDED, message, {"padded_share": padded_share}))
    low, high = np.percentile(gray[valid][::_SAMPLED_EVERY], (1, 99))
    contrast = float(high - low)
    if contrast < LOW_CONTRAST_FLAGGED:
        message = f"The region's grays span only {contrast:.3f} of the range from 0 to 1."
        flags.append(Flag(FlagCode.LOW_CONTRAST, message, {"contrast": contrast}))
    return tuple(flags)
