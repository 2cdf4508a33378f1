"""How the study's intervals and tests behave where the truth is known; writes the tables of docs/statistics.md.

1. Coverage of 95 % intervals of the AUC, and of a sensitivity, on rows clustered in lesions.
2. Recovery of the binormal (a, b) within two standard errors.
3. Type-I error at 5 %: how often each test calls two equally good classifiers different, on clustered data, once for
   scores that are given and once for classifiers that are trained in five-fold cross validation.
4. How much cross-validated AUCs vary from study to study, against their clustered standard error, and how often a
   classifier is called better than chance.
5. Family-wise error of three comparisons, unadjusted, Bonferroni and Holm.

The cohort is the paper's: 219 lesions, about 607 rows, 1 to 5 views a lesion, or 1 to 13 as in the paper where it says
so. Everything is seeded.

Run: python benchmarks/study_statistics.py              (about eight minutes)
     python benchmarks/study_statistics.py --sets 200   (rougher)
"""

import argparse
import time
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from training.stats.inference.bootstrap import bootstrap_auc, bootstrap_difference
from training.stats.inference.clustered import clustered_auc, clustered_difference
from training.stats.inference.delong import delong_auc, delong_difference
from training.stats.inference.fold_tests import corrected_paired_t, paired_t
from training.stats.inference.multiple import bonferroni, holm
from training.stats.inference.refitting import p_above_chance, refitted_auc, refitted_difference
from training.stats.lesions import per_lesion
from training.stats.proportion import clustered_proportion
from training.stats.roc.auc import auc_interval, empirical_auc, placements
from training.stats.roc.binormal import fit_binormal

Vector = NDArray[np.float64]
LESIONS = 219
REPLICATES = 500
REPEATS = 10


class Rows(NamedTuple):
    """Labels and lesion of every row, and its scores by each classifier."""

    labels: NDArray[np.bool_]
    scores: tuple[Vector, ...]
    lesion: NDArray[np.intp]


VIEWS = {
    5: (0.14, 0.32, 0.27, 0.17, 0.10),
    13: (0.15, 0.44, 0.24, 0.05, 0.03, 0.02, 0.015, 0.015, 0.01, 0.01, 0.01, 0.005, 0.005),
}
"""Shares of lesions of 1, 2, ... views, by the largest number of views; about about 2.8 on average."""


def draw_lesions(
    rng: np.random.Generator, lesions: int, most_views: int = 5
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return labels (57 % positive) and lesions of 1 to `most_views` rows a lesion, about 2.8 on average."""
    sizes = rng.choice(np.arange(1, most_views + 1), size=lesions, p=VIEWS[most_views])
    if most_views > 5:
        sizes[int(rng.integers(lesions))] = most_views
    lesion = np.repeat(np.arange(lesions), sizes)
    return (np.arange(lesions) < round(0.57 * lesions))[lesion], lesion


def draw_scores(
    rng: np.random.Generator, lesions: int, auc: float, classifiers: int, within: float = 0.7, most_views: int = 5
) -> Rows:
    """Return normal scores of equal AUC, correlated within lesions and between classifiers.

    `within` is the share of variance common to a lesion's rows, half of it common to the classifiers as well.
    """
    labels, lesion = draw_lesions(rng, lesions, most_views)
    shared = rng.normal(size=lesions)[lesion]
    scores = tuple(
        np.sqrt(2) * norm.ppf(auc) * labels
        + np.sqrt(within / 2) * (shared + rng.normal(size=lesions)[lesion])
        + np.sqrt(1 - within) * rng.normal(size=len(lesion))
        for _ in range(classifiers)
    )
    return Rows(labels, scores, lesion)


def share(hits: list[bool]) -> str:
    """Return a percentage with its Monte Carlo standard error."""
    p = float(np.mean(hits))
    return f"{100 * p:5.1f} ± {100 * np.sqrt(p * (1 - p) / len(hits)):.1f}"


def print_table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    print(f"\n### {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def published_interval(rows: Rows, strata: NDArray[np.intp]) -> tuple[float, float]:
    """Return Obuchowski's variance as published, I / (I - 1) for all lesions alike, with normal limits."""
    aucs, variances = [], []
    for stratum in np.unique(strata):
        part = strata == stratum
        labels, lesion = rows.labels[part], rows.lesion[part]
        placed = placements(labels, rows.scores[0][part])
        variance = 0.0
        for values, cluster in ((placed.positive, lesion[labels]), (placed.negative, lesion[~labels])):
            number = np.unique(cluster, return_inverse=True)[1]
            sums = np.bincount(number, weights=values - placed.auc)
            variance += len(sums) / (len(sums) - 1) * float(sums @ sums) / len(values) ** 2
        aucs.append(placed.auc)
        variances.append(variance)
    return auc_interval(float(np.mean(aucs)), float(np.sqrt(sum(variances))) / len(aucs), 0.95, np.inf)


def coverage(sets: int) -> None:
    """Cover the AUC of given scores: all rows in one ranking, and as the mean of five folds."""
    rows = []
    for most_views in VIEWS:
        for lesions, auc in ((60, 0.81), (LESIONS, 0.70), (LESIONS, 0.81), (LESIONS, 0.95)):
            covered: dict[str, list[bool]] = {}
            for seed in range(sets):
                data = draw_scores(np.random.default_rng(seed), lesions, auc, 1, most_views=most_views)
                labels, (scores,), lesion = data
                folds = fold_numbers(labels, lesion, seed)
                ours, by_fold = (clustered_auc(labels, scores, lesion, strata=strata) for strata in (None, folds))
                drawn = bootstrap_auc(labels, scores, lesion, replicates=REPLICATES, seed=seed)
                plain = delong_auc(labels, scores)
                limits = {
                    "published": published_interval(data, np.zeros(len(labels), dtype=np.intp)),
                    "ours": (ours.low, ours.high),
                    "published, folds": published_interval(data, folds),
                    "ours, folds": (by_fold.low, by_fold.high),
                    "bootstrap": (drawn.low, drawn.high),
                    "delong": (plain.low, plain.high),
                }
                for name, (low, high) in limits.items():
                    covered.setdefault(name, []).append(low <= auc <= high)
            rows.append((f"1 to {most_views}", str(lesions), f"{auc:.2f}", *(share(hits) for hits in covered.values())))
    head = (
        "views",
        "lesions",
        "true AUC",
        "Obuchowski as published",
        "ours, by lesion",
        "as published, mean of folds",
        "ours, mean of folds",
        "cluster bootstrap",
        "DeLong, rows as if independent",
    )
    print_table(f"Coverage of 95 % intervals of the AUC, % of {sets} sets", head, rows)


def proportion_coverage(sets: int) -> None:
    rows = []
    for truth in (0.8, 0.95):
        clustered, plain = [], []
        for seed in range(sets):
            rng = np.random.default_rng(seed)
            _, lesion = draw_lesions(rng, 125)
            hits = rng.random(len(lesion)) < rng.beta(1.5 * truth, 1.5 * (1 - truth), 125)[lesion]
            one = clustered_proportion(hits, lesion)
            clustered.append(one.low <= truth <= one.high)
            one = clustered_proportion(hits, np.arange(len(hits)))
            plain.append(one.low <= truth <= one.high)
        rows.append((f"{truth:.2f}", share(clustered), share(plain)))
    head = ("true share", "Wilson, effective rows by lesion", "Wilson, rows as if independent")
    print_table(f"Coverage of 95 % intervals of a sensitivity, 125 lesions, % of {sets} sets", head, rows)


def binormal_recovery(sets: int = 200) -> None:
    rows = []
    for a, b in ((1.2, 0.8), (1.5, 1.0), (0.8, 1.3)):
        within: list[tuple[bool, bool]] = []
        aucs, errors = [], []
        for seed in range(sets):
            rng = np.random.default_rng(seed)
            scores = np.concatenate([rng.normal(size=261), rng.normal(a / b, 1 / b, size=346)])
            fit = fit_binormal(np.arange(607) >= 261, scores)
            if fit.a is None or fit.b is None or fit.se_a is None or fit.se_b is None or fit.se_auc is None:
                within.append((False, False))
                continue
            within.append((abs(fit.a - a) < 2 * fit.se_a, abs(fit.b - b) < 2 * fit.se_b))
            aucs.append(fit.auc)
            errors.append(fit.se_auc)
        truth = norm.cdf(a / np.hypot(1, b))
        rows.append(
            (
                f"{a}, {b}",
                share([one[0] for one in within]),
                share([one[1] for one in within]),
                f"{truth:.4f}",
                f"{np.mean(aucs):.4f}",
                f"{np.std(aucs, ddof=1):.4f}",
                f"{np.mean(errors):.4f}",
            )
        )
    head = ("a, b", "a within 2 SE, %", "b within 2 SE, %", "true AUC", "mean AUC", "SD of AUC", "mean SE of AUC")
    print_table(f"Binormal fit, {sets} sets of 346 positive and 261 negative independent rows", head, rows)


def fold_numbers(labels: NDArray[np.bool_], groups: NDArray[np.intp], seed: int) -> NDArray[np.intp]:
    """Deal the groups of each class to five folds at random."""
    rng = np.random.default_rng(seed)
    fold = np.empty(int(groups.max()) + 1, dtype=np.intp)
    for value in (False, True):
        members = rng.permutation(np.unique(groups[labels == value]))
        fold[members] = np.arange(len(members)) % 5
    return fold[groups]


def fold_aucs(rows: Rows, which: int, fold: NDArray[np.intp]) -> list[float]:
    return [empirical_auc(rows.labels[fold == k], rows.scores[which][fold == k]) for k in range(5)]


def p_values(rows: Rows, fold: NDArray[np.intp], seed: int) -> dict[str, float]:
    """Return the p-value of every test of the first two scores; `fold` is the fold that each row was scored in."""
    labels, (first, second), lesion = rows.labels, rows.scores[:2], rows.lesion
    ours, theirs = fold_aucs(rows, 0, fold), fold_aucs(rows, 1, fold)
    mean = [per_lesion(labels, score, lesion) for score in (first, second)]
    by_fold = clustered_difference(labels, first, second, lesion, strata=fold)
    drawn = bootstrap_difference(labels, first, second, lesion, strata=fold, replicates=REPLICATES, seed=seed)
    return {
        "DeLong, rows as if independent": delong_difference(labels, first, second).p_value,
        "DeLong on lesion means": delong_difference(
            mean[0].labels, mean[0].probabilities, mean[1].probabilities
        ).p_value,
        "Obuchowski, pooled": clustered_difference(labels, first, second, lesion).p_value,
        "Obuchowski, mean of folds": by_fold.p_value,
        "Obuchowski, mean of folds, training varied": refitted_difference(by_fold, 5).p_value,
        "cluster bootstrap, mean of folds": drawn.p_value or 0.0,
        "paired t, 5 folds": paired_t(ours, theirs).p_value,
        "corrected t, 5 folds": corrected_paired_t(ours, theirs, 4, 1).p_value,
    }


def trained_scores(X: Vector, labels: NDArray[np.bool_], fold: NDArray[np.intp]) -> Vector:
    """Return out-of-fold scores of a ridge discriminant, fitted on the other folds."""
    scores = np.empty(len(labels))
    for k in range(5):
        train = fold != k
        center = X[train].mean(axis=0)
        Z = X[train] - center
        weights = np.linalg.solve(Z.T @ Z + 10 * np.eye(X.shape[1]), Z.T @ (labels[train] - labels[train].mean()))
        scores[~train] = (X[~train] - center) @ weights
    return scores


def draw_features(
    rng: np.random.Generator, effect: float = 0.25
) -> tuple[NDArray[np.bool_], NDArray[np.intp], tuple[Vector, Vector]]:
    """Return two exchangeable blocks of 20 features: classifiers trained on them are equally good on average."""
    labels, lesion = draw_lesions(rng, LESIONS)
    blocks = []
    for _ in range(2):
        X = np.sqrt(0.7) * rng.normal(size=(LESIONS, 20))[lesion] + np.sqrt(0.3) * rng.normal(size=(len(lesion), 20))
        blocks.append(X + effect * labels[:, None])
    return labels, lesion, (blocks[0], blocks[1])


def given(rng: np.random.Generator, seed: int) -> dict[str, float]:
    rows = draw_scores(rng, LESIONS, 0.81, 2)
    found = p_values(rows, fold_numbers(rows.labels, rows.lesion, seed), seed)
    by_row = fold_numbers(rows.labels, np.arange(len(rows.labels)), seed)
    found["paired t, 5 folds that split lesions"] = paired_t(
        fold_aucs(rows, 0, by_row), fold_aucs(rows, 1, by_row)
    ).p_value
    return found


def trained(rng: np.random.Generator, seed: int) -> dict[str, float]:
    labels, lesion, blocks = draw_features(rng)
    fold = fold_numbers(labels, lesion, seed)
    rows = Rows(labels, tuple(trained_scores(X, labels, fold) for X in blocks), lesion)
    found = p_values(rows, fold, seed)
    ours, theirs = [], []
    for repeat in range(REPEATS):
        other = fold_numbers(labels, lesion, 1000 + repeat)
        again = Rows(labels, tuple(trained_scores(X, labels, other) for X in blocks), lesion)
        ours += fold_aucs(again, 0, other)
        theirs += fold_aucs(again, 1, other)
    found[f"paired t, {REPEATS} x 5 folds"] = paired_t(ours, theirs).p_value
    found[f"corrected t, {REPEATS} x 5 folds"] = corrected_paired_t(ours, theirs, 4, 1).p_value
    return found


def type_one_error(sets: int) -> None:
    columns: list[dict[str, list[bool]]] = []
    makers: tuple[Callable[[np.random.Generator, int], dict[str, float]], ...] = (given, trained)
    for make in makers:
        rejected: dict[str, list[bool]] = {}
        for seed in range(sets):
            for test, p in make(np.random.default_rng(seed), seed).items():
                rejected.setdefault(test, []).append(p < 0.05)
        columns.append(rejected)
    tests = list(dict.fromkeys([*columns[0], *columns[1]]))
    rows = [(test, *(share(column[test]) if test in column else "" for column in columns)) for test in tests]
    head = ("test", "scores given", "classifiers trained in five folds")
    print_table(f"Type-I error at 5 %, % of {sets} null sets of 219 lesions", head, rows)


def training_variance(sets: int) -> None:
    """Compare what the clustered standard error says with how much cross-validated AUCs vary between studies."""
    rows = []
    for effect in (0.0, 0.1, 0.25):
        estimates = []
        for seed in range(sets):
            labels, lesion, (X, _) = draw_features(np.random.default_rng(seed), effect)
            fold = fold_numbers(labels, lesion, seed)
            estimates.append(clustered_auc(labels, trained_scores(X, labels, fold), lesion, strata=fold))
        truth = float(np.mean([one.auc for one in estimates]))
        wide = [refitted_auc(one, 5) for one in estimates]
        rows.append(
            (
                f"{truth:.3f}",
                f"{np.std([one.auc for one in estimates], ddof=1):.4f}",
                f"{np.mean([one.se for one in estimates]):.4f}",
                share([one.low <= truth <= one.high for one in estimates]),
                share([one.low <= truth <= one.high for one in wide]),
                share([p_above_chance(one) < 0.025 for one in estimates]),
                share([p_above_chance(one) < 0.025 for one in wide]),
            )
        )
    head = (
        "mean AUC",
        "SD over studies",
        "mean clustered SE",
        "interval holds the mean, %",
        "the same, training varied",
        "called above chance (one-sided 2.5 %), %",
        "the same, training varied",
    )
    print_table(f"Classifiers trained in five folds, {sets} studies of 219 lesions", head, rows)


def family_wise_error(sets: int) -> None:
    hits: dict[str, list[bool]] = {"unadjusted": [], "Bonferroni": [], "Holm": []}
    for seed in range(sets):
        rows = draw_scores(np.random.default_rng(seed), LESIONS, 0.81, 3)
        p = [
            clustered_difference(rows.labels, rows.scores[i], rows.scores[j], rows.lesion).p_value
            for i, j in combinations(range(3), 2)
        ]
        hits["unadjusted"].append(min(p) < 0.05)
        hits["Bonferroni"].append(min(bonferroni(p)) < 0.05)
        hits["Holm"].append(min(holm(p)) < 0.05)
    rows_ = [(name, share(found)) for name, found in hits.items()]
    print_table(f"Any of three comparisons significant, % of {sets} null sets", ("adjustment", "any at 5 %"), rows_)


TABLES: dict[str, Callable[[int], None]] = {
    "coverage": coverage,
    "proportions": proportion_coverage,
    "binormal": lambda _: binormal_recovery(),
    "type-one": type_one_error,
    "training": training_variance,
    "family-wise": family_wise_error,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=2000, help="simulated data sets a cell")
    parser.add_argument("--only", choices=TABLES, help="print one table")
    arguments = parser.parse_args()
    start = time.perf_counter()
    for name, table in TABLES.items():
        if arguments.only in (None, name):
            table(arguments.sets)
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
