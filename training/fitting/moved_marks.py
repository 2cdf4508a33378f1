"""How far answers about a cohort depend on the click: marks moved, judged by models that have not seen the lesion."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cadx.assessment import assess
from cadx.branches import CNN, LESION
from cadx.cnn import Backbone
from cadx.explain import CohortReference, fit_click_limit
from cadx.lesion import SegmentationMethod
from cadx.mammogram import ReadingPolicy
from cadx.model import Classifiers, Model
from cadx.robustness import LIMIT_RADIUS_MM, DiscRobustness, click_robustness, limit_disc
from cadx.runtime.machine import usable_cores
from training.analysis.clicks import MovedMarks
from training.cohort.cases import Case
from training.cohort.outlining import contour_of, read_image
from training.cross_validation import Evaluation
from training.progress import ReportProgress, no_progress

MOST_LESIONS = 200


def sample_rows(lesions: NDArray[np.intp], seed: int, most: int = MOST_LESIONS) -> NDArray[np.intp]:
    """Draw at most so many lesions, and one view of each; in the order of the rows."""
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(np.unique(lesions))[:most]
    return np.sort([rng.choice(np.flatnonzero(lesions == lesion)) for lesion in drawn])


def fold_models(
    evaluation: Evaluation, backbone: Backbone, policy: ReadingPolicy, method: SegmentationMethod, marks: int = 1
) -> tuple[Model, ...]:
    """Give the whole model of each outer fold of a cross validation that kept its models."""
    branches = zip(evaluation.branches[CNN].models, evaluation.branches[LESION].models, strict=True)
    return tuple(
        Model(
            backbone=backbone,
            classifiers=Classifiers(cnn, lesion, vote),
            policy=policy,
            segmentation_method=method,
            marks=marks,
        )
        for (cnn, lesion), vote in zip(branches, evaluation.votes, strict=True)
    )


def move_marks(
    cases: Sequence[Case],
    rows: NDArray[np.intp],
    folds: NDArray[np.intp],
    models: Sequence[Model],
    *,
    progress: ReportProgress = no_progress,
) -> MovedMarks:
    """Assess cases with their marks moved, each by the model of the fold that held it out.

    Parameters
    ----------
    cases
        The n usable cases.
    rows
        Those to assess.
    folds
        (n,) the fold that held each out.
    models
        Of each fold, as `fold_models` gives them.
    progress
        Told (lesions done, lesions in all).
    """

    def moved(row: int) -> tuple[DiscRobustness, ...]:
        return _moved(cases[row], models[folds[row]])

    found = []
    with ThreadPoolExecutor(usable_cores(), thread_name_prefix="marks") as pool:
        for discs in pool.map(moved, rows.tolist()):
            found.append(discs)
            progress(len(found), len(rows))
    return MovedMarks(rows, tuple(found))


def with_click_limit(reference: CohortReference, moved: MovedMarks) -> CohortReference:
    """Add the cohort's limit to what is kept of it; none where no mark could be moved."""
    discs = [limit_disc(each) for each in moved.discs]
    sds = [disc.probability.sd for disc in discs if disc is not None]
    return replace(reference, click=fit_click_limit(sds, LIMIT_RADIUS_MM)) if sds else reference


def _moved(case: Case, model: Model) -> tuple[DiscRobustness, ...]:
    mammogram = read_image(case, model.policy)
    contour = contour_of(case, mammogram)
    diameter_mm = case.diameter_mm
    assessment = assess(model, mammogram, case.center, contour=contour, diameter_mm=diameter_mm)
    return click_robustness(model, mammogram, assessment, contour=contour, diameter_mm=diameter_mm)
