"""Every statistic of a study, from scored cases alone."""

from dataclasses import dataclass

import numpy as np

from cadx.branches import ENSEMBLE
from training.analysis.agreement import BranchAgreement, branch_agreement, one_row_a_lesion
from training.analysis.alternatives import Alternative, alternatives
from training.analysis.associations import Association, associations
from training.analysis.cohort import CohortTable, cohort_table
from training.analysis.comparisons import Comparison, comparisons
from training.analysis.performance import Performance, calibration_of, performances
from training.analysis.scored import Scored, enough_to_test
from training.analysis.subgroups import Subgroup, subgroups
from training.cohort.grouping import Joined
from training.cross_validation import Evaluation
from training.stats.calibration import Calibration

WORST = 6


@dataclass(frozen=True, slots=True)
class WorstErrors:
    """Rows that the ensemble got most wrong, the worst first; one row a lesion."""

    benign_called_malignant: tuple[int, ...]
    malignant_called_benign: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the probabilities say.

    Attributes
    ----------
    folds
        Of the cross validation; 0 for an external test set.
    grouped_by
        What no fold splits and what intervals take as independent: ``patient and picture``, ``lesion and picture`` or a
        mixture.
    joined
        Groups that hold patients or lesions together because they have pictures in common.
    calibrated
        Of the ensemble's calibrated probability.
    uninformative_folds
        By branch, in how many folds it ranked its inner held-out rows no better than chance, so that its probabilities
        there are the prevalence; branches without such a fold are left out.
    alternatives
        Of plain averaging; empty for an external test set, on which nothing is learnt.
    """

    folds: int
    grouped_by: str
    joined: tuple[Joined, ...]
    cohort: CohortTable
    performances: tuple[Performance, ...]
    calibrated: Calibration
    uninformative_folds: dict[str, int]
    comparisons: tuple[Comparison, ...]
    agreement: BranchAgreement
    associations: tuple[Association, ...]
    alternatives: tuple[Alternative, ...]
    subgroups: tuple[Subgroup, ...]
    worst: WorstErrors

    def performance(self, name: str) -> Performance:
        """Return what is said of one classifier."""
        return next(found for found in self.performances if found.name == name)


def analyze(scored: Scored, seed: int, evaluation: Evaluation | None = None) -> Analysis:
    """Draw every statistic.

    Parameters
    ----------
    scored
        Cases with probabilities.
    seed
        Of the bootstraps.
    evaluation
        The cross validation that the probabilities come from, for what is learnt in its folds; none: external test.

    Raises
    ------
    OneClassOnly
        When all cases are benign, or all malignant.
    """
    return Analysis(
        folds=scored.fold_count,
        grouped_by=grouped_by(scored),
        joined=scored.joined,
        cohort=cohort_table(scored),
        performances=performances(scored, seed),
        calibrated=calibration_of(scored, scored.calibrated),
        uninformative_folds={} if evaluation is None else uninformative_folds(evaluation),
        comparisons=comparisons(scored, seed),
        agreement=branch_agreement(scored, seed),
        associations=associations(scored),
        alternatives=() if evaluation is None else alternatives(evaluation, testable=enough_to_test(scored)),
        subgroups=subgroups(scored),
        worst=worst_errors(scored),
    )


def uninformative_folds(evaluation: Evaluation) -> dict[str, int]:
    """Count each branch's folds in which nothing was learnt."""
    counted = {name: branch.informative.count(False) for name, branch in evaluation.branches.items()}
    return {name: count for name, count in counted.items() if count}


def grouped_by(scored: Scored) -> str:
    """Say what the groups are."""
    known = [case.patient_id is not None for case in scored.cases]
    by_name = "patient" if all(known) else "patient where known, else lesion," if any(known) else "lesion"
    return f"{by_name} and picture"


def worst_errors(scored: Scored) -> WorstErrors:
    """Find the benign rows of highest and the malignant rows of lowest probability."""
    p = scored.probabilities[ENSEMBLE]
    order = np.argsort(p, kind="stable")
    descending = order[::-1]
    high_benign = descending[~scored.labels[descending] & (p[descending] >= 0.5)]
    low_malignant = order[scored.labels[order] & (p[order] < 0.5)]
    return WorstErrors(
        one_row_a_lesion(scored, high_benign)[:WORST],
        one_row_a_lesion(scored, low_malignant)[:WORST],
    )
