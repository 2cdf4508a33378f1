"""Finds in a region's pixels what the paper's readers left out by eye: markers, burned-in text, edges of paddles.

Huynh 2016 (section 2.1) removed 132 of 739 regions for such things; no DICOM tag tells of them. Both searches work at
0.2 mm, on gray differences relative to the region's own range, and find shapes that tissue does not have: something
straight, or something bright that ends abruptly. How often they are wrong is in docs/reading.md.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.flags import Flag, FlagCode
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, FloatImage, Mask

STRAIGHT_EDGE_FLAGGED_MM = 10.0
BRIGHT_OBJECT_SMALLEST_MM2 = 0.6
BRIGHT_OBJECT_DROP_FLAGGED = 0.3

_STEP_MM = 2 * ROI_SPACING_MM
_SIZE = ROI_SIZE_PX // 2
_EDGE_SHARE_OF_RANGE = 0.02  # of the gray range, per 0.2 mm
_EDGE_TIMES_MEDIAN = 3.0
_ANGLES = 180
_OFFSETS = 400
_BORDER_PX = 4
_BRIGHT_SHARE_OF_RANGE = 0.10
_RING_PX = (3, 4)  # 0.6 to 0.8 mm outside the object
_SAMPLED_EVERY = 8


def artifact_flags(gray: FloatImage, tissue: Mask) -> tuple[Flag, ...]:
    """Flag straight edges and bright, abruptly ending objects in a region.

    Parameters
    ----------
    gray
        (512, 512), 0 to 1.
    tissue
        (512, 512), true where the region shows tissue; nothing beside anything else counts as an edge.

    Returns
    -------
    tuple of Flag
        ``straight_edge`` with its length, ``bright_object`` with its area; none where nothing was found.
    """
    reduced: FloatImage = gray[::2, ::2] + gray[1::2, ::2] + gray[::2, 1::2] + gray[1::2, 1::2]
    reduced *= np.float32(0.25)
    covered = tissue[::2, ::2] & tissue[1::2, ::2] & tissue[::2, 1::2] & tissue[1::2, 1::2]
    if not covered.any():
        return ()
    low, high = np.percentile(reduced[covered][::_SAMPLED_EVERY], (1, 99))
    if high <= low:
        return ()
    flags: list[Flag] = []
    length_mm = longest_straight_edge_mm(reduced, covered, float(high - low))
    if length_mm >= STRAIGHT_EDGE_FLAGGED_MM:
        message = (
            f"A straight edge of about {length_mm:.0f} mm crosses the region: a paddle, a label or the film's border."
        )
        flags.append(Flag(FlagCode.STRAIGHT_EDGE, message, {"length_mm": length_mm}))
    area_mm2 = bright_object_mm2(reduced, covered, float(low))
    if area_mm2 > 0.0:
        message = "Something bright ends abruptly in the region: a marker, text, a clip or a coarse calcification."
        flags.append(Flag(FlagCode.BRIGHT_OBJECT, message, {"area_mm2": area_mm2}))
    return tuple(flags)


def longest_straight_edge_mm(reduced: FloatImage, covered: Mask, gray_range: float) -> float:
    """Length of the longest straight edge, by a Hough transform in which a pixel votes for its own gradient's angle.

    Parameters
    ----------
    reduced
        (256, 256) grays at 0.2 mm.
    covered
        (256, 256), true where there is tissue; edges beside anything else do not count.
    gray_range
        The region's range of grays.

    Returns
    -------
    float
        In millimeters; 0 where there are no edges.
    """
    smooth = ndimage.gaussian_filter(reduced, 1.0)
    gradient_y: FloatImage = np.asarray(np.gradient(smooth, axis=0))
    gradient_x: FloatImage = np.asarray(np.gradient(smooth, axis=1))
    magnitude: FloatImage = np.sqrt(gradient_x**2 + gradient_y**2)
    inner = ndimage.minimum_filter(covered, size=2 * _BORDER_PX + 1, mode="constant", cval=0)
    if not inner.any():
        return 0.0
    inner_magnitudes: FloatImage = magnitude[inner]
    typical = float(np.median(inner_magnitudes[::_SAMPLED_EVERY]))
    edges = inner & (magnitude > max(_EDGE_SHARE_OF_RANGE * gray_range, _EDGE_TIMES_MEDIAN * typical))
    rows, columns = np.nonzero(edges)
    if rows.size == 0:
        return 0.0
    angle = np.arctan2(gradient_y[edges], gradient_x[edges])
    return _most_votes(rows, columns, angle) * _STEP_MM


def _most_votes(rows: NDArray[np.intp], columns: NDArray[np.intp], angle: FloatImage) -> float:
    """Edge pixels of the best supported line, its width divided out."""
    nearest = np.floor((angle + np.pi) / (2 * np.pi) * _ANGLES).astype(np.intp)
    votes = np.zeros(_ANGLES * _OFFSETS)
    for turn in (-1, 0, 1):
        bins = (nearest + turn) % _ANGLES
        normal = (bins + 0.5) / _ANGLES * (2 * np.pi) - np.pi
        offset = (columns - _SIZE / 2) * np.cos(normal) + (rows - _SIZE / 2) * np.sin(normal)
        votes += np.bincount(bins * _OFFSETS + np.rint(offset).astype(np.intp) + _OFFSETS // 2, minlength=votes.size)
    # An edge is about three pixels wide across its gradient.
    lines = votes.reshape(_ANGLES, _OFFSETS)
    return float((lines[:, :-2] + lines[:, 1:-1] + lines[:, 2:]).max() / 3.0)


def bright_object_mm2(reduced: FloatImage, covered: Mask, low: float) -> float:
    """Area of the largest object near the region's brightest gray that ends abruptly; 0 where there is none.

    Abruptly means: 0.7 mm outside it, the median gray is down by 30 % of the range. Tissue fades more slowly.
    """
    high = float(np.max(reduced, where=covered, initial=0.0))
    gray_range = high - low
    labels, count = ndimage.label(covered & (reduced >= high - _BRIGHT_SHARE_OF_RANGE * gray_range), np.ones((3, 3)))
    areas_mm2 = np.bincount(labels.ravel(), minlength=count + 1) * _STEP_MM**2
    boxes = ndimage.find_objects(labels)
    largest_mm2 = 0.0
    for label in np.nonzero(areas_mm2[1:] >= BRIGHT_OBJECT_SMALLEST_MM2)[0] + 1:
        box = tuple(
            slice(max(0, side.start - _RING_PX[1]), min(_SIZE, side.stop + _RING_PX[1])) for side in boxes[label - 1]
        )
        ring = _ring(labels[box] == label) & covered[box]
        if ring.any() and high - np.median(reduced[box][ring]) >= BRIGHT_OBJECT_DROP_FLAGGED * gray_range:
            largest_mm2 = max(largest_mm2, float(areas_mm2[label]))
    return largest_mm2


def _ring(inside: Mask) -> Mask:
    """Pixels whose distance to the object is that of the ring."""
    distance = ndimage.distance_transform_cdt(~inside, metric="taxicab")
    return (distance >= _RING_PX[0]) & (distance <= _RING_PX[1])
