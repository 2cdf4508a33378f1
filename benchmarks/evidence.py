"""The nested study on real masses: Method A, Method B and their average, over several deals of the folds.

The masses of CBIS-DDSM at ``$CADX_SHARED/cbis-ddsm-mass`` (or any manifest), squeezenet1_1 features.12.cat with
ImageNet's weights; mean pooling with the preset paper (of best: `training.fitting.presets`). Folds are dealt from
patient and lesion alone, never from pixels or features, and kept in a file: two versions of the code that read one
folds file have the same rows held out, so that they can be compared pair by pair. Every row's out-of-fold probabilities
are kept for that; the comparison takes the rows that both read.

The AUC is the mean over folds, its interval Obuchowski's, clustered by patient. The limits of a mean over seeds are the
means of the seeds' limits: the seeds share their cases, and no interval of the mean is wider than that.

Run:  python benchmarks/evidence.py --folds folds.csv --out now.csv [--preset paper best] [--seeds 0 1 2]
                                    [--compare before.csv] [--patients 200] [--manifest CSV --weights FILE]
                                    [--cache FOLDER] [--shuffled 10]
The folds file is written when it is not there. `--shuffled N` is the negative control: the labels are permuted among
lesions, N times, each with folds of its own, and the study must find nothing. `benchmarks/evidence_report.py` makes
docs/evidence.md's tables and figures of the CSV.
"""

import argparse
import os
import resource
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import parallel_config
from numpy.typing import NDArray
from rich.console import Console

from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.classify import Grid, PolynomialSvm, Split, grouped_folds
from cadx.cnn import Backbone, BackboneSpec, load_backbone
from cadx.lesion import DEFAULT_METHOD, SegmentationMethod
from cadx.mammogram import ReadingPolicy
from training.cohort.cases import Case, read_manifest
from training.cohort.grouping import group_cases
from training.commands.options import Svm
from training.cross_validation import Evaluation, nested_cross_validation, with_vote
from training.features.cache import FeatureCache, default_folder
from training.features.extraction import FeatureTables, extract_features
from training.features.store import FeatureStore
from training.fitting.presets import Preset
from training.progress import progress_bar
from training.stats.inference.clustered import clustered_auc, clustered_difference
from training.study.negative_control import shuffle_labels

N_FOLDS = 5
PAPER_LABELS = {CNN: "A: CNN features", LESION: "B: lesion features", ENSEMBLE: "C: average of A and B"}
ROW = ["image", "x", "y", "lesion_id"]
"""What names a row of a manifest, in the folds file and in the out-of-fold file."""


@dataclass(frozen=True, slots=True)
class Study:
    """The features that one preset sees."""

    preset: Preset
    backbone: Backbone
    tables: FeatureTables


def known(cases: Sequence[Case]) -> pd.DataFrame:
    """What is known of the rows without opening an image."""
    return pd.DataFrame(
        {
            "image": [case.image.name for case in cases],
            "x": [case.center.x for case in cases],
            "y": [case.center.y for case in cases],
            "lesion_id": [case.lesion_id for case in cases],
            "patient": [case.patient_id or f"lesion {case.lesion_id}" for case in cases],
            "malignant": [int(case.label) for case in cases],
        }
    )


def read(path: Path) -> pd.DataFrame:
    """Read a file of folds or of out-of-fold probabilities, to the last digit."""
    return pd.read_csv(path, dtype={"image": str, "lesion_id": str, "patient": str})


def deal(cases: Sequence[Case], path: Path, seeds: Sequence[int]) -> pd.DataFrame:
    """Read the folds of every row, a column a seed; deal and keep them where the file is not there.

    Raises
    ------
    SystemExit
        When the file is of other rows or lacks a seed.
    """
    rows = known(cases)
    if not path.exists():
        for seed in seeds:
            fold = np.empty(len(rows), dtype=int)
            for number, split in enumerate(grouped_folds(rows["malignant"], rows["patient"], N_FOLDS, seed)):
                fold[split.test] = number
            rows[f"fold_{seed}"] = fold
        path.parent.mkdir(parents=True, exist_ok=True)
        rows.to_csv(path, index=False)
    folds = read(path)
    columns = [f"fold_{seed}" for seed in seeds]
    if not set(columns) <= set(folds.columns) or rows[ROW].merge(folds, on=ROW).shape[0] != len(rows):
        raise SystemExit(f"{path} holds the folds of other rows or other seeds: name another file")
    return folds


def out_of_fold(studies: Sequence[Study], folds: pd.DataFrame, seeds: Sequence[int], grid: Grid) -> pd.DataFrame:
    """Run the nested study once a seed; give every row's probabilities, preset by preset and seed by seed."""
    rows = known(studies[0].tables.cases)
    dealt = rows[ROW].merge(folds, on=ROW, how="left", validate="one_to_one")
    found = []
    for seed in seeds:
        fold = dealt[f"fold_{seed}"].to_numpy()
        splits = tuple(Split(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(N_FOLDS))
        for preset, evaluation in nested(studies, studies[0].tables.cases, seed, splits, grid).items():
            columns = {branch.name: branch.probabilities for branch in evaluation.classifiers}
            columns["calibrated"] = evaluation.calibrated
            found.append(rows.assign(preset=preset.value, seed=seed, fold=fold, **columns))
    return pd.concat(found, ignore_index=True)


def nested(
    studies: Sequence[Study], cases: Sequence[Case], seed: int, splits: Sequence[Split] | None, grid: Grid
) -> dict[Preset, Evaluation]:
    """Run the nested study of each preset with the labels of these cases."""
    tables, estimator = studies[0].tables, PolynomialSvm(grid, inner_folds=N_FOLDS, seed=seed)
    blocks: dict[str, NDArray[np.floating]] = {}
    for study in studies:
        blocks |= {f"{study.preset} {CNN}": study.tables.cnn, f"{study.preset} {LESION}": study.tables.lesion}
    candidates = {f"{study.preset} {CNN}": study.preset.candidates(study.backbone) for study in studies}
    with parallel_config(backend="threading", n_jobs=os.cpu_count()):
        together = nested_cross_validation(
            blocks,
            [case.label for case in cases],
            group_cases(cases, tables.pictures).numbers,
            estimator,
            seed=seed,
            folds=splits,
            candidates=candidates,
        )
    found = {}
    for preset in (study.preset for study in studies):
        pair = {name: replace(together.branches[f"{preset} {name}"], name=name) for name in (CNN, LESION)}
        evaluation = replace(together, ensemble=None, branches=pair)
        found[preset] = with_vote(evaluation, estimator, weighted=preset.weighted)
        first = pair[CNN]
        seconds = f"A in {first.seconds:.0f} s, B in {pair[LESION].seconds:.0f} s"
        print(f"{preset}, seed {seed}: {seconds}; ", end="")
        print(f"A sees {dict(Counter(first.candidates))}; weights of A ", end="")
        print(", ".join(f"{vote.weight:.2f}" for vote in found[preset].votes), end="; AUC ")
        print(", ".join(f"{branch.mean_auc:.4f}" for branch in found[preset].classifiers), flush=True)
    return found


def shuffled(studies: Sequence[Study], times: int, grid: Grid) -> None:
    """Print the AUCs of studies that must find nothing, and their mean."""
    found: dict[Preset, list[list[float]]] = {study.preset: [] for study in studies}
    for seed in range(times):
        cases = shuffle_labels(studies[0].tables.cases, studies[0].tables.pictures, seed)
        for preset, evaluation in nested(studies, cases, seed, None, grid).items():
            found[preset].append([branch.mean_auc for branch in evaluation.classifiers])
    for preset, aucs in found.items():
        means = ", ".join(f"{auc:.3f}" for auc in np.mean(aucs, axis=0))
        print(f"{preset}, labels permuted, mean of {times}: A, B, C {means}")


def report(scored: pd.DataFrame) -> None:
    """Print AUC and interval of each classifier, seed by seed and on average, and what averaging adds."""
    print(f"\n{len(scored) // scored['seed'].nunique()} views, {scored['lesion_id'].nunique()} lesions, ", end="")
    print(f"{scored['patient'].nunique()} patients; mean AUC over {N_FOLDS} folds (95 % CI, clustered by patient)\n")
    seeds = sorted(scored["seed"].unique())
    print("| classifier | " + " | ".join(f"seed {seed}" for seed in seeds) + " | mean |")
    print("|---" * (len(seeds) + 2) + "|")
    for name, title in PAPER_LABELS.items():
        found = [
            clustered_auc(part["malignant"], part[name], part["patient"], strata=part["fold"])
            for _, part in scored.groupby("seed")
        ]
        limits = np.array([(one.auc, one.low, one.high) for one in found])
        print(f"| {title} | " + " | ".join(_estimate(*row) for row in (*limits, limits.mean(axis=0))) + " |")
    for first, second in ((ENSEMBLE, CNN), (ENSEMBLE, LESION), (CNN, LESION)):
        label = f"{PAPER_LABELS[first][0]} - {PAPER_LABELS[second][0]}"
        _print_differences(label, [(part, part[first], part[second]) for _, part in scored.groupby("seed")])


def compare(now: pd.DataFrame, before: pd.DataFrame, what: str) -> None:
    """Print the differences of two presets or versions on the same rows and folds."""
    both = now.merge(before, on=[*ROW, "seed"], suffixes=("", "_before"), validate="one_to_one")
    if not (both["fold"] == both["fold_before"]).all():
        raise SystemExit("the two files come from different folds: give both runs one folds file")
    seeds = both["seed"].nunique()
    print(f"\n{what}, on the same {len(both) // max(seeds, 1)} views and folds\n")
    print("| classifier | " + " | ".join(f"seed {seed}" for seed in sorted(both["seed"].unique())) + " | mean |")
    print("|---" * (seeds + 2) + "|")
    for name, title in PAPER_LABELS.items():
        _print_differences(title, [(part, part[name], part[f"{name}_before"]) for _, part in both.groupby("seed")])


def _print_differences(title: str, parts: Sequence[tuple[pd.DataFrame, pd.Series, pd.Series]]) -> None:
    found = [
        clustered_difference(part["malignant"], first, second, part["patient"], strata=part["fold"])
        for part, first, second in parts
    ]
    limits = np.array([(one.difference, one.low, one.high) for one in found])
    rows = (*limits, limits.mean(axis=0))
    print(f"| {title} | " + " | ".join(_estimate(middle, low, high, "+") for middle, low, high in rows) + " |")


def _estimate(middle: float, low: float, high: float, sign: str = "") -> str:
    return f"{middle:{sign}.4f} ({low:{sign}.3f} to {high:{sign}.3f})"


def _first_patients(cases: Sequence[Case], count: int | None) -> tuple[Case, ...]:
    order = list(dict.fromkeys(case.patient_id or case.lesion_id for case in cases))[:count]
    return tuple(case for case in cases if (case.patient_id or case.lesion_id) in set(order))


def _arguments() -> argparse.Namespace:
    shared = Path(os.environ.get("CADX_SHARED", "shared"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=Path, required=True, help="CSV of the folds; written when not there")
    parser.add_argument("--out", type=Path, required=True, help="CSV of the out-of-fold probabilities to write")
    parser.add_argument("--compare", type=Path, help="such a CSV of another version, on the same folds")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="seeds of the folds")
    parser.add_argument("--preset", type=Preset, nargs="+", default=[Preset.PAPER], help="paper, best or both")
    parser.add_argument(
        "--shuffled", type=int, default=0, help="negative controls of each preset, in place of the study"
    )
    parser.add_argument("--svm", type=Svm, default=Svm.POLYNOMIAL, help="polynomial or linear")
    parser.add_argument("--patients", type=int, help="only the first so many patients, for a quick look")
    parser.add_argument("--manifest", type=Path, default=shared / "cbis-ddsm-mass" / "cases.csv")
    parser.add_argument("--weights", default=str(shared / "weights" / "squeezenet1_1-imagenet.pth"))
    parser.add_argument("--segmentation", type=SegmentationMethod, default=DEFAULT_METHOD)
    parser.add_argument("--cache", type=Path, default=default_folder(), help="folder of remembered features")
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    cases = _first_patients(read_manifest(arguments.manifest), arguments.patients)
    folds = deal(cases, arguments.folds, arguments.seeds)
    studies = [extract(preset, cases, arguments) for preset in arguments.preset]
    grid = arguments.svm.grid
    if arguments.shuffled:
        return shuffled(studies, arguments.shuffled, grid)
    scored = out_of_fold(studies, folds, arguments.seeds, grid)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    scored.to_csv(arguments.out, index=False)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    parts = [scored[scored["preset"] == study.preset] for study in studies]
    for part in parts:
        print(f"\npreset {part['preset'].iloc[0]}", end="")
        report(part)
    for other in parts[1:]:
        compare(other, parts[0], f"{other['preset'].iloc[0]} less {parts[0]['preset'].iloc[0]}")
    if arguments.compare:
        compare(parts[0], read(arguments.compare), "Now less before")
    return None


def extract(preset: Preset, cases: Sequence[Case], arguments: argparse.Namespace) -> Study:
    """Extract, or remember, both branches' features."""
    plain = BackboneSpec("squeezenet1_1", "features.12.cat", arguments.weights, "mean")
    spec = plain if preset is Preset.PAPER else replace(plain, pooling="none")  # best pools in two ways
    backbone = load_backbone(preset.backbone(spec))
    started = time.perf_counter()
    with progress_bar(Console(), "features of both branches") as progress:
        tables = extract_features(
            cases,
            backbone,
            ReadingPolicy(),
            arguments.segmentation,
            marks=preset.marks,
            store=FeatureStore(FeatureCache(arguments.cache)),
            skip_unusable=True,
            progress=progress,
        )
    took = f"{time.perf_counter() - started:.0f} s, {tables.extracted} views extracted now"
    print(f"{preset}, features: {took}, {len(tables.skipped)} refused")
    for refused in tables.skipped:
        print(f"  refused: {refused.detail}")
    return Study(preset, backbone, tables)


if __name__ == "__main__":
    main()
