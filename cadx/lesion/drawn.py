"""An outline that a reader drew, in the place of a segmentation."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from cadx.errors import (
    ContourOutsideImage,
    ContourOutsideRegion,
    ContourSelfCrossing,
    ContourTooFewPoints,
    ContourTooLarge,
    ContourTooSmall,
)
from cadx.lesion import kernels
from cadx.lesion.segmentation import (
    CUT_MM,
    DrawnBy,
    Segmentation,
    SegmentationOutcome,
    Trace,
    cut_flag,
    cut_mm_of,
)
from cadx.lesion.segmentation.candidates import LARGEST_AREA_MM2, SMALLEST_AREA_MM2
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, LesionCenter, Mask, Points, Roi

# Horizontal lines through an outline on which an inner point is looked for.
_LINES = 33


def readers_contour(points: ArrayLike, rows: int, columns: int) -> Points:
    """Check an outline that a reader drew on an image.

    Parameters
    ----------
    points
        (n, 2): x, y in pixels of the stored image. The first may be repeated at the end, and any in a row.
    rows, columns
        Size of the image in pixels.

    Returns
    -------
    ndarray
        float64, (n, 2), n >= 3: without the repetitions.

    Raises
    ------
    ContourTooFewPoints
        When there are fewer than three different points in a row.
    ContourOutsideImage
        When a point is not on the image or not a finite number; the edge is on the image.
    ContourSelfCrossing
        When two sides cross, or lie on each other. Sides may touch at a corner.
    """
    polygon: Points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    inside = (polygon >= 0).all(axis=1) & (polygon <= (columns, rows)).all(axis=1)
    if not inside.all():
        x, y = polygon[int(np.argmin(inside))].tolist()
        raise ContourOutsideImage(x, y, columns, rows)
    polygon = polygon[(polygon != np.roll(polygon, 1, axis=0)).any(axis=1)]
    if len(polygon) < 3:
        raise ContourTooFewPoints(len(polygon))
    if (pair := _crossing_sides(polygon)) is not None:
        raise ContourSelfCrossing(*pair)
    return polygon


def inner_point(polygon: Points) -> LesionCenter:
    """A point inside a polygon: its centroid, or, where that lies outside, the middle of the widest of 33 chords.

    The chords are horizontal, at equal steps from top to bottom.
    """
    x, y = polygon[:, 0], polygon[:, 1]
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    cross = x * next_y - next_x * y
    if cross.sum() != 0:
        center = np.array([((x + next_x) * cross).sum(), ((y + next_y) * cross).sum()]) / (3 * cross.sum())
        crossings = _crossings(polygon, center[1])
        if np.count_nonzero(crossings < center[0]) % 2:
            return LesionCenter(float(center[0]), float(center[1]))
    heights = y.min() + (np.arange(_LINES) + 0.5) / _LINES * np.ptp(y)
    chords = [(end - start, (start + end) / 2, height) for height in heights for start, end in _chords(polygon, height)]
    _, middle, height = max(chords, default=(0.0, float(x[0]), float(y[0])))
    return LesionCenter(float(middle), float(height))


def drawn_segmentation(roi: Roi, contour: Points) -> Segmentation:
    """Take a reader's outline for the segmentation.

    Parameters
    ----------
    roi
        The region of interest.
    contour
        What `readers_contour` gave: (n, 2) array of x, y in pixels of the source image.

    Returns
    -------
    Segmentation
        Its mask holds the ROI's pixels whose middle lies inside the outline and that are tissue, of several pieces the
        largest; flagged as an automatic one where the tissue's edge cuts it.

    Raises
    ------
    ContourOutsideRegion
        When the outline leaves the ROI.
    ContourTooSmall, ContourTooLarge
        Outside the limits that automatic outlines have.
    """
    polygon = roi.from_image(contour)
    inside = ((polygon >= 0) & (polygon <= ROI_SIZE_PX)).all(axis=1)
    if not inside.all():
        x, y = contour[int(np.argmin(inside))].tolist()
        raise ContourOutsideRegion(x, y, ROI_SIZE_PX * ROI_SPACING_MM)
    mask = _main_piece(polygon_mask(polygon) & roi.tissue)
    area_mm2 = int(np.count_nonzero(mask)) * ROI_SPACING_MM**2
    if area_mm2 < SMALLEST_AREA_MM2:
        raise ContourTooSmall(area_mm2, SMALLEST_AREA_MM2)
    if area_mm2 > LARGEST_AREA_MM2:
        raise ContourTooLarge(area_mm2, LARGEST_AREA_MM2)
    cut_mm = cut_mm_of(mask, roi.tissue)
    cut = cut_mm >= CUT_MM
    outcome = SegmentationOutcome.TOUCHES_BORDER if cut else SegmentationOutcome.FOUND
    nothing = np.empty(0)
    return Segmentation(
        mask=mask,
        method=DrawnBy.READER,
        outcome=outcome,
        reason="drawn by a reader",
        seed=(ROI_SIZE_PX / 2, ROI_SIZE_PX / 2),
        trace=Trace(nothing, nothing, nothing, nothing, nothing, nothing, (), -1),
        flags=(cut_flag(cut_mm),) if cut else (),
    )


def polygon_mask(polygon: Points) -> Mask:
    """The ROI's pixels whose middle lies inside a polygon in ROI pixels (even-odd): bool, (512, 512)."""
    start, end = polygon, np.roll(polygon, -1, axis=0)
    middles = np.arange(ROI_SIZE_PX) + 0.5
    row, side = np.nonzero((start[:, 1] > middles[:, None]) != (end[:, 1] > middles[:, None]))
    slope = (end[side, 0] - start[side, 0]) / (end[side, 1] - start[side, 1])
    x = start[side, 0] + (middles[row] - start[side, 1]) * slope
    first = np.clip(np.ceil(x - 0.5), 0, ROI_SIZE_PX).astype(np.intp)
    crossed = np.zeros((ROI_SIZE_PX, ROI_SIZE_PX + 1), dtype=np.int32)
    np.add.at(crossed, (row, first), 1)
    return np.asarray(np.cumsum(crossed[:, :-1], axis=1) % 2 == 1)


def _main_piece(mask: Mask) -> Mask:
    """The largest 8-connected piece, its holes filled."""
    pieces, count = ndimage.label(mask, np.ones((3, 3)))
    if count > 1:
        mask = pieces == 1 + int(np.argmax(np.bincount(pieces[mask])[1:]))
    return kernels.fill_holes(mask)


def _chords(polygon: Points, height: float) -> list[tuple[float, float]]:
    """Where a horizontal line runs inside a polygon: start and end in x."""
    crossings = _crossings(polygon, height)
    return list(zip(crossings[::2].tolist(), crossings[1::2].tolist(), strict=True))


def _crossings(polygon: Points, height: float) -> NDArray[np.float64]:
    """Where a horizontal line crosses a polygon's sides, in the order of x."""
    start, end = polygon, np.roll(polygon, -1, axis=0)
    crossed = (start[:, 1] > height) != (end[:, 1] > height)
    (x, y), (next_x, next_y) = start[crossed].T, end[crossed].T
    return np.sort(x + (height - y) / (next_y - y) * (next_x - x))


def _crossing_sides(polygon: Points) -> tuple[int, int] | None:
    """Numbers of two sides of a polygon that cross; None where none do."""
    start, end = polygon, np.roll(polygon, -1, axis=0)
    low, high = np.minimum(start, end), np.maximum(start, end)
    count = len(polygon)
    near = np.triu(np.ones((count, count), dtype=np.bool_), 1)
    for axis in range(2):
        near &= low[:, None, axis] <= high[None, :, axis]
        near &= low[None, :, axis] <= high[:, None, axis]
    first, second = np.nonzero(near)
    sides = [_turn(start[first], end[first], points[second]) for points in (start, end)]
    others = [_turn(start[second], end[second], points[first]) for points in (start, end)]
    cross = (sides[0] * sides[1] < 0) & (others[0] * others[1] < 0)
    flat = (sides[0] == 0) & (sides[1] == 0)
    if flat.any():
        # On one line: they lie on each other where their shadows overlap by more than a point.
        overlap = np.minimum(high[first], high[second]) - np.maximum(low[first], low[second])
        cross |= flat & (overlap.max(axis=1) > 0)
    found = np.flatnonzero(cross)
    return (int(first[found[0]]), int(second[found[0]])) if len(found) else None


def _turn(start: Points, end: Points, point: Points) -> NDArray[np.float64]:
    """On which side of the lines from start to end points lie: the sign of the cross product."""
    along, beside = end - start, point - start
    turn: NDArray[np.float64] = np.sign(along[:, 0] * beside[:, 1] - along[:, 1] * beside[:, 0])
    return turn
