"""What is unlike a cohort, and whether it is noticed: sensitivity of the whitened distance at 5 % false alarms.

The cohort is the masses of CBIS-DDSM at ``$CADX_SHARED/cbis-ddsm-mass``, digitized film; both branches' distances are
calibrated out of fold (folds by patient). Then other images are asked about: the same films turned negative, read at a
wrong pixel size, brought to the look of a digital mammogram (simulated: square root, unsharp mask, local contrast),
another film archive (mini-MIAS), phantoms as digital DICOM files, other organs (a CT, an MR and a retina that come with
pydicom and scikit-image, each from several marks) and photographs. Those that are refused outright are counted.

Run:  python benchmarks/novelty.py [--count 150] [--cache FOLDER]
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.data import get_testdata_file
from skimage import data, exposure, filters, transform

from cadx.branches import CNN, LESION
from cadx.classify import grouped_folds
from cadx.cnn import Backbone, BackboneSpec, load_backbone
from cadx.errors import CadxError
from cadx.explain import Novelty, fit_novelty
from cadx.lesion import DEFAULT_METHOD, measure_lesion
from cadx.mammogram import ReadingPolicy, read_mammogram
from cadx.records import FloatImage, LesionCenter, Mammogram
from cadx.roi import extract_roi
from training.cohort.cases import Case, read_manifest
from training.cohort.grouping import group_cases
from training.features.cache import FeatureCache, default_folder
from training.features.extraction import extract_features
from training.features.store import FeatureStore
from training.phantoms import write_phantom_cohort

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.steadiness import Marked, in_memory, mini_mias

FALSE_ALARMS = 0.05


def clipped(gray: NDArray[np.floating], spacing_mm: float) -> Mammogram:
    return in_memory(np.clip(gray, 0, 1).astype(np.float32), spacing_mm)


def whole(image: Mammogram) -> FloatImage:
    return image.pixels.window(0, image.rows, 0, image.columns).gray


def films(cases: Sequence[Case], change: Callable[[Mammogram], Mammogram]) -> Iterator[Marked]:
    for case in cases:
        image = read_mammogram(case.image, policy=ReadingPolicy(), pixel_spacing_mm=case.pixel_spacing_mm)
        yield change(image), case.center


def negative(image: Mammogram) -> Mammogram:
    return clipped(1 - whole(image), image.spacing.row_mm)


def digital_look(image: Mammogram) -> Mammogram:
    gray = whole(image).astype(np.float64)
    sharp = filters.unsharp_mask(np.sqrt(gray), radius=5, amount=1.5)  # type: ignore[no-untyped-call]
    return clipped(exposure.equalize_adapthist(np.clip(sharp, 0, 1), clip_limit=0.02), image.spacing.row_mm)


def at_wrong_size(factor: float) -> Callable[[Mammogram], Mammogram]:
    def read(image: Mammogram) -> Mammogram:
        spacing = image.spacing
        return replace(
            image, spacing=replace(spacing, row_mm=spacing.row_mm * factor, column_mm=spacing.column_mm * factor)
        )

    return read


def phantoms(folder: Path, count: int) -> Iterator[Marked]:
    for case in read_manifest(write_phantom_cohort(folder, count // 2, seed=11)):
        yield read_mammogram(case.image, policy=ReadingPolicy()), case.center


def pictures(grays: Sequence[NDArray[np.floating]], count: int) -> Iterator[Marked]:
    """Marks at random in pictures that are stretched to 100 mm."""
    rng = np.random.default_rng(17)
    images = []
    for gray in grays:
        low, high = np.quantile(gray, [0.01, 0.995])
        size = (1000, round(1000 * gray.shape[1] / gray.shape[0]))
        resized = transform.resize(gray.astype(np.float64), size)  # type: ignore[no-untyped-call]
        images.append(clipped((resized - low) / (high - low), 0.1))
    for number in range(count):
        image = images[number % len(images)]
        yield image, LesionCenter(*(float(rng.uniform(0.25, 0.75) * side) for side in (image.columns, image.rows)))


def organs() -> list[NDArray[np.floating]]:
    files = [get_testdata_file(name, download=False) for name in ("CT_small.dcm", "MR_small.dcm")]
    slices = [dcmread(str(file)).pixel_array.astype(np.float64) for file in files]
    return [*slices, data.retina().mean(axis=2)]  # type: ignore[no-untyped-call]


def photographs() -> list[NDArray[np.floating]]:
    names = ("camera", "coins", "moon", "grass")
    return [getattr(data, name)().astype(np.float64) for name in names]


def distances(
    marked: Iterator[Marked], backbone: Backbone, novelty: dict[str, Novelty]
) -> tuple[dict[str, NDArray[np.float64]], int]:
    """Both branches' distances of what can be assessed, and how much cannot."""
    found: dict[str, list[float]] = {CNN: [], LESION: []}
    refused = 0
    for image, center in marked:
        try:
            roi = extract_roi(image, center)
            features: dict[str, NDArray[np.floating]] = {
                CNN: backbone.features(roi.gray[None]),
                LESION: measure_lesion(roi, DEFAULT_METHOD)[None],
            }
        except CadxError:
            refused += 1
            continue
        for branch, row in features.items():
            found[branch].append(float(novelty[branch].whitening.distances(row)[0]))
    return {branch: np.array(values) for branch, values in found.items()}, refused


def report(
    name: str, found: dict[str, NDArray[np.float64]], refused: int, limits: dict[str, dict[float, float]]
) -> None:
    cells = [f"{100 * np.mean(found[branch] > limits[branch][FALSE_ALARMS]):.0f} %" for branch in (CNN, LESION)]
    either = np.any([found[branch] > limits[branch][FALSE_ALARMS / 2] for branch in (CNN, LESION)], axis=0)
    print(f"| {name} | {len(either)} | {refused} | {cells[0]} | {cells[1]} | {100 * either.mean():.0f} % |", flush=True)


def main() -> None:
    shared = Path(os.environ.get("CADX_SHARED", "shared"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=150, help="images of each kind")
    parser.add_argument("--manifest", type=Path, default=shared / "cbis-ddsm-mass" / "cases.csv")
    parser.add_argument("--weights", default=str(shared / "weights" / "squeezenet1_1-imagenet.pth"))
    parser.add_argument("--cache", type=Path, default=default_folder(), help="folder of remembered features")
    asked = parser.parse_args()
    backbone = load_backbone(BackboneSpec("squeezenet1_1", "features.12.cat", asked.weights, "mean"))
    store = FeatureStore(FeatureCache(asked.cache))
    tables = extract_features(
        read_manifest(asked.manifest), backbone, ReadingPolicy(), DEFAULT_METHOD, store=store, skip_unusable=True
    )
    groups = group_cases(tables.cases, tables.pictures).numbers
    folds = grouped_folds(np.array([case.label for case in tables.cases]), groups, 5, 0)
    fitted = {CNN: fit_novelty(tables.cnn, folds), LESION: fit_novelty(tables.lesion, folds)}
    limits = {
        branch: {rate: float(np.quantile(held_out, 1 - rate)) for rate in (FALSE_ALARMS, FALSE_ALARMS / 2)}
        for branch, (_, held_out) in fitted.items()
    }
    novelty = {branch: each for branch, (each, _) in fitted.items()}
    every = max(1, len(tables.cases) // asked.count)
    cases = tables.cases[::every][: asked.count]
    print(f"{len(tables.cases)} views; at 5 % false alarms for each branch, 2.5 % each for either\n")
    print("| asked about | images | refused | CNN features | lesion features | either |")
    print("|---|---|---|---|---|---|")
    report("the cohort, held out", {branch: held_out for branch, (_, held_out) in fitted.items()}, 0, limits)
    with tempfile.TemporaryDirectory() as scratch:
        kinds: dict[str, Iterator[Marked]] = {
            "negatives": films(cases, negative),
            "pixel size told twice too large": films(cases, at_wrong_size(2)),
            "pixel size told half too large": films(cases, at_wrong_size(1.5)),
            "pixel size told at half": films(cases, at_wrong_size(0.5)),
            "film with a digital look (simulated)": films(cases, digital_look),
            "another film archive (mini-MIAS)": mini_mias(shared / "mini-mias"),
            "phantoms, digital": phantoms(Path(scratch), asked.count),
            "other organs (CT, MR, retina)": pictures(organs(), asked.count),
            "photographs": pictures(photographs(), asked.count),
        }
        for name, marked in kinds.items():
            report(name, *distances(marked, backbone, novelty), limits)


if __name__ == "__main__":
    main()
