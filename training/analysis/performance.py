"""How well one classifier does: AUC in every reading, calibration, operating points."""

from dataclasses import dataclass

import numpy as np

from cadx.branches import PAPER_LABELS
from training.analysis.scored import Scored, enough_to_test
from training.cross_validation import Vector
from training.stats.calibration import Calibration, calibration
from training.stats.inference.bootstrap import BootstrapInterval, bootstrap_auc
from training.stats.inference.clustered import clustered_auc
from training.stats.inference.delong import delong_auc
from training.stats.inference.multiple import holm
from training.stats.inference.refitting import p_above_chance, refitted_auc
from training.stats.roc.auc import AucEstimate, empirical_auc, mean_and_sd
from training.stats.roc.binormal import BinormalFit, fit_binormal
from training.stats.roc.operating_points import OperatingPoint, at_sensitivity, at_specificity, operating_point

SENSITIVITIES = (0.95, 0.90)
SPECIFICITIES = (0.90,)
ROWS_A_BIN = 20


@dataclass(frozen=True, slots=True)
class Performance:
    """What the study says of one classifier.

    Attributes
    ----------
    fold_aucs, auc_mean, auc_sd
        The paper's figures (Table 1): AUC of each fold, their mean and sample SD; none for an external test set.
    auc
        The headline: mean of the fold AUCs (plain AUC of an external test set) with Obuchowski's clustered interval.
    refitted
        The same with the variance that other training cases would add; none for an external test set.
    pooled
        AUC of all rows in one ranking, clustered interval; equals `auc` for an external test set.
    delong
        The same AUC with DeLong's interval, which takes views of one lesion as independent; for comparison.
    bootstrap
        Cluster bootstrap of `auc`.
    binormal
        Fitted binormal curve of the pooled rows (the paper's Fig. 4).
    per_lesion
        AUC of lesions, each by its mean probability over views.
    testable
        Whether there are enough cases for p to mean anything (`enough_to_test`).
    p_above_chance
        One-sided p of `auc` against 0.5, with the variance that training adds, adjusted over the classifiers (Holm).
    """

    name: str
    label: str
    fold_aucs: tuple[float, ...]
    auc_mean: float | None
    auc_sd: float | None
    auc: AucEstimate
    refitted: AucEstimate | None
    pooled: AucEstimate
    delong: AucEstimate
    bootstrap: BootstrapInterval
    binormal: BinormalFit
    per_lesion: AucEstimate
    p_above_chance: float
    testable: bool
    calibration: Calibration
    operating_points: tuple[OperatingPoint, ...]

    @property
    def above_chance(self) -> bool:
        """Whether the AUC is above 0.5 at the two-sided 5 % level, after Holm's correction."""
        return self.testable and self.p_above_chance < 0.025


def performances(scored: Scored, seed: int) -> tuple[Performance, ...]:
    """Describe every classifier."""
    estimates = {
        name: clustered_auc(scored.labels, p, scored.groups, strata=scored.folds)
        for name, p in scored.probabilities.items()
    }
    adjusted = holm([_p_above_chance(estimate, scored.fold_count) for estimate in estimates.values()])
    return tuple(
        _performance(scored, name, estimate, p, seed)
        for (name, estimate), p in zip(estimates.items(), adjusted, strict=True)
    )


def _performance(scored: Scored, name: str, auc: AucEstimate, p_above_chance: float, seed: int) -> Performance:
    labels, groups, p = scored.labels, scored.groups, scored.probabilities[name]
    aucs = fold_aucs(scored, p)
    mean, sd = mean_and_sd(aucs) if aucs else (None, None)
    return Performance(
        name=name,
        label=PAPER_LABELS[name],
        fold_aucs=aucs,
        auc_mean=mean,
        auc_sd=sd,
        auc=auc,
        refitted=refitted_auc(auc, scored.fold_count) if scored.fold_count else None,
        pooled=clustered_auc(labels, p, groups),
        delong=delong_auc(labels, p),
        bootstrap=bootstrap_auc(labels, p, groups, strata=scored.folds, seed=seed),
        binormal=fit_binormal(labels, p),
        per_lesion=_per_lesion(scored, p),
        p_above_chance=p_above_chance,
        testable=enough_to_test(scored),
        calibration=calibration_of(scored, p),
        operating_points=(
            operating_point(labels, p, groups, 0.5, rule="probability at least 0.5, set beforehand"),
            *(at_sensitivity(labels, p, groups, target) for target in SENSITIVITIES),
            *(at_specificity(labels, p, groups, target) for target in SPECIFICITIES),
        ),
    )


def calibration_of(scored: Scored, p: Vector) -> Calibration:
    """Describe the calibration of probabilities, in bins of some 20 rows."""
    return calibration(scored.labels, p, scored.groups, bins=int(np.clip(len(p) // ROWS_A_BIN, 2, 10)))


def fold_aucs(scored: Scored, p: Vector) -> tuple[float, ...]:
    """Return the AUC of each fold's rows; empty for an external test set."""
    if scored.folds is None:
        return ()
    rows = (scored.folds == k for k in range(scored.fold_count))
    return tuple(empirical_auc(scored.labels[fold], p[fold]) for fold in rows)


def _per_lesion(scored: Scored, p: Vector) -> AucEstimate:
    """Return the AUC of lesions by their mean probability, clustered by patient where patients are known."""
    first = np.unique(scored.lesions, return_index=True)[1]
    mean = np.bincount(scored.lesions, weights=p) / np.bincount(scored.lesions)
    return clustered_auc(scored.labels[first], mean, scored.groups[first])


def _p_above_chance(estimate: AucEstimate, folds: int) -> float:
    """Test against 0.5; cross-validated AUCs are first widened for the choice of training cases."""
    return p_above_chance(refitted_auc(estimate, folds) if folds else estimate)
