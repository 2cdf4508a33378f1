"""How well lesions are outlined, and how steady the features are when the reader's mark moves.

1. Phantoms with known masks, 3 to 32 mm: share with overlap >= 0.40 and mean overlap |A n B| / |A u B| of the four
   methods and of naive region growing (largest jump of the area, no preparation); again with the mark 1, 2, 3 mm off.
2. Each feature's coefficient of variation over marks 1, 2, 3 mm off in 6 directions: median over phantoms.
3. Real films, where CADX_SHARED names a folder that holds mini-mias/: masses against the circles of the truth data;
   and cbis-ddsm-mass/: the rectangle about the outline against the annotated box.

Everything is seeded. Run: python benchmarks/segmentation.py                (about ten minutes on one core)
                           python benchmarks/segmentation.py --phantoms 100 --jitter-lesions 10
"""

import argparse
import csv
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cadx.errors import LesionError
from cadx.lesion import FEATURES, SegmentationMethod, SegmentationOutcome, lesion_features, segment
from cadx.mammogram import read_mammogram
from cadx.records import FloatImage, LesionCenter, Mammogram, Mask, PixelWindow, Roi, Spacing, SpacingSource
from cadx.roi import extract_roi
from training.phantoms import View, phantom_view, random_mass

ENOUGH = 0.40
OFFSETS_MM = (1.0, 2.0, 3.0)
NAIVE = "naive region growing"


@dataclass(frozen=True, slots=True)
class ArrayPixels:
    """An image in memory as a source of pixels."""

    gray: FloatImage

    def window(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelWindow:
        """Return a rectangle; every pixel is valid."""
        part = self.gray[row_start:row_stop, column_start:column_stop]
        return PixelWindow(part, np.ones(part.shape, dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class Known:
    """A lesion with its true mask, on the source's grid of 0.1 mm."""

    name: str
    image: Mammogram
    truth: Mask
    center: LesionCenter

    def roi(self, right_mm: float = 0.0, down_mm: float = 0.0) -> tuple[Roi, Mask]:
        """Region and true mask about a mark that lies off the center."""
        x = min(max(self.center.x + 10 * right_mm, 0.0), self.image.columns - 0.01)
        y = min(max(self.center.y + 10 * down_mm, 0.0), self.image.rows - 0.01)
        roi = extract_roi(self.image, LesionCenter(x, y))
        row = np.floor(np.arange(512) + 0.5 - 256 + y).astype(int)
        column = np.floor(np.arange(512) + 0.5 - 256 + x).astype(int)
        truth = self.truth[np.ix_(np.clip(row, 0, self.image.rows - 1), np.clip(column, 0, self.image.columns - 1))]
        return roi, truth & roi.tissue


def in_memory(gray: FloatImage) -> Mammogram:
    rows, columns = gray.shape
    return Mammogram(rows, columns, Spacing(0.1, 0.1, SpacingSource.CALLER), ArrayPixels(gray), "png")


def known_phantoms(count: int) -> Iterator[Known]:
    """Half benign, half malignant; diameters log-uniform over the paper's range, 3 to 32 mm."""
    for number in range(count):
        rng = np.random.default_rng([2016, number])
        diameter_mm = float(np.exp(rng.uniform(np.log(3), np.log(32))))
        mass = random_mass(rng, number % 2 == 1, diameter_mm)
        view = phantom_view(
            rng,
            mass,
            list(View)[number % 4],
            left=bool(rng.random() < 0.5),
            depth_mm=float(rng.uniform(20, 40)),
        )
        name = f"{diameter_mm:.1f} mm"
        yield Known(name, in_memory(view.gray), view.mask, view.center)


def overlap(first: Mask, second: Mask) -> float:
    return float((first & second).sum() / max(1, (first | second).sum()))


def naive_region(roi: Roi) -> Mask:
    """Flood fill at falling thresholds from the mark; stop before the largest jump of the diameter."""
    gray = roi.gray.reshape(128, 4, 128, 4).mean(axis=(1, 3))
    seed = (64, 64)
    regions = []
    for level in np.linspace(gray[seed], gray.min(), 60):
        pieces, _ = ndimage.label(gray >= level)
        regions.append(ndimage.binary_fill_holes(pieces == pieces[seed]))
    diameter = np.sqrt([region.sum() for region in regions])
    jump = np.where(diameter[:-1] >= 5, np.diff(diameter), -1)
    return np.repeat(np.repeat(regions[int(np.argmax(jump))], 4, axis=0), 4, axis=1)


def methods() -> dict[str, Callable[[Roi], Mask]]:
    ours = {method.value: lambda roi, method=method: segment(roi, method).mask for method in SegmentationMethod}
    return {NAIVE: naive_region, **ours}


def report(title: str, scores: dict[str, list[float]]) -> None:
    count = len(next(iter(scores.values())))
    print(f"\n{title} (n = {count})\n\n| method | overlap >= {ENOUGH:.2f} | mean overlap |\n|---|---|---|")
    for name, values in scores.items():
        print(f"| {name} | {100 * np.mean(np.array(values) >= ENOUGH):.1f} % | {np.mean(values):.3f} |", flush=True)


def score(lesions: Iterable[tuple[Roi, Mask]]) -> dict[str, list[float]]:
    scores: dict[str, list[float]] = {name: [] for name in methods()}
    for roi, truth in lesions:
        for name, outline in methods().items():
            scores[name].append(overlap(outline(roi), truth))
    return scores


def jittered(lesions: Iterable[Known], offset_mm: float) -> Iterator[tuple[Roi, Mask]]:
    for number, lesion in enumerate(lesions):
        angle = np.random.default_rng([7, number]).uniform(0, 2 * np.pi)
        yield lesion.roi(offset_mm * np.cos(angle), offset_mm * np.sin(angle))


def variation(lesion: Known, offset_mm: float) -> NDArray[np.float64] | None:
    """Coefficient of variation of every feature over the mark itself and six marks off it."""
    angles = np.arange(6) * np.pi / 3
    marks = [(0.0, 0.0), *((offset_mm * np.cos(angle), offset_mm * np.sin(angle)) for angle in angles)]
    rows = []
    for right_mm, down_mm in marks:
        roi, _ = lesion.roi(right_mm, down_mm)
        try:
            rows.append(lesion_features(roi, segment(roi)))
        except LesionError:
            return None
    values = np.array(rows)
    relative: NDArray[np.float64] = values.std(axis=0) / np.maximum(np.abs(values.mean(axis=0)), 1e-9)
    return relative


def report_variation(count: int) -> None:
    columns = []
    for offset_mm in OFFSETS_MM:
        rows = [row for row in (variation(lesion, offset_mm) for lesion in known_phantoms(count)) if row is not None]
        columns.append(np.median(rows, axis=0))
    print(f"\nCoefficient of variation under a moved mark, median of {count} phantoms, default method\n")
    print("| feature | 1 mm | 2 mm | 3 mm |\n|---|---|---|---|")
    for feature, row in zip(FEATURES, np.array(columns).T, strict=True):
        print(f"| {feature.name} | " + " | ".join(f"{100 * value:.1f} %" for value in row) + " |", flush=True)


def real_masses(folder: Path) -> Iterator[tuple[str, Roi, Mask]]:
    """Masses (not CALC) of mini-MIAS with the discs that enclose them; the disc is an upper bound of the outline."""
    for line in (folder / "Info.txt").read_text(encoding="ascii").splitlines():
        words = line.split()
        if len(words) != 7 or not words[0].startswith("mdb") or words[2] == "CALC":
            continue
        path = folder / f"{words[0]}.pgm"
        if not path.is_file():
            continue
        x, y, radius = int(words[4]), 1024 - int(words[5]), int(words[6])
        roi = extract_roi(read_mammogram(path, pixel_spacing_mm=0.2), LesionCenter(x, y))
        offsets = np.arange(512) + 0.5 - 256
        disc = np.add.outer(offsets**2, offsets**2) <= (2 * radius) ** 2
        yield f"{words[0]} {words[2]} {words[3]} {0.4 * radius:.0f} mm", roi, disc & roi.tissue


def report_real(folder: Path) -> None:
    lesions = list(real_masses(folder))
    report("Real film masses against the enclosing circle (mini-MIAS)", score((roi, disc) for _, roi, disc in lesions))
    print("\n| lesion | overlap | diameter / circle's | outcome |\n|---|---|---|---|")
    for name, roi, disc in lesions:
        found = segment(roi)
        ratio = np.sqrt(found.mask.sum() / disc.sum())
        print(f"| {name} | {overlap(found.mask, disc):.2f} | {ratio:.2f} | {found.outcome.value} |")


def boxes(folder: Path, every: int) -> Iterator[tuple[Roi, Mask]]:
    """Masses of cbis-ddsm-mass with their annotated boxes, which are centered on the mark; cut at the ROI's frame."""
    with (folder / "facts.csv").open(encoding="utf-8") as facts, (folder / "cases.csv").open(encoding="utf-8") as cases:
        places = {row["image"]: (float(row["x"]), float(row["y"])) for row in csv.DictReader(cases)}
        rows = list(csv.DictReader(facts))[::every]
    offsets_mm = (np.arange(512) + 0.5 - 256) / 10
    for row in rows:
        image = read_mammogram(folder / row["image"], pixel_spacing_mm=0.2)
        down = np.abs(offsets_mm) <= float(row["box_h_mm"]) / 2
        across = np.abs(offsets_mm) <= float(row["box_w_mm"]) / 2
        yield extract_roi(image, LesionCenter(*places[row["image"]])), np.logical_and.outer(down, across)


def rectangle(mask: Mask) -> Mask:
    """Smallest rectangle that holds a mask."""
    return np.logical_and.outer(_span(np.asarray(mask.any(axis=1))), _span(np.asarray(mask.any(axis=0))))


def _span(line: Mask) -> Mask:
    held = np.flatnonzero(line)
    place = np.arange(len(line))
    return (place >= held[0]) & (place <= held[-1]) if len(held) else line


def report_boxes(folder: Path, every: int) -> None:
    scores: dict[str, list[float]] = {name: [] for name in methods()}
    for roi, box in boxes(folder, every):
        for name, outline in methods().items():
            scores[name].append(overlap(rectangle(outline(roi)), box))
    report("Real masses, rectangle about the outline against the annotated box (cbis-ddsm-mass)", scores)


def report_false_finds(count: int) -> None:
    """How often texture without any lesion is said to hold one."""
    from training.phantoms.background import power_law_texture, random_exponent

    outcomes = []
    for number in range(count):
        rng = np.random.default_rng([5, number])
        texture = 0.4 + 0.1 * power_law_texture(rng, (900, 750), random_exponent(rng))
        gray = np.clip(texture + 0.003 * rng.normal(size=texture.shape), 0, 1).astype(np.float32)
        outcomes.append(segment(extract_roi(in_memory(gray), LesionCenter(375, 450))).outcome)
    none = np.mean([outcome is SegmentationOutcome.NO_LESION for outcome in outcomes])
    print(f"\nTexture without a lesion (n = {count}): no lesion found in {100 * none:.0f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phantoms", type=int, default=500)
    parser.add_argument("--jitter-lesions", type=int, default=40)
    parser.add_argument("--every", type=int, default=1, help="of the 1295 real masses, every so-manieth")
    asked = parser.parse_args()
    report(
        "Phantoms, marked at the center (scatter 0.5 mm)",
        score(lesion.roi() for lesion in known_phantoms(asked.phantoms)),
    )
    for offset_mm in OFFSETS_MM:
        few = known_phantoms(max(1, asked.phantoms // 5))
        report(f"Phantoms, mark {offset_mm:g} mm off", score(jittered(few, offset_mm)))
    report_false_finds(max(1, asked.phantoms // 10))
    shared = os.environ.get("CADX_SHARED")
    if shared:
        report_real(Path(shared) / "mini-mias")
        report_boxes(Path(shared) / "cbis-ddsm-mass", asked.every)
    else:
        print("\nReal films: CADX_SHARED is not set")
    report_variation(asked.jitter_lesions)


if __name__ == "__main__":
    main()
