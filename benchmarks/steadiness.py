"""How steady the answer is: the mark moved by one pixel, and one film at several pixel spacings.

1. Mark moved by one source pixel to the four sides: Dice of the two outlines on the source's own pixels, every method.
   Phantoms, and where CADX_SHARED names them mini-mias/ and every so-manieth view of cbis-ddsm-mass/.
2. The same films as detectors with pixels of 0.05 to 0.2 mm would see them (cubic interpolation to 0.025 mm, then the
   mean over each pixel): Dice of the default outlines against those at 0.1 mm, and with --bundle the change of the
   three probabilities.

Run: python benchmarks/steadiness.py --every 26
     python benchmarks/steadiness.py --every 26 --bundle FOLDER
"""

import argparse
import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.lesion import DEFAULT_METHOD, SegmentationMethod, mask_on_source, segment
from cadx.mammogram import read_mammogram
from cadx.records import FloatImage, LesionCenter, Mammogram, Mask, PixelWindow, Spacing, SpacingSource
from cadx.roi import extract_roi
from training.phantoms import phantom_view, random_mass

STEPS = ((1, 0), (-1, 0), (0, 1), (0, -1))
SPACINGS_MM = (0.05, 0.07, 0.085, 0.2)
REFERENCE_MM = 0.1
FINE_MM = 0.025
FIELD_MM = 60.0  # what is resampled about a mark, wider than a ROI
SAME = 0.95


@dataclass(frozen=True, slots=True)
class ArrayPixels:
    """An image in memory as a source of pixels."""

    gray: FloatImage

    def window(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelWindow:
        """Return a rectangle; every pixel is valid."""
        part = self.gray[row_start:row_stop, column_start:column_stop]
        return PixelWindow(part, np.ones(part.shape, dtype=np.bool_))


Marked = tuple[Mammogram, LesionCenter]


def in_memory(gray: FloatImage, spacing_mm: float) -> Mammogram:
    spacing = Spacing(spacing_mm, spacing_mm, SpacingSource.CALLER)
    rows, columns = gray.shape
    return Mammogram(rows, columns, spacing, ArrayPixels(gray), "png")


def phantoms(count: int) -> Iterator[Marked]:
    for number in range(count):
        rng = np.random.default_rng([2016, number])
        diameter_mm = float(np.exp(rng.uniform(np.log(3), np.log(32))))
        view = phantom_view(rng, random_mass(rng, number % 2 == 1, diameter_mm))
        yield in_memory(view.gray, 0.1), LesionCenter(view.center.x, view.center.y)


def mini_mias(folder: Path) -> Iterator[Marked]:
    for line in (folder / "Info.txt").read_text(encoding="ascii").splitlines():
        words = line.split()
        path = folder / f"{words[0]}.pgm" if words else folder
        if len(words) == 7 and words[2] != "CALC" and path.is_file():
            yield read_mammogram(path, pixel_spacing_mm=0.2), LesionCenter(int(words[4]), 1024 - int(words[5]))


def cbis(folder: Path, every: int) -> Iterator[Marked]:
    with (folder / "cases.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[every // 3 :: every]
    for row in rows:
        image = read_mammogram(folder / row["image"], pixel_spacing_mm=0.2)
        yield image, LesionCenter(float(row["x"]), float(row["y"]))


def dice(first: Mask, second: Mask) -> float:
    return float(2 * (first & second).sum() / max(1, first.sum() + second.sum()))


def outline(image: Mammogram, center: LesionCenter, method: SegmentationMethod) -> Mask:
    """Mask of the lesion on the whole source image."""
    roi = extract_roi(image, center)
    found = mask_on_source(segment(roi, method).mask, roi, image.rows, image.columns)
    rows, columns = found.mask.shape
    whole = np.zeros((image.rows, image.columns), dtype=np.bool_)
    whole[found.row : found.row + rows, found.column : found.column + columns] = found.mask
    return whole


def moved_marks(image: Mammogram, center: LesionCenter, method: SegmentationMethod) -> list[float]:
    still = outline(image, center, method)
    moved = [LesionCenter(center.x + right, center.y + down) for right, down in STEPS]
    inside = [mark for mark in moved if 0 <= mark.x < image.columns and 0 <= mark.y < image.rows]
    return [dice(still, outline(image, mark, method)) for mark in inside]


def report_moved(sets: dict[str, list[Marked]]) -> None:
    print("Mark moved by one pixel: Dice of the outlines\n")
    print(f"| set | method | moves | under {SAME} | under 0.80 | median |")
    print("|---|---|---|---|---|---|")
    for name, lesions in sets.items():
        for method in SegmentationMethod:
            values = np.array([value for lesion in lesions for value in moved_marks(*lesion, method)])
            low, lost = (100 * np.mean(values < bound) for bound in (SAME, 0.80))
            numbers = f"{len(values)} | {low:.1f} % | {lost:.1f} % | {np.median(values):.4f}"
            print(f"| {name} | {method.value} | {numbers} |", flush=True)


def fine_field(image: Mammogram, center: LesionCenter) -> tuple[FloatImage, LesionCenter]:
    """The film about a mark at 0.025 mm, and the mark in it in mm."""
    spacing = image.spacing.row_mm
    reach = int(FIELD_MM / 2 / spacing)
    top, left = max(0, int(center.y) - reach), max(0, int(center.x) - reach)
    rows, columns = min(image.rows, int(center.y) + reach), min(image.columns, int(center.x) + reach)
    part = image.pixels.window(top, rows, left, columns).gray
    fine = ndimage.zoom(part, spacing / FINE_MM, order=3, mode="nearest", grid_mode=True)
    mark = LesionCenter((center.x - left) * spacing, (center.y - top) * spacing)
    return np.clip(fine, 0, 1).astype(np.float32), mark


def seen_at(fine: FloatImage, mark_mm: LesionCenter, spacing_mm: float) -> Marked:
    """What a detector with such pixels records: the mean over each."""
    count = tuple(int(length * FINE_MM / spacing_mm + 1e-9) for length in fine.shape)
    gray = fine.astype(np.float64)
    for axis in (0, 1):
        total = np.concatenate([np.zeros_like(gray.take([0], axis)), np.cumsum(gray, axis)], axis)
        edges = np.arange(count[axis] + 1) * spacing_mm / FINE_MM
        low = np.minimum(np.floor(edges).astype(int), gray.shape[axis] - 1)
        share = np.expand_dims(edges - low, 1 - axis)
        at = total.take(low, axis) * (1 - share) + total.take(low + 1, axis) * share
        gray = np.diff(at, axis=axis) * FINE_MM / spacing_mm
    return in_memory(gray.astype(np.float32), spacing_mm), LesionCenter(mark_mm.x / spacing_mm, mark_mm.y / spacing_mm)


def on_fine(mask: Mask, spacing_mm: float, size: int) -> Mask:
    place = np.minimum(((np.arange(size) + 0.5) * 0.1 / spacing_mm).astype(int), min(mask.shape) - 1)
    return mask[np.ix_(place, place)]


def report_spacings(sets: dict[str, list[Marked]], folder: Path | None) -> None:
    bundle = None
    if folder is not None:
        from cadx.bundle import load_bundle

        bundle = load_bundle(folder)

    def answer(image: Mammogram, center: LesionCenter) -> NDArray[np.float64]:
        from cadx.assessment import assess

        if bundle is None:
            return np.zeros(3)
        given = assess(bundle, image, center)
        return np.array([given.probability, given.cnn_probability, given.lesion_probability])

    print("\nOne film at several spacings, against 0.1 mm (change of p: both, CNN, lesion; -: no bundle)\n")
    print("| set | pixel | films | Dice, median (lowest) | largest change of p | 95th percentile |")
    print("|---|---|---|---|---|---|")
    for name, lesions in sets.items():
        fields = [fine_field(*lesion) for lesion in lesions]
        reference = [seen_at(*field, REFERENCE_MM) for field in fields]
        outlines = [outline(*marked, DEFAULT_METHOD) for marked in reference]
        answers = [answer(*marked) for marked in reference]
        for spacing_mm in SPACINGS_MM:
            values, changes = [], []
            for field, first, was in zip(fields, outlines, answers, strict=True):
                marked = seen_at(*field, spacing_mm)
                size = min(first.shape)
                second = on_fine(outline(*marked, DEFAULT_METHOD), spacing_mm, size)
                values.append(dice(on_fine(first, 0.1, size), second))
                changes.append(np.abs(answer(*marked) - was))
            largest, usual = np.max(changes, axis=0), np.quantile(changes, 0.95, axis=0)
            told = [" ".join(f"{value:.3f}" for value in part) if bundle else "-" for part in (largest, usual)]
            spread = f"{np.median(values):.3f} ({np.min(values):.2f})"
            print(f"| {name} | {spacing_mm} mm | {len(values)} | {spread} | {told[0]} | {told[1]} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phantoms", type=int, default=40)
    parser.add_argument("--every", type=int, default=26)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--only", choices=["moved", "spacings"])
    asked = parser.parse_args()
    sets = {"phantoms": list(phantoms(asked.phantoms))}
    shared = os.environ.get("CADX_SHARED")
    if shared:
        sets["mini-MIAS"] = list(mini_mias(Path(shared) / "mini-mias"))
        sets["cbis-ddsm-mass"] = list(cbis(Path(shared) / "cbis-ddsm-mass", asked.every))
    else:
        print("Real films: CADX_SHARED is not set\n")
    if asked.only != "spacings":
        report_moved(sets)
    if asked.only != "moved":
        report_spacings({name: lesions for name, lesions in sets.items() if name != "phantoms"}, asked.bundle)


if __name__ == "__main__":
    main()
