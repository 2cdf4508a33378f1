"""Whether explanations, sets, flags and similar cases hold what they promise, on real masses.

The masses of CBIS-DDSM at ``$CADX_SHARED/cbis-ddsm-mass`` with the readers' own words (``facts.csv``), squeezenet1_1
features.12.cat with mean pooling and ImageNet's weights. Everything is out of fold, folds by patient and picture.

1. Conformal sets at 95 % and Venn-Abers pairs: limits from the inner folds of each outer fold's training rows, as a
   bundle's are from its cohort, and tested on the outer fold; over 20 seeds of the folds, with a grid of 12 points.
2. ``branches_disagree``: errors at a probability of one half among flagged and others.
3. Explanations: of margin and shape, the family with the larger contribution, where the reader has a plain word for it
   (SPICULATED or CIRCUMSCRIBED; IRREGULAR, or ROUND or OVAL): does its sign agree with the word, against what the same
   signs and words agree when drawn independently. Limits by bootstrap over patients.
4. Similar cases: leave-one-patient-out agreement of each space that is tried.
5. With --bundle: what each part costs beside one prediction.

Run:  python benchmarks/trust.py [--seeds 20] [--bundle FOLDER] [--cache FOLDER]
"""

import argparse
import csv
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from joblib import parallel_config
from numpy.typing import NDArray

from cadx.branches import CNN, LESION
from cadx.classify import PolynomialGrid, PolynomialSvm, soft_vote
from cadx.cnn import BackboneSpec, load_backbone
from cadx.explain import Cohort, explain_decision, fit_conformal, fit_venn_abers, saliency_map, similar_cases
from cadx.explain.known_cases import BRANCHES, SCALINGS, base_rate, space_agreement
from cadx.explain.novelty import fit_whitening
from cadx.lesion import DEFAULT_METHOD, FeatureFamily
from cadx.mammogram import ReadingPolicy, read_mammogram
from training.analysis.scored import lesion_numbers
from training.cohort.cases import read_manifest
from training.cohort.grouping import group_cases
from training.cross_validation import Evaluation, nested_cross_validation
from training.features.cache import FeatureCache, default_folder
from training.features.extraction import FeatureTables, extract_features
from training.features.store import FeatureStore

FOLDS = 5
GRID = PolynomialGrid(a=(0.1, 1.0), c=(1.0,), d=(1, 2, 3), C=(0.1, 1.0))
DRAWS = 2000
WORDS: Mapping[FeatureFamily, tuple[str, Mapping[str, int]]] = {
    FeatureFamily.MARGIN: ("margins", {"SPICULATED": 1, "CIRCUMSCRIBED": -1}),
    FeatureFamily.SHAPE: ("shape", {"IRREGULAR": 1, "ROUND": -1, "OVAL": -1}),
}
Values = NDArray[np.float64]
Blocks = Mapping[str, NDArray[np.floating]]


def limits(statistic: Callable[[NDArray[np.intp]], float], patients: NDArray[np.intp]) -> tuple[float, float]:
    """95 % limits of a statistic of rows, by bootstrap over patients."""
    rng = np.random.default_rng(0)
    rows = [np.flatnonzero(patients == patient) for patient in np.unique(patients)]
    drawn = [statistic(np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))])) for _ in range(DRAWS)]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def evaluate(tables: FeatureTables, labels: NDArray[np.bool_], groups: NDArray[np.intp], seed: int) -> Evaluation:
    estimator = PolynomialSvm(GRID, inner_folds=FOLDS, seed=seed)
    with parallel_config(backend="threading", n_jobs=os.cpu_count()):
        blocks: Blocks = {CNN: tables.cnn, LESION: tables.lesion}
        return nested_cross_validation(blocks, labels, groups, estimator, n_folds=FOLDS, seed=seed)


def ensemble_of(evaluation: Evaluation) -> Values:
    first, second = evaluation.branches.values()
    return soft_vote(first.probabilities, second.probabilities)


def sets(evaluation: Evaluation) -> list[float]:
    """Coverage of benign and malignant, shares of sets with both and with no label, width of the pairs."""
    labels, p = evaluation.labels, ensemble_of(evaluation)
    benign, malignant, width = (np.empty(len(p)) for _ in range(3))
    for number, fold in enumerate(evaluation.folds):
        p1, p2 = (branch.inner_probabilities[number] for branch in evaluation.branches.values())
        inner = soft_vote(p1, p2)
        found = fit_conformal(inner, labels[fold.train])
        benign[fold.test] = p[fold.test] <= found.benign_up_to
        malignant[fold.test] = p[fold.test] >= found.malignant_from
        pairs = fit_venn_abers(inner, labels[fold.train])
        width[fold.test] = [high - low for low, high in map(pairs.pair, p[fold.test].tolist())]
    both, none = benign * malignant, (1 - benign) * (1 - malignant)
    return [float(v.mean()) for v in (benign[~labels], malignant[labels], both, none, width)]


def report_sets(evaluations: list[Evaluation]) -> None:
    found = 100 * np.array([sets(evaluation) for evaluation in evaluations])
    coverage = found[:, :2].mean(axis=1)
    print(f"\n1. Conformal sets at 95 %, {len(found)} seeds: mean (lowest to highest seed)\n")
    names = ("benign covered", "malignant covered", "sets with both labels", "empty sets", "Venn-Abers p1 - p0")
    for name, column in zip(("mean label coverage", *names), (coverage, *found.T), strict=True):
        print(f"| {name} | {column.mean():.1f} % | {column.min():.1f} to {column.max():.1f} % |")


def report_disagreement(evaluations: list[Evaluation]) -> None:
    print(
        "\n2. branches_disagree: errors at 0.5 of the average\n\n"
        "| seed | flagged | others | difference |\n|---|---|---|---|"
    )
    for evaluation in (*evaluations[:3], *evaluations[-1:]) if len(evaluations) > 3 else evaluations:
        p, apart = ensemble_of(evaluation), np.subtract(*(b.probabilities for b in evaluation.branches.values()))
        low, high = np.quantile(apart, [0.025, 0.975])
        flagged, wrong = (apart < low) | (apart > high), (p >= 0.5) != evaluation.labels

        def difference(rows: NDArray[np.intp], f: NDArray[np.bool_] = flagged, w: NDArray[np.bool_] = wrong) -> float:
            return float(w[rows][f[rows]].mean() - w[rows][~f[rows]].mean())

        cells = [f"{100 * wrong[part].mean():.1f} % of {part.sum()}" for part in (flagged, ~flagged)]
        ends = limits(difference, evaluation.groups)
        told = f"{100 * difference(np.arange(len(p))):+.1f} ({100 * ends[0]:+.1f} to {100 * ends[1]:+.1f}) points"
        print(f"| {evaluation.seed} | {' | '.join(cells)} | {told} |")


def families_out_of_fold(tables: FeatureTables, evaluation: Evaluation) -> list[Mapping[FeatureFamily, float]]:
    found: list[Mapping[FeatureFamily, float]] = [{} for _ in tables.cases]
    for fold in evaluation.folds:
        estimator = PolynomialSvm(GRID, inner_folds=FOLDS, seed=evaluation.seed)
        train = fold.train
        svm = estimator.fit(tables.lesion[train], evaluation.labels[train], evaluation.groups[train]).freeze()
        for row in fold.test:
            found[row] = explain_decision(svm, tables.lesion[row]).families
    return found


def report_words(tables: FeatureTables, evaluation: Evaluation, facts: Path) -> None:
    with facts.open(encoding="utf-8") as file:
        told = {(Path(row["image"]).name, row["lesion_id"]): row for row in csv.DictReader(file)}
    families = families_out_of_fold(tables, evaluation)
    rows, signs, words, tops, first = [], [], [], [], 0
    for number, (case, shares) in enumerate(zip(tables.cases, families, strict=True)):
        row = told[case.image.name, case.lesion_id]
        plain = {family: values.get(row[column], 0) for family, (column, values) in WORDS.items()}
        top = max((family for family in WORDS), key=lambda family: abs(shares[family]))
        if plain[top]:
            rows.append(number)
            signs.append(np.sign(shares[top]))
            words.append(plain[top])
            tops.append(top)
            first += max(shares, key=lambda family: abs(shares[family])) is top
    sign, word, patients = np.array(signs), np.array(words), evaluation.groups[rows]
    kinds = np.array([top is FeatureFamily.MARGIN for top in tops])

    def above_chance(drawn: NDArray[np.intp]) -> float:
        """Agreement less what independence gives, within each family."""
        total = 0.0
        for kind in (True, False):
            s, w = sign[drawn][kinds[drawn] == kind] > 0, word[drawn][kinds[drawn] == kind] > 0
            if len(s):
                by_chance = s.mean() * w.mean() + (1 - s.mean()) * (1 - w.mean())
                total += len(s) * ((s == w).mean() - by_chance)
        return total / len(drawn)

    print(f"\n3. Readers' words: {len(rows)} views whose top family of margin and shape has a plain word")
    everyone = np.arange(len(rows))
    agreed, above = float((sign == word).mean()), above_chance(everyone)
    low, high = limits(above_chance, patients)
    ends = limits(lambda drawn: float((sign[drawn] == word[drawn]).mean()), patients)
    print(f"agreement {100 * agreed:.1f} % ({100 * ends[0]:.1f} to {100 * ends[1]:.1f})", end=", ")
    print(f"by chance {100 * (agreed - above):.1f} %")
    print(f"more than by chance: {100 * above:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})")
    for name, kind in (("margin", True), ("shape", False)):
        part = kinds == kind
        print(f"  top family {name}: {100 * (sign == word)[part].mean():.1f} % of {part.sum()}")
    print(f"  in {first} of them it is the top family of all five")


def report_similar(tables: FeatureTables, evaluation: Evaluation) -> None:
    features: Blocks = {CNN: tables.cnn, LESION: tables.lesion}
    lesions = lesion_numbers(tables.cases)
    cohort = Cohort(features, evaluation.labels, lesions, evaluation.groups, evaluation.folds)
    fitted = {branch: fit_whitening(table) for branch, table in features.items()}
    print(
        f"\n4. Similar cases: outcome agreement of the 10 nearest lesions; base rate {100 * base_rate(cohort):.1f} %\n"
    )
    print("| space | agreement (95 % CI) |\n|---|---|")
    for scaling in SCALINGS:
        for branches in BRANCHES:
            by_row = space_agreement(cohort, fitted, branches, scaling).by_row
            low, high = limits(lambda drawn, values=by_row: float(values[drawn].mean()), evaluation.groups)  # type: ignore[misc]
            print(f"| {branches}, {scaling} | {100 * by_row.mean():.1f} % ({100 * low:.1f} to {100 * high:.1f}) |")


def report_times(folder: Path, tables: FeatureTables) -> None:
    from cadx.assessment import assess
    from cadx.bundle import load_bundle

    bundle, case = load_bundle(folder), tables.cases[0]
    image = read_mammogram(case.image, policy=bundle.policy, pixel_spacing_mm=case.pixel_spacing_mm)
    given = assess(bundle, image, case.center)
    quantiles = None if bundle.reference is None else bundle.reference.quantiles
    steps: dict[str, Callable[[], object]] = {
        "one prediction": lambda: assess(bundle, image, case.center),
        "explanation": lambda: explain_decision(bundle.classifiers.lesion, given.lesion_features, quantiles),
        "map": lambda: saliency_map(bundle.backbone, bundle.classifiers.cnn, given.roi.gray),
    }
    known = bundle.known_cases
    if known is not None:
        steps["similar"] = lambda: similar_cases(known, given.cnn_features, given.lesion_features)
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(31):
        for name, step in steps.items():
            started = time.perf_counter()
            step()
            taken[name].append(1000 * (time.perf_counter() - started))
    middle = {name: float(np.median(values)) for name, values in taken.items()}
    print("\n5. Times, median of 31\n")
    for name, value in middle.items():
        print(f"| {name} | {value:.1f} ms | {value / middle['one prediction']:.2f} of a prediction |")


def main() -> None:
    shared = Path(os.environ.get("CADX_SHARED", "shared"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--data", type=Path, default=shared / "cbis-ddsm-mass", help="cases.csv and facts.csv")
    parser.add_argument("--weights", default=str(shared / "weights" / "squeezenet1_1-imagenet.pth"))
    parser.add_argument("--bundle", type=Path, help="for the times")
    parser.add_argument("--cache", type=Path, default=default_folder(), help="folder of remembered features")
    asked = parser.parse_args()
    backbone = load_backbone(BackboneSpec("squeezenet1_1", "features.12.cat", asked.weights, "mean"))
    store = FeatureStore(FeatureCache(asked.cache))
    cases = read_manifest(asked.data / "cases.csv")
    tables = extract_features(cases, backbone, ReadingPolicy(), DEFAULT_METHOD, store=store, skip_unusable=True)
    labels = np.array([case.label for case in tables.cases]) == 1
    groups = group_cases(tables.cases, tables.pictures).numbers
    if asked.bundle:
        report_times(asked.bundle, tables)
    evaluations = [evaluate(tables, labels, groups, seed) for seed in range(asked.seeds)]
    print(f"{len(labels)} views, {len(np.unique(groups))} groups of patients and pictures")
    report_sets(evaluations)
    report_disagreement(evaluations)
    report_words(tables, evaluations[0], asked.data / "facts.csv")
    report_similar(tables, evaluations[0])


if __name__ == "__main__":
    main()
