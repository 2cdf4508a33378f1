"""What the region of interest adds of its own: grain from the mark, and black that is taken for tissue.

1. Noise: SD of white noise over places in the region (means over 3.2 mm), for pixels of 0.05 to 0.2 mm.
2. Marks: AUC with which the 39 features tell regions about whole-pixel marks from the same about half-pixel marks.
3. The same picture cut off by black, by declared padding and by the array's end, phantoms and films: differences of
   features in SDs over the lesions, and of the probability.
4. Strips of several grays beside a lesion: its area, against that beside black.
5. Cut lesions: how many are told, and how sharpness and gradient texture compare with the whole lesion's.

Films only where CADX_SHARED names a folder that holds mini-mias/ or cbis-ddsm-mass/; the model of step 3 is fitted on
phantoms, with the CNN's ImageNet weights where CADX_SHARED has them. Everything is seeded.
Run: python benchmarks/roi.py                       (about ten minutes on one core)
     python benchmarks/roi.py --lesions 16 --films 16
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cadx.cnn import BackboneSpec
from cadx.errors import CadxError
from cadx.lesion import FEATURES, SegmentationMethod, SegmentationOutcome, describe_lesion
from cadx.records import FloatImage, LesionCenter, Mammogram, Mask, PixelWindow, Roi, Spacing, SpacingSource
from cadx.roi import extract_roi
from training.cohort.cases import read_manifest
from training.fitting.fit import FitSettings, fit_models
from training.phantoms import phantom_view, random_mass, write_phantom_cohort

SPACINGS_MM = (0.05, 0.07, 0.085, 0.0994, 0.0998, 0.1, 0.1006, 0.15, 0.2)
STRIPS = (0.0, 0.01, 0.015, 0.02, 0.025, 0.03, 0.05)
SHARED = Path(os.environ.get("CADX_SHARED", ""))
NAMES = [feature.name for feature in FEATURES]


@dataclass(frozen=True, slots=True)
class Marked:
    """A lesion on an image in memory."""

    gray: FloatImage
    spacing: Spacing
    center: LesionCenter
    valid: Mask | None = None

    def window(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelWindow:
        """Return a rectangle; it is its own source of pixels."""
        box = np.s_[row_start:row_stop, column_start:column_stop]
        seen = np.ones(self.gray[box].shape, dtype=np.bool_) if self.valid is None else self.valid[box]
        return PixelWindow(np.where(seen, self.gray[box], np.float32(0)), seen.copy())

    def roi(self) -> Roi:
        """Crop its region."""
        rows, columns = self.gray.shape
        return extract_roi(Mammogram(rows, columns, self.spacing, self, "array"), self.center)


def phantoms(count: int) -> Iterator[Marked]:
    for number in range(count):
        rng = np.random.default_rng([41, number])
        view = phantom_view(rng, random_mass(rng, number % 2 == 1, float(np.exp(rng.uniform(*np.log([4, 28]))))))
        center = LesionCenter(round(view.center.x), round(view.center.y))
        yield Marked(view.gray, Spacing(0.1, 0.1, SpacingSource.CALLER), center)


def films(folder: str, count: int) -> Iterator[Marked]:
    """Lesions of a shared set, evenly spread over it."""
    from cadx.mammogram import read_mammogram
    from training.importers.mini_mias import import_mini_mias

    where = SHARED / folder
    cases = tuple(import_mini_mias(where).cases if folder == "mini-mias" else read_manifest(where / "cases.csv"))
    for case in cases[:: max(1, len(cases) // count)][:count]:
        image = read_mammogram(case.image, pixel_spacing_mm=case.pixel_spacing_mm)
        center = LesionCenter(round(case.center.x), round(case.center.y))
        yield Marked(image.pixels.window(0, image.rows, 0, image.columns).gray, image.spacing, center)


def cut(lesion: Marked, side: int, away_mm: float) -> tuple[Mask, tuple[slice, slice]]:
    """What lies beyond a line so far from the center on one of 4 sides, and the rectangle that is left."""
    rows, columns = lesion.gray.shape
    away_px = away_mm / (lesion.spacing.row_mm if side < 2 else lesion.spacing.column_mm)
    x, y = lesion.center.x, lesion.center.y
    left = (
        np.s_[max(0, int(y - away_px)) : rows, 0:columns],
        np.s_[0 : min(rows, int(y + away_px)), 0:columns],
        np.s_[0:rows, max(0, int(x - away_px)) : columns],
        np.s_[0:rows, 0 : min(columns, int(x + away_px))],
    )[side]
    beyond = np.ones(lesion.gray.shape, dtype=np.bool_)
    beyond[left] = False
    return beyond, left


def presentations(lesion: Marked, beyond: Mask, left: tuple[slice, slice]) -> tuple[Marked, Marked, Marked]:
    """The picture with black there, with padding declared there, and ending there."""
    center = LesionCenter(lesion.center.x - left[1].start, lesion.center.y - left[0].start)
    return (
        replace(lesion, gray=np.where(beyond, np.float32(0), lesion.gray)),
        replace(lesion, valid=~beyond),
        replace(lesion, gray=lesion.gray[left], center=center),
    )


def features(lesion: Marked) -> np.ndarray:
    return describe_lesion(lesion.roi(), SegmentationMethod.DUAL_STAGE).features


def noise_over_place() -> None:
    print(
        "1. noise: SD over places in the region, as shares of its mean\n\n| pixel | lowest | highest |\n|---|---|---|"
    )
    for spacing_mm in SPACINGS_MM:
        side, rng = int(58 / spacing_mm), np.random.default_rng(1)
        spacing = Spacing(spacing_mm, spacing_mm, SpacingSource.CALLER)
        grays = rng.normal(0.5, 0.05, (8, side, side)).astype(np.float32)
        rois = np.stack([Marked(gray, spacing, LesionCenter(side // 2, side // 2)).roi().gray for gray in grays])
        sd = np.sqrt(np.square(rois - 0.5).reshape(8, 16, 32, 16, 32).mean(axis=(0, 2, 4)))
        print(f"| {spacing_mm:g} mm | {sd.min() / sd.mean():.2f} | {sd.max() / sd.mean():.2f} |", flush=True)


def whole_against_half(count: int) -> None:
    rows, groups = [], []
    for number, lesion in enumerate(phantoms(count)):
        half = replace(lesion, center=LesionCenter(lesion.center.x - 0.5, lesion.center.y - 0.5))
        rows += [features(lesion), features(half)]
        groups += [number, number]
    is_half = np.tile([0, 1], count)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
    folds = list(GroupKFold(5).split(rows, is_half, groups))
    decision = cross_val_predict(model, np.array(rows), is_half, cv=folds, method="decision_function")
    print(f"\n2. whole against half marks, {count} phantoms: AUC {roc_auc_score(is_half, decision):.3f}", flush=True)


def cut_by_black(lesions: list[Marked], name: str, probability: Callable[[Roi], float]) -> None:
    tables, chances = [], []
    for number, lesion in enumerate(lesions):
        beyond, left = cut(lesion, number % 4, (4.0, 8.0, 12.0)[number // 4 % 3])
        try:
            shown = presentations(lesion, beyond, left)
            tables.append([features(one) for one in shown])
            chances.append([probability(one.roi()) for one in shown])
        except CadxError as refusal:
            print(f"   {name} {number}: {refusal.code}")
    table, chance = np.array(tables), np.array(chances)
    off = np.abs(table - table[:, 1:2])[:, [0, 2]] / table[:, 1].std(axis=0)
    moved = np.abs(chance - chance[:, 1:2])[:, [0, 2]]
    for column, way in enumerate(("black", "array's end")):
        middle, high = np.percentile(off[:, column], [50, 95])
        p_middle, p_high, p_most = np.percentile(moved[:, column], [50, 95, 100])
        row = f"{middle:.4f} | {high:.4f} | {p_middle:.4f} | {p_high:.4f} | {p_most:.4f}"
        print(f"| {name} ({len(table)}), {way} | {row} |", flush=True)


def phantom_model() -> Callable[[Roi], float]:
    weights = SHARED / "weights" / "squeezenet1_1-imagenet.pth"
    found = str(weights) if weights.is_file() else "random:0"
    settings = FitSettings(
        backbone=BackboneSpec("squeezenet1_1", "features.12.cat", found, "mean"), folds=3, synthetic=True
    )
    with tempfile.TemporaryDirectory() as folder:
        fit = fit_models(read_manifest(write_phantom_cohort(Path(folder), 30, seed=3)), settings)

    def probability(roi: Roi) -> float:
        cnn = fit.classifiers.cnn.predict_proba(fit.backbone.features(roi.gray[None]))[0, 1]
        row = describe_lesion(roi, SegmentationMethod.DUAL_STAGE).features
        return float(fit.classifiers.ensemble(cnn, fit.classifiers.lesion.predict_proba(row[None])[0, 1]))

    return probability


def strips(count: int) -> None:
    print(
        "\n4. area beside a strip of one gray and noise of SD 0.004, over that beside black: median (lowest, highest)\n"
    )
    ratios: list[list[float]] = []
    for number, lesion in enumerate(phantoms(count)):
        beyond, _ = cut(lesion, number % 4, 6.0)
        grain = np.random.default_rng(number).normal(0, 0.004, lesion.gray.shape)
        areas = [
            features(
                replace(lesion, gray=np.where(beyond, np.clip(level + grain, 0, 1), lesion.gray).astype(np.float32))
            )[0]
            for level in STRIPS
        ]
        ratios.append([area / areas[0] for area in areas])
    for level, column in zip(STRIPS, np.array(ratios).T, strict=True):
        print(f"gray {level:g}: {np.median(column):.3f} ({column.min():.3f}, {column.max():.3f})", flush=True)


def cut_lesions(count: int) -> None:
    told, reached, ratios = 0, 0, []
    sharpness, texture = NAMES.index("sharpness_gray_per_mm"), NAMES.index("gradient_texture_gray_per_mm")
    for number, lesion in enumerate(phantoms(count)):
        whole = describe_lesion(lesion.roi(), SegmentationMethod.DUAL_STAGE)
        radius_mm = whole.features[NAMES.index("effective_diameter_mm")] / 2
        shown = presentations(lesion, *cut(lesion, number % 4, 0.3 * radius_mm))[1]
        roi = shown.roi()
        found = describe_lesion(roi, SegmentationMethod.DUAL_STAGE)
        outside = np.pad(~getattr(roi, "tissue", roi.valid), 1)
        beside = outside[:-2, 1:-1] | outside[2:, 1:-1] | outside[1:-1, :-2] | outside[1:-1, 2:]
        if np.count_nonzero(found.segmentation.mask & beside) >= 10:
            reached += 1
            told += found.segmentation.outcome is SegmentationOutcome.TOUCHES_BORDER
            measured = [sharpness, texture]
            ratios.append(found.features[measured] / whole.features[measured])
    low, high = np.median(ratios, axis=0)
    print(f"\n5. cut lesions: {reached} of {count} outlines lie on the edge for 1 mm or more, {told} of them are told;")
    print(f"   sharpness {low:.3f}, gradient texture {high:.3f} times the whole lesion's (median)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lesions", type=int, default=60)
    parser.add_argument("--films", type=int, default=60)
    asked = parser.parse_args()
    noise_over_place()
    whole_against_half(asked.lesions)
    print("\n3. the same picture cut off otherwise than by declared padding\n")
    print("| lesions | features, SD: median | 95th percentile | p: median | 95th percentile | largest |")
    print("|---|---|---|---|---|---|")
    probability = phantom_model()
    cut_by_black(list(phantoms(asked.lesions)), "phantoms", probability)
    for folder in ("mini-mias", "cbis-ddsm-mass"):
        if os.environ.get("CADX_SHARED") and (SHARED / folder).is_dir():
            cut_by_black(list(islice(films(folder, asked.films), asked.films)), folder, probability)
    strips(min(asked.lesions, 24))
    cut_lesions(min(asked.lesions, 40))


if __name__ == "__main__":
    main()
