"""What a fit keeps of its cohort: distributions always, single cases on request."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cadx.branches import CNN, LESION
from cadx.explain import Cohort, CohortReference, KnownCases, fit_reference, known_cases
from cadx.mammogram import ReadingPolicy
from training.analysis.scored import Scored
from training.cohort.cases import Case
from training.cross_validation import Evaluation
from training.features.extraction import FeatureTables, read_roi

THUMBNAIL_PX = 64
"""Side of a kept picture: 0.8 mm a pixel."""


def cohort_reference(tables: FeatureTables, scored: Scored, evaluation: Evaluation) -> CohortReference:
    """Take the cohort's distributions from its features and out-of-fold probabilities."""
    return fit_reference(tables.cnn, tables.lesion, scored.labels, scored.probabilities, evaluation.folds)


def kept_cases(
    tables: FeatureTables, scored: Scored, evaluation: Evaluation, policy: ReadingPolicy, *, thumbnails: bool
) -> KnownCases:
    """Keep the cohort's cases, and pictures of their regions where asked for."""
    cohort = Cohort(
        features={CNN: tables.cnn, LESION: tables.lesion},
        malignant=scored.labels,
        lesions=scored.lesions,
        patients=scored.groups,
        folds=evaluation.folds,
    )
    return known_cases(cohort, _thumbnails(tables.cases, policy) if thumbnails else None)


def _thumbnails(cases: Sequence[Case], policy: ReadingPolicy) -> NDArray[np.uint8]:
    regions = (np.round(read_roi(case, policy).gray * 255).astype(np.uint8) for case in cases)
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    return np.stack([np.asarray(Image.fromarray(gray).resize(size, Image.Resampling.BOX)) for gray in regions])
