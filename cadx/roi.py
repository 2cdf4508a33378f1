"""From a mammogram and a lesion center to the 512 x 512 ROI at 0.1 mm (Huynh 2016, section 2.2)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from cadx.errors import CenterInAir, CenterInPadding, CenterOutsideImage
from cadx.flags import Flag, FlagCode
from cadx.records import (
    ROI_SIZE_PX,
    ROI_SPACING_MM,
    FloatImage,
    LesionCenter,
    Mammogram,
    Mask,
    Roi,
    source_step,
)
from cadx.tissue import tissue_mask

PADDED_SHARE_FLAGGED = 0.01
NOT_TISSUE_SHARE_FLAGGED = 0.01
LOW_CONTRAST_FLAGGED = 0.05
CENTER_RADIUS_MM = 1.0
LANCZOS_LOBES = 3
# A pixel is known where this share of its kernel is: a quarter in the corner of an image.
SMALLEST_COVER = 0.2
_REACH_PX = round(CENTER_RADIUS_MM / ROI_SPACING_MM)
_MIDST = (slice(ROI_SIZE_PX // 2 - _REACH_PX, ROI_SIZE_PX // 2 + _REACH_PX),) * 2
_SAMPLED = (slice(None, None, 4),) * 2


@dataclass(frozen=True, slots=True)
class _Axis:
    """How the ROI lies along one axis of the source.

    Attributes
    ----------
    start, stop
        The source pixels that are needed.
    nearest
        (512,) index, from `start`, of the source pixel that holds the middle of each ROI pixel; -1 outside the image.
    weights
        Sparse (512, stop - start); None where each ROI pixel is its nearest source pixel. A row sums to 1 where the
        kernel lies wholly on the image and to less where it reaches over the edge.
    """

    start: int
    stop: int
    nearest: NDArray[np.intp]
    weights: csr_array | None

    @property
    def inside(self) -> Mask:
        return self.nearest >= 0


def extract_roi(mammogram: Mammogram, mark: LesionCenter) -> Roi:
    """Crop, resample and, near an edge, pad the region about a lesion.

    The region is aligned with the source's pixels: its middle is the corner of pixels that is nearest to the mark, so
    that the fraction of a pixel in a mark decides nothing. A source of 0.1 mm is cropped and not filtered; any other is
    resampled by Lanczos' kernel of three lobes, widened where the source is finer than 0.1 mm (anti-aliasing) and
    renormalized over tissue, so that neither padding nor black bleeds into it. Only the needed rectangle of the source
    is fetched.

    Parameters
    ----------
    mammogram
        The source image.
    mark
        The lesion's center in pixels of the source image.

    Returns
    -------
    Roi
        The region, its masks of valid pixels and of tissue, and flags; `cadx.artifacts.artifact_flags` finds more, at
        leisure.

    Raises
    ------
    CenterOutsideImage
        When the center is not on the image or not a finite number.
    CenterInPadding
        When the file holds padding at the center.
    CenterInAir
        When the center lies on air or another black that is no tissue, or nothing but one gray is seen.
    """
    if not (0 <= mark.x < mammogram.columns and 0 <= mark.y < mammogram.rows):
        raise CenterOutsideImage(mark.x, mark.y, mammogram.columns, mammogram.rows)
    center = LesionCenter(float(math.floor(mark.x + 0.5)), float(math.floor(mark.y + 0.5)))
    down = _axis(center.y, mammogram.spacing.row_mm, mammogram.rows)
    across = _axis(center.x, mammogram.spacing.column_mm, mammogram.columns)
    window = mammogram.pixels.window(down.start, down.stop, across.start, across.stop)
    valid = _at_nearest(window.valid, down, across)
    row, column = int(center.y) - down.start, int(center.x) - across.start
    about_center = window.valid[max(0, row - 2) : row + 2, max(0, column - 2) : column + 2]
    if not (about_center.any() and valid[_MIDST].any()):
        raise CenterInPadding(mark.x, mark.y)
    seen = tissue_mask(window, mammogram.spacing)
    tissue = valid if seen is window.valid else _at_nearest(seen, down, across)
    if not tissue[_MIDST].any():
        raise CenterInAir(mark.x, mark.y)
    gray, tissue = _resampled(window.gray, seen, tissue, down, across)
    if _is_constant(gray, tissue):
        raise CenterInAir(mark.x, mark.y)
    padded_share = 1.0 - float(valid.mean())
    flags = _flags(gray, tissue, padded_share)
    return Roi(gray, valid, center, mammogram.spacing, padded_share, tissue, mark, flags)


def _at_nearest(mask: Mask, down: _Axis, across: _Axis) -> Mask:
    """Carry a mask of the window over to the ROI."""
    taken: Mask = mask[down.nearest][:, across.nearest]
    if not down.inside.all():
        taken[~down.inside] = False
    if not across.inside.all():
        taken[:, ~across.inside] = False
    return taken


def _resampled(source: FloatImage, seen: Mask, tissue: Mask, down: _Axis, across: _Axis) -> tuple[FloatImage, Mask]:
    """Weigh the window's tissue into the ROI; give the grays, 0 where there is no tissue, and what tissue is known."""
    if down.weights is None and across.weights is None:
        return np.where(tissue, source[down.nearest][:, across.nearest], np.float32(0)), tissue
    if seen.all():
        height, width = (np.ones((length, 1), dtype=np.float32) for length in source.shape)
        cover = _weighed(height, down) * _weighed(width, across).T
        total = _weighed(_weighed(source, down).T, across).T
    else:
        cover = _weighed(_weighed(seen.astype(np.float32), down).T, across).T
        total = _weighed(_weighed(np.where(seen, source, np.float32(0)), down).T, across).T
    known: Mask = tissue & (cover >= SMALLEST_COVER)
    gray = total / np.maximum(cover, np.float32(SMALLEST_COVER))
    gray *= known
    # The kernel's negative lobes overshoot beside hard edges.
    np.clip(gray, 0.0, 1.0, out=gray)
    return gray, known


def _weighed(image: FloatImage, axis: _Axis) -> FloatImage:
    """Resample the rows of an image."""
    if axis.weights is None:
        return image[axis.nearest] * axis.inside[:, None]
    weighed: FloatImage = axis.weights @ np.ascontiguousarray(image)
    return weighed


def _axis(center_px: float, spacing_mm: float, length_px: int) -> _Axis:
    """Place the ROI along one axis.

    Parameters
    ----------
    center_px
        Corner of pixels, a whole number.
    spacing_mm
        Of the source.
    length_px
        Of the source.
    """
    step = source_step(spacing_mm)
    positions = center_px + (np.arange(ROI_SIZE_PX) + 0.5 - ROI_SIZE_PX / 2) * step
    nearest = np.floor(positions).astype(np.intp)
    nearest[(nearest < 0) | (nearest >= length_px)] = -1
    if step == 1.0:
        start, stop = int(nearest[nearest >= 0].min()), int(nearest.max()) + 1
        return _Axis(start, stop, np.where(nearest >= 0, nearest - start, -1), None)
    # Sinc's zeros lie at whole source pixels, or at whole ROI pixels where these are larger.
    zero_px = max(1.0, step)
    reach_px = LANCZOS_LOBES * zero_px
    first = np.floor(positions - reach_px - 0.5).astype(np.intp) + 1
    pixels = first[:, None] + np.arange(math.ceil(2 * reach_px))
    lobes = (pixels + 0.5 - positions[:, None]) / zero_px
    weights = np.where(np.abs(lobes) < LANCZOS_LOBES, np.sinc(lobes) * np.sinc(lobes / LANCZOS_LOBES), 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    inside = (pixels >= 0) & (pixels < length_px) & (np.abs(lobes) < LANCZOS_LOBES)
    start, stop = int(pixels[inside].min()), int(pixels[inside].max()) + 1
    row_ends = np.concatenate([[0], np.cumsum(inside.sum(axis=1))])
    entries = (weights[inside].astype(np.float32), pixels[inside] - start, row_ends)
    matrix = csr_array(entries, shape=(ROI_SIZE_PX, stop - start))
    return _Axis(start, stop, np.where(nearest >= 0, nearest - start, -1), matrix)


def _is_constant(gray: FloatImage, tissue: Mask) -> bool:
    """Whether the middle is constant and as dark as anything in the region, as masked air is."""
    values = gray[_MIDST][tissue[_MIDST]]
    highest = float(values.max(initial=0.0))
    if highest > values.min(initial=1.0) + 1e-6:
        return False
    return highest <= float(np.min(gray, where=tissue, initial=1.0)) + 1e-6


def _flags(gray: FloatImage, tissue: Mask, padded_share: float) -> tuple[Flag, ...]:
    flags: list[Flag] = []
    if padded_share >= PADDED_SHARE_FLAGGED:
        message = f"{padded_share:.0%} of the region lies outside the image and was padded."
        flags.append(Flag(FlagCode.ROI_PADDED, message, {"padded_share": padded_share}))
    share = 1.0 - padded_share - float(tissue.mean())
    if share >= NOT_TISSUE_SHARE_FLAGGED:
        message = f"{share:.0%} of the region is no tissue: air, collimation, a film's border or blanked-out text."
        flags.append(Flag(FlagCode.ROI_NOT_TISSUE, message, {"not_tissue_share": share}))
    low, high = np.percentile(gray[_SAMPLED][tissue[_SAMPLED]], (1, 99)) if tissue[_SAMPLED].any() else (0.0, 0.0)
    contrast = float(high - low)
    if contrast < LOW_CONTRAST_FLAGGED:
        message = f"The region's grays span only {contrast:.3f} of the range from 0 to 1."
        flags.append(Flag(FlagCode.LOW_CONTRAST, message, {"contrast": contrast}))
    return tuple(flags)
