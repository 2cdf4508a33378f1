"""What one ROI costs on one core: segmentation and all lesion features, by step, against the naive way.

The naive way is what the definitions say, word for word, with scikit-image and SciPy at the ROI's full resolution: one
flood fill and one `regionprops` a level, one `graycomatrix` a direction with `graycoprops`, a distance transform for
the ribbons, one pass over the ROI for each of the four orientation histograms. It computes less (5 of the 14 Haralick
features, none of the contour measures).

Times are CPU seconds of this process with one thread (the best of several turns), so that other work on the machine
disturbs them little. Run: python benchmarks/lesion.py
"""

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TypeVar

import numpy as np
from scipy import ndimage
from skimage.feature import graycomatrix, graycoprops
from skimage.measure import regionprops
from threadpoolctl import threadpool_limits

from cadx.lesion import FEATURES, FeatureDefinition, FeatureFamily, SegmentationMethod, lesion_features, segment
from cadx.lesion.features.region import LesionRegion, measure_region
from cadx.lesion.segmentation import grow
from cadx.lesion.segmentation.draw import draw_region
from cadx.lesion.segmentation.seed import find_seed
from cadx.lesion.segmentation.surface import Surface, gray_surface
from cadx.records import LesionCenter, Mammogram, Mask, PixelWindow, Roi, Spacing, SpacingSource
from cadx.roi import extract_roi
from training.phantoms import phantom_view, random_mass

Result = TypeVar("Result")
BOUND_MS = 30.0
NAIVE_LEVELS = 80


class ArrayPixels:
    """An image in memory as a source of pixels."""

    def __init__(self, gray: np.ndarray) -> None:
        self.gray = gray

    def window(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelWindow:
        """Return a rectangle; every pixel is valid."""
        part = self.gray[row_start:row_stop, column_start:column_stop]
        return PixelWindow(part, np.ones(part.shape, dtype=np.bool_))


def rois(count: int) -> Iterator[Roi]:
    """Phantoms with the diameters of the paper's range, small to large."""
    for number, diameter_mm in enumerate(np.geomspace(4, 30, count)):
        rng = np.random.default_rng([31, number])
        view = phantom_view(rng, random_mass(rng, number % 2 == 1, float(diameter_mm)))
        spacing = Spacing(0.1, 0.1, SpacingSource.CALLER)
        yield extract_roi(
            Mammogram(view.gray.shape[0], view.gray.shape[1], spacing, ArrayPixels(view.gray), "png"),
            LesionCenter(view.center.x, view.center.y),
        )


def best_ms(step: Callable[[], Result], turns: int) -> tuple[float, Result]:
    best = np.inf
    for _ in range(turns):
        started = time.process_time()
        result = step()
        best = min(best, time.process_time() - started)
    return 1000 * best, result


def by_step(roi: Roi, method: SegmentationMethod, turns: int) -> dict[str, float]:
    """Milliseconds of every step of the product's own way."""
    times: dict[str, float] = {}
    times["surface and seed"], (surface, seed) = best_ms(lambda: _surface_and_seed(roi), turns)
    times["growth"], growth = best_ms(lambda: grow(surface, seed, method), turns)
    times["outline at 0.1 mm"], mask = best_ms(lambda: draw_region(roi, surface, growth), turns)
    times["shared measurements"], region = best_ms(lambda: measure_region(roi.gray, roi.tissue, mask), turns)
    for family in FeatureFamily:
        chosen = [feature for feature in FEATURES if feature.family is family]
        times[f"{family.value} features"], _ = best_ms(partial(computed, chosen, region), turns)
    return times


def computed(features: Sequence[FeatureDefinition], region: LesionRegion) -> list[float]:
    return [feature.compute(region) for feature in features]


def _surface_and_seed(roi: Roi) -> tuple[Surface, tuple[int, int]]:
    surface = gray_surface(roi)
    return surface, find_seed(surface)


def naive(roi: Roi) -> Mask:
    """Segment and measure as the definitions say."""
    gray = ndimage.gaussian_filter(roi.gray, 4.0)
    areas, regions = [], []
    for level in np.linspace(gray[256, 256], gray.min(), NAIVE_LEVELS):
        pieces, _ = ndimage.label(gray >= level)
        region = ndimage.binary_fill_holes(pieces == pieces[256, 256])
        props = regionprops(region.astype(np.uint8))[0]  # type: ignore[no-untyped-call]
        areas.append((props.area, props.perimeter, props.eccentricity))
        regions.append(region)
    diameter = np.sqrt([area for area, _, _ in areas])
    mask = regions[int(np.argmax(np.where(diameter[:-1] > 20, np.diff(diameter), -1)))]
    props = regionprops(mask.astype(np.uint8))[0]  # type: ignore[no-untyped-call]
    measured = [props.area, props.perimeter, props.solidity, props.eccentricity, props.feret_diameter_max]
    levels = np.where(mask, 1 + np.clip(np.digitize(roi.gray, np.linspace(0, 1, 32)), 0, 31), 0).astype(np.uint8)
    for angle in (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4):
        matrix = graycomatrix(levels, [1], [angle], levels=33, symmetric=True)[1:, 1:]  # type: ignore[no-untyped-call]
        names = ("ASM", "contrast", "correlation", "homogeneity", "variance")
        measured += [graycoprops(matrix, name)[0, 0] for name in names]  # type: ignore[no-untyped-call]
    outside = ndimage.distance_transform_edt(~mask)
    inside = ndimage.distance_transform_edt(mask)
    down, right = np.gradient(ndimage.gaussian_filter(roi.gray, 2.0))
    rows, columns = np.indices(mask.shape)
    for where in (mask, (outside <= 10) & (inside <= 10), ~mask, np.ones_like(mask)):
        towards = np.arctan2(props.centroid[0] - rows, props.centroid[1] - columns)
        angle = np.angle(np.exp(1j * (np.arctan2(down, right) - towards)))
        np.histogram(angle[where], bins=180, weights=np.hypot(down, right)[where])
    return mask


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rois", type=int, default=12)
    parser.add_argument("--turns", type=int, default=5)
    asked = parser.parse_args()
    lesions = list(rois(asked.rois))
    with threadpool_limits(limits=1):
        compare(lesions, asked.turns)


def compare(lesions: list[Roi], turns: int) -> None:
    for roi in lesions[:2]:
        lesion_features(roi, segment(roi))
    some = lesions[:: max(1, len(lesions) // 4)]
    naive_ms = float(np.mean([best_ms(partial(naive, roi), 1)[0] for roi in some]))
    for method in SegmentationMethod:
        rows = [by_step(roi, method, turns) for roi in lesions]
        total = [sum(row.values()) for row in rows]
        print(f"\n{method.value}: ms a ROI on one core, mean of {len(rows)} ROIs (largest)\n\n| step | ms |\n|---|---|")
        for step in rows[0]:
            print(f"| {step} | {np.mean([row[step] for row in rows]):.1f} ({max(row[step] for row in rows):.1f}) |")
        verdict = "within" if np.mean(total) <= BOUND_MS else "OVER"
        print(f"| all | {np.mean(total):.1f} ({max(total):.1f}), {verdict} the bound of {BOUND_MS:g} ms |")
        print(f"| the naive way | {naive_ms:.0f}, {naive_ms / np.mean(total):.0f} times as long |", flush=True)


if __name__ == "__main__":
    main()
