"""Contour measures of Rangayyan's laboratory, on a polygon in pixels.

Outlines are (n, 2) arrays of x, y, not closed. `smooth_outline` comes first, so that the steps of the pixel grid do not
count as concavities; it commutes with turns and flips. The grid's steps are one pixel whatever the lesion's size, so
that length is in pixels; every other is a share of the effective diameter, 2 sqrt(A / pi): one shape has the same
measures at any size (docs/lesion-features.md, with what a smoothing in proportion to the size did).
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.lesion import kernels
from cadx.records import Points

# Standard deviation along the outline, in pixels: it takes off the steps of the grid and leaves the shape.
SMOOTHING_PX = 1.0
SAMPLES_PER_DEVIATION = 3
# Tolerance of the polygonal model.
MODEL_TOLERANCE_SHARE = 0.015
# Sides of the polygon of equal sides, from how many starting points it is laid, and the turn from which a vertex is
# concave: on a straight side the sign of the turn is rounding, and cuts one spicule into many.
SIDE_SHARE = 0.03
STARTS = 4
STRAIGHT_RAD = 0.1
SIGNATURE_POINTS = 512
RULER_STEPS = (1, 2, 4, 8, 16, 32)


def polygon_area(polygon: Points) -> float:
    """Area by the shoelace formula."""
    x, y = polygon.T
    return 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def effective_diameter(polygon: Points) -> float:
    """Diameter of the disc of equal area, 2 sqrt(A / pi)."""
    return 2 * float(np.sqrt(polygon_area(polygon) / np.pi))


def smooth_outline(outline: Points) -> Points:
    """Gaussian mean along the closed outline, with a standard deviation of one pixel.

    The outline is first resampled at equal steps of a third of that, from its vertex farthest from the middle, so that
    the samples turn and flip with it.
    """
    outline = np.roll(outline, -_farthest(outline), axis=0)
    length = _length(outline)
    count = int(np.ceil(length / SMOOTHING_PX * SAMPLES_PER_DEVIATION))
    smooth: Points = ndimage.gaussian_filter1d(
        kernels.resampled(outline, count), SMOOTHING_PX * count / length, axis=0, mode="wrap"
    )
    return smooth


def polygonal_model(smooth: Points) -> Points:
    """Douglas-Peucker model of a smoothed outline, from its point farthest from the centroid.

    The tolerance is 1.5 % of the effective diameter.
    """
    start = _farthest(smooth)
    closed = np.concatenate([smooth[start:], smooth[: start + 1]])
    tolerance = MODEL_TOLERANCE_SHARE * effective_diameter(smooth)
    return kernels.simplified(closed, tolerance)[:-1]


def fractional_concavity(model: Points) -> float:
    """Length of the concave parts of the outline over its whole length, 0 to 1 (Rangayyan 2000).

    Each side of the polygonal model gives half of its length to each of its two vertices; the concave part is what
    vertices with an inner angle above 180 degrees hold.
    """
    lengths, turning = _sides_and_turning(model)
    share = (lengths + np.roll(lengths, 1)) / 2
    return float(share[turning < 0].sum() / share.sum())


def spiculation_index(smooth: Points) -> float:
    """Sum of (1 + cos t) S over sum of S, S a spicule's length and t its angle, 0 to 2 (Rangayyan 2000).

    A spicule is a run of convex vertices between two concave ones; S is the length of its sides. Its angle t is, as
    published, the mean of those of its inner angles that do not exceed their own mean: the tip's. Narrow spicules count
    nearly twice, blunt lobes nearly nothing. A convex outline is one such run.

    Ours is the model: a polygon with equal sides of 3 % of the effective diameter, turns against the outline of less
    than 0.1 rad counted as none, and the mean over four starting points a quarter of a side apart. The vertices of a
    Douglas-Peucker model come and go with a pixel, and the index of one shape at several sizes with them (by up to
    0.38; docs/lesion-features.md).
    """
    count = max(8, round(_length(smooth) / (SIDE_SHARE * effective_diameter(smooth))))
    fine = kernels.resampled(smooth, count * STARTS)
    return float(np.mean([polygon_spiculation(fine[start::STARTS]) for start in range(STARTS)]))


def polygon_spiculation(polygon: Points) -> float:
    """Spiculation index of a polygon as it is, 0 to 2; turns of less than `STRAIGHT_RAD` do not end a spicule."""
    lengths, turning = _sides_and_turning(polygon)
    turning = np.where((turning < 0) & (turning > -STRAIGHT_RAD), 0.0, turning)
    concave = turning < 0
    if concave.any():
        first = int(np.argmax(concave))
        lengths, turning, concave = np.roll(lengths, -first), np.roll(turning, -first), np.roll(concave, -first)
    run = np.cumsum(concave.astype(np.intp))
    convex = ~concave
    count = int(run.max()) + 1
    inner = np.pi - turning
    mean = _mean_of_runs(inner, run, convex, count)
    tip = convex & (inner <= mean[run] + 1e-9)
    angle = _mean_of_runs(inner, run, tip, count)
    # A run's sides: the one before each of its vertices, and the one after its last.
    side = np.bincount(run, weights=lengths, minlength=count)
    spicule = np.bincount(run[convex], minlength=count) > 0
    return float((side * (1 + np.cos(angle)))[spicule].sum() / side[spicule].sum())


def _mean_of_runs(
    values: NDArray[np.float64], run: NDArray[np.signedinteger], counted: NDArray[np.bool_], count: int
) -> NDArray[np.float64]:
    """Mean of the counted values of each run; 0 for a run without any."""
    total = np.bincount(run[counted], weights=values[counted], minlength=count)
    return np.asarray(total / np.maximum(np.bincount(run[counted], minlength=count), 1))


def fourier_factor(smooth: Points) -> float:
    """1 - sum |Z(k)| / |k| over sum |Z(k)|, k not 0, Z the Fourier descriptors of x + iy, 0 to 1 (Shen 1994).

    A circle has one descriptor, k = 1, and the factor 0; fine detail raises it.
    """
    points = kernels.resampled(smooth, SIGNATURE_POINTS)
    magnitude = np.abs(np.fft.fft(points[:, 0] + 1j * points[:, 1]))
    order = np.abs(np.fft.fftfreq(SIGNATURE_POINTS, 1 / SIGNATURE_POINTS))
    return float(1 - (magnitude[1:] / order[1:]).sum() / magnitude[1:].sum())


def signature_fractal_dimension(smooth: Points) -> float:
    """Fractal dimension of the radial signature by the ruler method, 1 for a circle, below 2 (Rangayyan & Nguyen 2007).

    The signature is the distance from the centroid over its mean, against the arc length scaled to 2 pi; its length
    measured with rulers of 1 to 32 samples of 512 goes as ruler^(1 - D).
    """
    points = kernels.resampled(smooth, SIGNATURE_POINTS)
    distance = np.sqrt(np.square(points - points.mean(axis=0)).sum(axis=1))
    signature = distance / distance.mean()
    lengths = [_ruler_length(signature, step) for step in RULER_STEPS]
    return 1 - float(np.polyfit(np.log(RULER_STEPS), np.log(lengths), 1)[0])


def _ruler_length(signature: NDArray[np.float64], step: int) -> float:
    """Mean over starting points of the length of the signature measured with one ruler."""
    run = 2 * np.pi * step / len(signature)
    return float(np.hypot(np.roll(signature, -step) - signature, run).sum() / step)


def _farthest(polygon: Points) -> int:
    """Number of the vertex farthest from the mean of all."""
    return int(np.argmax(np.square(polygon - polygon.mean(axis=0)).sum(axis=1)))


def _length(polygon: Points) -> float:
    """Length of the closed polygon."""
    return float(np.sqrt(np.square(np.roll(polygon, -1, axis=0) - polygon).sum(axis=1)).sum())


def _sides_and_turning(polygon: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Length of the side that leaves each vertex, and the turn at the vertex, positive where the outline is convex."""
    sides = np.roll(polygon, -1, axis=0) - polygon
    before = np.roll(sides, 1, axis=0)
    cross = before[:, 0] * sides[:, 1] - before[:, 1] * sides[:, 0]
    turning = np.arctan2(cross, (before * sides).sum(axis=1))
    return np.hypot(sides[:, 0], sides[:, 1]), turning * np.sign(turning.sum())
