"""What a reader's outline and diameter are worth, and whether the features mean what they say, on real masses.

The masses of CBIS-DDSM at ``$CADX_SHARED/cbis-ddsm-mass`` with the readers' own words, boxes and sizes (``facts.csv``).

1. words: AUC of single features and of all by logistic regression (out of fold, folds by patient) for SPICULATED
   against CIRCUMSCRIBED margins and IRREGULAR against ROUND or OVAL shapes; limits clustered by patient. The best
   feature is picked on the same rows. With --before, the same of a table that another version's `cadx-train features`
   wrote.
2. marks: Method B nested, folds by patient, and the overlap (intersection over union) of the rectangle about the
   outline with the annotated box: automatic; with the official outline's diameter, and that diameter 10 % off; with an
   ellipse in the annotated box, its sides 10 % and its middle 5 % of them off. Official sizes and boxes are what the
   overlap is measured by: the figures say how well a mark is followed, not how well readers measure.

Run:  python benchmarks/readers_marks.py --only words [--before TABLE.csv]
      python benchmarks/readers_marks.py --only marks [--seeds 0 1 2] [--every 1]
"""

import argparse
import csv
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import parallel_config
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from cadx.branches import LESION
from cadx.classify import PolynomialSvm, grouped_folds
from cadx.cnn import BackboneSpec, load_backbone
from cadx.errors import CadxError
from cadx.lesion import DEFAULT_METHOD, FEATURES, FeatureFamily, describe_lesion
from cadx.mammogram import ReadingPolicy
from cadx.roi import extract_roi
from cadx.runtime.machine import usable_cores
from training.cohort.cases import Case, read_manifest
from training.cohort.outlining import contour_of, read_image
from training.cross_validation import nested_cross_validation
from training.features.cache import FeatureCache, default_folder
from training.features.extraction import extract_features
from training.features.store import FeatureStore
from training.stats.inference.clustered import clustered_auc, clustered_difference

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.segmentation import overlap, rectangle

FOLDS = 5
SIZE_SD, PLACE_SD = 0.1, 0.05
REACH_MM = 25.5
"""Farthest that an outline is drawn from the mark: the region's frame is at 25.6 mm."""
QUESTIONS = (
    ("margins", ("SPICULATED",), ("CIRCUMSCRIBED",), FeatureFamily.MARGIN),
    ("shape", ("IRREGULAR",), ("ROUND", "OVAL"), FeatureFamily.SHAPE),
)
Facts = Mapping[str, str]
Change = Callable[[int, Case, Facts], Case]


@dataclass(frozen=True, slots=True)
class Measured:
    """One case, outlined one way."""

    features: NDArray[np.float64]
    overlap: float


def read_facts(folder: Path, cases: Sequence[Case]) -> list[Facts]:
    with (folder / "facts.csv").open(encoding="utf-8") as file:
        told = {(Path(row["image"]).name, row["lesion_id"]): row for row in csv.DictReader(file)}
    return [told[case.image.name, case.lesion_id] for case in cases]


def official(number: int, case: Case, facts: Facts) -> Case:
    return replace(case, diameter_mm=float(facts["equivalent_diameter_mm"]))


def off(number: int, case: Case, facts: Facts) -> Case:
    factor = np.exp(SIZE_SD * np.random.default_rng([17, number]).normal())
    return replace(case, diameter_mm=float(facts["equivalent_diameter_mm"]) * float(factor))


def drawn(number: int, case: Case, facts: Facts) -> Case:
    """An ellipse in the annotated box, whose middle the mark is; kept on the image and in the region."""
    rng = np.random.default_rng([18, number])
    sides = np.array([float(facts["box_w_mm"]), float(facts["box_h_mm"])])
    middle, half = PLACE_SD * sides * rng.normal(size=2), sides / 2 * np.exp(SIZE_SD * rng.normal(size=2))
    angle = np.arange(48) / 48 * 2 * np.pi
    points_mm = middle + half * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    pixel_mm = case.pixel_spacing_mm or 0.2
    points = np.clip(points_mm, -REACH_MM, REACH_MM) / pixel_mm + (case.center.x, case.center.y)
    mammogram = read_image(case, ReadingPolicy())
    points = np.clip(points, 0, (mammogram.columns, mammogram.rows))
    return replace(case, contour=tuple(map(tuple, points.tolist())))


WAYS: Mapping[str, Change] = {
    "automatic": lambda number, case, facts: case,
    "official diameter": official,
    "diameter 10 % off": off,
    "ellipse in the box, off": drawn,
}


def box_of(facts: Facts) -> NDArray[np.bool_]:
    """The annotated box on the region, whose middle it is."""
    offsets_mm = np.abs((np.arange(512) + 0.5 - 256) / 10)
    down, across = (offsets_mm <= float(facts[side]) / 2 for side in ("box_h_mm", "box_w_mm"))
    return np.logical_and.outer(down, across)


def measure(case: Case, facts: Facts) -> Measured | CadxError:
    try:
        mammogram = read_image(case, ReadingPolicy())
        contour = contour_of(case, mammogram)
        roi = extract_roi(mammogram, case.center)
        found = describe_lesion(roi, DEFAULT_METHOD, contour, case.diameter_mm)
    except CadxError as error:
        return error
    return Measured(found.features, overlap(rectangle(found.segmentation.mask), box_of(facts)))


def measure_all(cases: Sequence[Case], facts: Sequence[Facts], change: Change) -> list[Measured | CadxError]:
    with ThreadPoolExecutor(usable_cores()) as pool:
        return list(
            pool.map(
                lambda number: measure(change(number, cases[number], facts[number]), facts[number]),
                range(len(cases)),
            )
        )


def patients_of(cases: Sequence[Case]) -> NDArray[np.intp]:
    return np.unique([case.patient_id or f"lesion {case.lesion_id}" for case in cases], return_inverse=True)[1]


def out_of_fold_logistic(
    features: NDArray[np.float64], positive: NDArray[np.bool_], patients: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Decision values and folds of a standardized logistic regression at scikit-learn's defaults."""
    scores, fold_of = np.empty(len(positive)), np.empty(len(positive), dtype=np.intp)
    for number, fold in enumerate(grouped_folds(positive, patients, FOLDS, 0)):
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=5000))
        model.fit(features[fold.train], positive[fold.train])
        scores[fold.test], fold_of[fold.test] = model.decision_function(features[fold.test]), number
    return scores, fold_of


def report_words(
    title: str, table: Mapping[str, NDArray[np.float64]], cases: Sequence[Case], facts: Sequence[Facts]
) -> None:
    """Print how well features tell the readers' words apart; every single feature in the direction that it has."""
    print(f"\nReaders' words, {title}\n\n| words | feature | AUC (95 % CI, clustered by patient) |\n|---|---|---|")
    families = {feature.name: feature.family for feature in FEATURES}
    patients = patients_of(cases)
    for column, positives, negatives, family in QUESTIONS:
        words = np.array([row[column] for row in facts])
        rows = np.flatnonzero(np.isin(words, (*positives, *negatives)))
        label, groups = np.isin(words[rows], positives), patients[rows]
        counts = f"{' or '.join(positives)} ({label.sum()}) against {' or '.join(negatives)} ({(~label).sum()})"

        def told(name: str, table: Mapping[str, NDArray[np.float64]] = table) -> tuple[float, str]:
            values = table[name][rows]  # noqa: B023
            found = clustered_auc(label, values, groups)  # noqa: B023
            if found.auc < 0.5:
                found = clustered_auc(label, -values, groups)  # noqa: B023
            return found.auc, f"{name} | {found.auc:.3f} ({found.low:.3f} to {found.high:.3f})"

        ranked = sorted((told(name) for name in table), reverse=True)
        own = sorted((told(name) for name in table if families.get(name) is family), reverse=True)
        lines = [f"best of all: {ranked[0][1]}"]
        lines += [f"{family}: {text}" for _, text in own]
        if "spiculation_index" in table and family is not FeatureFamily.SHAPE:
            lines.append(f"shape: {told('spiculation_index')[1]}")
        scores, folds = out_of_fold_logistic(np.stack([values[rows] for values in table.values()], 1), label, groups)
        found = clustered_auc(label, scores, groups, strata=folds)
        lines.append(f"all {len(table)}, logistic regression | {found.auc:.3f} ({found.low:.3f} to {found.high:.3f})")
        for line in lines:
            print(f"| {counts} | {line} |")


def nested_b(
    features: NDArray[np.float64], labels: NDArray[np.bool_], patients: NDArray[np.intp], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Method B's out-of-fold probabilities, and the folds."""
    with parallel_config(backend="threading", n_jobs=usable_cores()):
        evaluation = nested_cross_validation(
            {LESION: features}, labels, patients, PolynomialSvm(inner_folds=FOLDS, seed=seed), n_folds=FOLDS, seed=seed
        )
    return evaluation.branches[LESION].probabilities, evaluation.fold_of_row


def report_marks(cases: Sequence[Case], facts: Sequence[Facts], seeds: Sequence[int]) -> None:
    found = {name: measure_all(cases, facts, change) for name, change in WAYS.items()}
    usable = [
        row for row in range(len(cases)) if all(isinstance(outcomes[row], Measured) for outcomes in found.values())
    ]
    for name, outcomes in found.items():
        refused = [outcome for outcome in outcomes if isinstance(outcome, CadxError)]
        print(f"{name}: {len(refused)} refused {sorted({error.code for error in refused})}")
    cases = [cases[row] for row in usable]
    labels, patients = np.array([case.label for case in cases]) == 1, patients_of(cases)
    measured = {
        name: [outcome for outcome in (outcomes[row] for row in usable) if isinstance(outcome, Measured)]
        for name, outcomes in found.items()
    }
    print(f"\n{len(cases)} views that all ways could measure, {len(np.unique(patients))} patients\n")
    print("| outline | overlap with the box, mean (median) | under 0.4 |\n|---|---|---|")
    for name, rows in measured.items():
        values = np.array([row.overlap for row in rows])
        print(f"| {name} | {values.mean():.3f} ({np.median(values):.3f}) | {100 * np.mean(values < 0.4):.1f} % |")
    print(
        "\n| outline | seed | AUC of B (95 % CI, clustered by patient) | less automatic |\n|---|---|---|---|",
        flush=True,
    )
    for seed in seeds:
        before: NDArray[np.float64] | None = None
        for name, rows in measured.items():
            p, folds = nested_b(np.stack([row.features for row in rows]), labels, patients, seed)
            auc = clustered_auc(labels, p, patients, strata=folds)
            cells = f"{auc.auc:.4f} ({auc.low:.3f} to {auc.high:.3f})"
            if before is None:
                before, more = p, ""
            else:
                change = clustered_difference(labels, p, before, patients, strata=folds)
                more = f"{change.difference:+.4f} ({change.low:+.3f} to {change.high:+.3f}), p = {change.p_value:.4f}"
            print(f"| {name} | {seed} | {cells} | {more} |", flush=True)


def earlier_table(path: Path, cases: Sequence[Case]) -> dict[str, NDArray[np.float64]]:
    """Lesion features of another version's table, in the order of the cases."""
    frame = pd.read_csv(path, dtype={"image": str, "lesion_id": str})
    if list(frame["image"]) != [case.image.name for case in cases]:
        raise SystemExit(f"{path} is of other rows")
    names = [name for name in frame.columns if name.startswith("lesion_") and name != "lesion_id"]
    plain = {name: name.removeprefix("lesion_").replace("normalised", "normalized") for name in names}
    return {plain[name]: frame[name].to_numpy(dtype=np.float64) for name in names}


def main() -> None:
    shared = Path(os.environ.get("CADX_SHARED", "shared"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=shared / "cbis-ddsm-mass", help="cases.csv and facts.csv")
    parser.add_argument("--weights", default=str(shared / "weights" / "squeezenet1_1-imagenet.pth"))
    parser.add_argument("--cache", type=Path, default=default_folder(), help="folder of remembered features")
    parser.add_argument("--only", choices=["words", "marks"])
    parser.add_argument("--before", type=Path, help="a feature table of another version")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the folds")
    parser.add_argument("--every", type=int, default=1, help="take every so-manieth view")
    asked = parser.parse_args()
    cases = read_manifest(asked.data / "cases.csv")[:: asked.every]
    facts = read_facts(asked.data, cases)
    if asked.only != "marks":
        backbone = load_backbone(BackboneSpec("squeezenet1_1", "features.12.cat", asked.weights, "mean"))
        store = FeatureStore(FeatureCache(asked.cache))
        features = extract_features(cases, backbone, ReadingPolicy(), DEFAULT_METHOD, store=store).lesion
        table = {feature.name: features[:, column] for column, feature in enumerate(FEATURES)}
        report_words("this version", table, cases, facts)
        if asked.before:
            report_words("the other version", earlier_table(asked.before, cases), cases, facts)
    if asked.only != "words":
        report_marks(cases, facts, asked.seeds)


if __name__ == "__main__":
    main()
