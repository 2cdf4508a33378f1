"""The one path from a mammogram and a center to a probability, used by serving, batch work and tests alike."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cadx.artifacts import artifact_flags
from cadx.branches import CNN, LESION, UNINFORMATIVE
from cadx.flags import Flag, FlagCode
from cadx.lesion import (
    FEATURES,
    FeatureDefinition,
    LesionDescription,
    Segmentation,
    describe_lesion,
    inner_point,
    readers_contour,
)
from cadx.lesion.marks import mean_features
from cadx.model import Classifiers, Model
from cadx.records import LesionCenter, Mammogram, Points, Roi
from cadx.roi import extract_roi

Result = TypeVar("Result")

# The CNN branch, and the search for artifacts, run beside the lesion branch, in compiled code that releases the GIL.
_BESIDE = ThreadPoolExecutor(max_workers=256, thread_name_prefix="cadx-beside")


@dataclass(frozen=True, slots=True)
class FeatureValue:
    """One lesion feature of one lesion."""

    definition: FeatureDefinition
    value: float


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the product says of one lesion on one view.

    Attributes
    ----------
    probability
        Method C: the soft vote of the two branches, 0 to 1.
    cnn_probability
        Method A.
    lesion_probability
        Method B.
    calibrated_probability
        Of method C: the average, brought to the share of malignant lesions that stood behind it in the cohort.
    features
        The lesion features of `contour`.
    contour
        (n, 2) array of x, y in pixels of the source image: the segmented outline.
    roi
        What was cropped.
    segmentation
        How the outline was found.
    flags
        Everything doubtful, from the file, the region, the segmentation and the model.
    timings_ms
        Wall time of each step.
    lesion_features
        (39,) what Method B saw, in the order of `FEATURES`: the values of `features`, or for a model of several marks
        their means over its outlines.
    cnn_features
        (columns,) what Method A saw; empty where it was not kept.
    """

    probability: float
    cnn_probability: float
    lesion_probability: float
    calibrated_probability: float
    features: tuple[FeatureValue, ...]
    contour: Points
    roi: Roi
    segmentation: Segmentation
    flags: tuple[Flag, ...]
    timings_ms: Mapping[str, float]
    lesion_features: NDArray[np.float64] = field(repr=False)
    cnn_features: NDArray[np.float32] = field(default_factory=lambda: np.empty(0, dtype=np.float32), repr=False)


def assess(
    model: Model,
    mammogram: Mammogram,
    center: LesionCenter | None,
    *,
    contour: ArrayLike | None = None,
    diameter_mm: float | None = None,
) -> Assessment:
    """Assess one lesion (Huynh 2016, Fig. 1).

    Parameters
    ----------
    model
        A `Bundle`, most often.
    mammogram
        The image, read with the model's own reading policy.
    center
        The lesion's center in pixels of the stored image; None for a point inside `contour`.
    contour
        A reader's outline, (n, 2): x, y in pixels of the stored image. It takes the place of the segmentation.
    diameter_mm
        The lesion's diameter as a reader measured it: it steers the segmentation, where there is no `contour`.

    Returns
    -------
    Assessment
        Bit-identical whenever it is asked again.

    Raises
    ------
    CenterError
        When the center cannot be used.
    LesionError
        When the lesion cannot be described, or a reader's outline or diameter cannot be used.
    ValueError
        When there is neither center nor contour.
    """
    outline = None if contour is None else readers_contour(contour, mammogram.rows, mammogram.columns)
    mark = _mark(center, outline)
    roi, roi_ms = _timed(lambda: extract_roi(mammogram, mark))
    beside = _BESIDE.submit(
        lambda: (_timed(lambda: _cnn_branch(model, roi)), _timed(lambda: artifact_flags(roi.gray, roi.tissue)))
    )
    (lesion, seen), lesion_ms = _timed(lambda: lesion_branch(model, mammogram, roi, outline, diameter_mm))
    lesion_probability = _malignant(model.classifiers.lesion.predict_proba(seen[None, :]))
    ((cnn_features, cnn_probability), cnn_ms), (found_flags, artifacts_ms) = beside.result()
    vote = model.classifiers.ensemble
    probability = vote(cnn_probability, lesion_probability)
    return Assessment(
        probability=probability,
        cnn_probability=cnn_probability,
        lesion_probability=lesion_probability,
        calibrated_probability=float(vote.calibrated(probability)),
        features=tuple(
            FeatureValue(definition, float(value)) for definition, value in zip(FEATURES, lesion.features, strict=True)
        ),
        contour=roi.to_image(lesion.contour),
        roi=roi,
        segmentation=lesion.segmentation,
        flags=(
            *mammogram.flags,
            *roi.flags,
            *found_flags,
            *lesion.segmentation.flags,
            *model_flags(model.classifiers),
            *_cohort_flags(
                model,
                {CNN: cnn_probability, LESION: lesion_probability},
                {CNN: cnn_features, LESION: seen},
            ),
        ),
        timings_ms={"roi": roi_ms, "cnn_branch": cnn_ms, "lesion_branch": lesion_ms, "artifacts": artifacts_ms},
        lesion_features=seen,
        cnn_features=cnn_features,
    )


def _mark(center: LesionCenter | None, outline: Points | None) -> LesionCenter:
    if center is not None:
        return center
    if outline is None:
        raise ValueError("a lesion needs a center or a contour")
    return inner_point(outline)


def model_flags(classifiers: Classifiers) -> tuple[Flag, ...]:
    """Tell which of a model's probabilities say nothing of the lesion."""
    return tuple(
        Flag(FlagCode.BRANCH_UNINFORMATIVE, UNINFORMATIVE[branch], {"branch": branch})
        for branch in classifiers.uninformative
    )


def _cohort_flags(
    model: Model, probabilities: Mapping[str, float], features: Mapping[str, NDArray[np.floating]]
) -> tuple[Flag, ...]:
    return () if model.reference is None else model.reference.flags(probabilities, features)


def lesion_branch(
    model: Model, mammogram: Mammogram, roi: Roi, contour: Points | None, diameter_mm: float | None
) -> tuple[LesionDescription, NDArray[np.float64]]:
    """Give the lesion in the middle of a ROI as it is shown, and the features that Method B sees.

    Raises
    ------
    LesionError
        When the lesion cannot be described.
    """
    method = model.segmentation_method
    lesion = describe_lesion(roi, method, contour, diameter_mm)
    return lesion, mean_features(
        mammogram, roi.mark, lesion.features, method, model.marks, contour=contour, diameter_mm=diameter_mm
    )


def _cnn_branch(model: Model, roi: Roi) -> tuple[NDArray[np.float32], float]:
    features = model.backbone.features(roi.gray[None])
    return features[0], _malignant(model.classifiers.cnn.predict_proba(features))


def _malignant(probabilities: NDArray[np.float64]) -> float:
    return float(probabilities[0, 1])


def _timed(step: Callable[[], Result]) -> tuple[Result, float]:
    started = time.perf_counter()
    result = step()
    return result, 1000 * (time.perf_counter() - started)
