"""What the manifest of a bundle says of the cohort and of how the classifiers did on it."""

import numpy as np

from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.bundle import AucInterval, ClassifierFigures, CohortFacts, EvaluationFigures, ProbabilityHistogram
from training.analysis.analysis import Analysis
from training.analysis.performance import Performance
from training.analysis.scored import Scored

HISTOGRAM_BINS = 20


def cohort_facts(analysis: Analysis, source: str, *, synthetic: bool) -> CohortFacts:
    """Describe the cases that were used."""
    cohort = analysis.cohort
    return CohortFacts(
        source=source,
        lesions=cohort.lesions,
        rois=cohort.rois,
        benign_rois=cohort.benign.rois,
        malignant_rois=cohort.malignant.rois,
        patients=cohort.patients,
        synthetic=synthetic,
    )


def evaluation_figures(
    analysis: Analysis, scored: Scored, seed: int, uninformative: tuple[str, ...] = ()
) -> EvaluationFigures:
    """Give the cross-validated figures of the three classifiers; `uninformative` names those that learnt nothing."""
    figures = {
        performance.name: _figures(
            performance, probability_histogram(scored, performance.name), performance.name in uninformative
        )
        for performance in analysis.performances
    }
    return EvaluationFigures(
        folds=analysis.folds,
        seed=seed,
        grouped_by=analysis.grouped_by,
        cnn=figures[CNN],
        lesion=figures[LESION],
        ensemble=figures[ENSEMBLE],
    )


def probability_histogram(scored: Scored, name: str) -> ProbabilityHistogram:
    """Count a classifier's out-of-fold probabilities by pathology, in equal bins of [0, 1]."""
    benign, malignant = (
        np.histogram(scored.probabilities[name][rows], bins=HISTOGRAM_BINS, range=(0, 1))[0].tolist()
        for rows in (~scored.labels, scored.labels)
    )
    return ProbabilityHistogram(benign=tuple(benign), malignant=tuple(malignant))


def _figures(
    performance: Performance, histogram: ProbabilityHistogram, branch_uninformative: bool
) -> ClassifierFigures:
    auc = performance.auc
    return ClassifierFigures(
        auc_mean=auc.auc,
        auc_sd=float(np.std(performance.fold_aucs, ddof=1)),
        fold_aucs=performance.fold_aucs,
        auc_interval=AucInterval(low=auc.low, high=auc.high, confidence=auc.confidence, method=auc.method),
        probability_histogram=histogram,
        branch_uninformative=branch_uninformative,
    )
