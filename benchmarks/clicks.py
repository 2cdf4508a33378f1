"""Whether answers that depend on the click are wrong more often: the flag `unstable`, out of fold, on real masses.

The masses of CBIS-DDSM at ``$CADX_SHARED/cbis-ddsm-mass``, squeezenet1_1 features.12.cat with mean pooling and
ImageNet's weights; nested cross validation by patient and picture, with a grid of 12 points. One view of each of so
many lesions is assessed with its mark moved, by the model of the fold that held it out, as `cadx-train fit
--robustness` does. Each lesion is flagged by the limit that the lesions of the other folds give. Errors at a
probability of one half; limits of differences by bootstrap over patients.

What is computed is kept in --out, a line a lesion, and not computed again.

Run:  python benchmarks/clicks.py --out clicks.csv [--lesions 400] [--cache FOLDER]
"""

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import parallel_config
from numpy.typing import NDArray

from cadx.branches import CNN, LESION
from cadx.classify import PolynomialSvm
from cadx.cnn import BackboneSpec, load_backbone
from cadx.explain import fit_click_limit
from cadx.lesion import DEFAULT_METHOD
from cadx.mammogram import ReadingPolicy
from cadx.robustness import LIMIT_RADIUS_MM, RADII_MM
from cadx.runtime.machine import usable_cores
from training.analysis.scored import lesion_numbers
from training.cohort.cases import read_manifest
from training.cohort.grouping import group_cases
from training.cross_validation import nested_cross_validation
from training.features.cache import FeatureCache, default_folder
from training.features.extraction import extract_features
from training.features.store import FeatureStore
from training.fitting.moved_marks import fold_models, move_marks, sample_rows

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.trust import FOLDS, GRID, limits

CHUNK = 10
SEED = 0


def compute(asked: argparse.Namespace) -> None:
    """Assess the lesions that the file does not hold yet."""
    backbone = load_backbone(BackboneSpec("squeezenet1_1", "features.12.cat", asked.weights, "mean"))
    cases = read_manifest(asked.data / "cases.csv")
    store = FeatureStore(FeatureCache(asked.cache))
    tables = extract_features(cases, backbone, ReadingPolicy(), DEFAULT_METHOD, store=store, skip_unusable=True)
    groups = group_cases(tables.cases, tables.pictures).numbers
    rows = sample_rows(lesion_numbers(tables.cases), SEED, asked.lesions)
    known = set(pd.read_csv(asked.out)["row"]) if asked.out.exists() else set()
    rows = np.random.default_rng(SEED).permutation(np.array([row for row in rows if row not in known], dtype=np.intp))
    if not len(rows):
        return
    with parallel_config(backend="threading", n_jobs=usable_cores()):
        evaluation = nested_cross_validation(
            {CNN: tables.cnn, LESION: tables.lesion},
            [case.label for case in tables.cases],
            groups,
            PolynomialSvm(GRID, inner_folds=FOLDS, seed=SEED),
            n_folds=FOLDS,
            seed=SEED,
            keep_models=True,
        )
    ensemble = evaluation.ensemble
    assert ensemble is not None
    models = fold_models(evaluation, backbone, ReadingPolicy(), DEFAULT_METHOD)
    folds, started = evaluation.fold_of_row, time.perf_counter()
    for start in range(0, len(rows), CHUNK):
        moved = move_marks(tables.cases, rows[start : start + CHUNK], folds, models)
        lines = []
        for row, discs in zip(moved.rows.tolist(), moved.discs, strict=True):
            line = {"row": row, "group": groups[row], "fold": folds[row], "malignant": evaluation.labels[row]}
            line["p"] = ensemble.probabilities[row]
            for disc in discs:
                spread = disc.probability
                line[f"sd_{disc.radius_mm:g}"] = spread.sd
                line[f"range_{disc.radius_mm:g}"] = spread.highest - spread.lowest
                line[f"overlap_{disc.radius_mm:g}"] = disc.mean_overlap
            lines.append(line)
        pd.DataFrame(lines).to_csv(asked.out, mode="a", header=not asked.out.exists(), index=False)
    print(f"{len(rows)} lesions now, {(time.perf_counter() - started) / len(rows):.2f} s a lesion")


def report(found: pd.DataFrame) -> None:
    """Print spreads, and errors among the flagged and the others."""
    print(f"{len(found)} lesions, {found['group'].nunique()} groups of patients and pictures\n")
    print("| moved by at most | SD of the average, median (95th percentile) | range, median | overlap, median |")
    print("|---|---|---|---|")
    for radius in RADII_MM:
        sd, spread, overlap = (found[f"{name}_{radius:g}"] for name in ("sd", "range", "overlap"))
        print(
            f"| {radius:g} mm | {sd.median():.3f} ({sd.quantile(0.95):.3f}) | {spread.median():.3f} "
            f"| {overlap.median():.2f} |"
        )
    wrong = ((found["p"] >= 0.5) != found["malignant"]).to_numpy()
    patients, sds, folds = (found[name].to_numpy() for name in ("group", f"sd_{LIMIT_RADIUS_MM:g}", "fold"))
    flagged = np.zeros(len(found), dtype=np.bool_)
    for fold in np.unique(folds):
        flagged[folds == fold] = sds[folds == fold] > fit_click_limit(sds[folds != fold], LIMIT_RADIUS_MM).sd
    print("\n| errors at 0.5 | first | second | difference (95 % CI) |\n|---|---|---|---|")
    _errors("`unstable`; others", wrong, flagged, ~flagged, patients)
    third = np.quantile(sds, [1 / 3, 2 / 3])
    _errors("third with the widest spread; narrowest", wrong, sds > third[1], sds <= third[0], patients)
    sure = np.abs(found["p"].to_numpy() - 0.5) > np.median(np.abs(found["p"] - 0.5))
    print(
        f"\nOf the flagged, {100 * np.mean(sure[flagged]):.0f} % lie further from 0.5 than half of the lesions do; of "
        f"the others, {100 * np.mean(sure[~flagged]):.0f} %"
    )


def _errors(
    name: str,
    wrong: NDArray[np.bool_],
    first: NDArray[np.bool_],
    second: NDArray[np.bool_],
    patients: NDArray[np.intp],
) -> None:
    def difference(rows: NDArray[np.intp]) -> float:
        one, two = wrong[rows][first[rows]], wrong[rows][second[rows]]
        return float(one.mean() - two.mean()) if len(one) and len(two) else float("nan")

    low, high = limits(difference, patients)
    cells = [f"{100 * wrong[part].mean():.1f} % of {part.sum()}" for part in (first, second)]
    told = f"{100 * difference(np.arange(len(wrong))):+.1f} ({100 * low:+.1f} to {100 * high:+.1f}) points"
    print(f"| {name} | {' | '.join(cells)} | {told} |")


def main() -> None:
    shared = Path(os.environ.get("CADX_SHARED", "shared"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="CSV of what is known of each lesion")
    parser.add_argument("--lesions", type=int, default=400)
    parser.add_argument("--data", type=Path, default=shared / "cbis-ddsm-mass")
    parser.add_argument("--weights", default=str(shared / "weights" / "squeezenet1_1-imagenet.pth"))
    parser.add_argument("--cache", type=Path, default=default_folder(), help="folder of remembered features")
    asked = parser.parse_args()
    compute(asked)
    report(pd.read_csv(asked.out))


if __name__ == "__main__":
    main()
