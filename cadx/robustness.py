"""How far an assessment depends on where exactly the lesion was marked."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.assessment import Assessment, lesion_branch
from cadx.errors import LesionError
from cadx.flags import Flag, FlagCode
from cadx.lesion import LesionDescription
from cadx.lesion.marks import moved_rois
from cadx.model import Model
from cadx.records import Mammogram, Mask, Points, Roi

Described = tuple[LesionDescription, NDArray[np.float64]]
"""A lesion, and what Method B sees of it."""
RADII_MM = (1.0, 2.0, 3.0)
POINTS = 12
SEED = 20160903
LIMIT_RADIUS_MM = 2.0
"""Of the disc whose spread a model's limit is of: marks no farther apart than this mark one place."""


@dataclass(frozen=True, slots=True)
class Spread:
    """What a probability did while the mark moved: lowest, highest and standard deviation, the mark's own included."""

    lowest: float
    highest: float
    sd: float


@dataclass(frozen=True, slots=True)
class DiscRobustness:
    """What came of marks moved over one disc about the mark.

    Attributes
    ----------
    radius_mm
        Of the disc.
    points
        Moved marks that were assessed.
    refused
        Moved marks that were refused: outside the image, in air, or with nothing to measure.
    probability, cnn_probability, lesion_probability
        Of the moved marks and of the mark.
    mean_overlap, least_overlap
        Dice coefficients, 0 to 1, of the moved marks' outlines with the mark's; 1 where there is no other.
    """

    radius_mm: float
    points: int
    refused: int
    probability: Spread
    cnn_probability: Spread
    lesion_probability: Spread
    mean_overlap: float
    least_overlap: float


def click_robustness(
    model: Model,
    mammogram: Mammogram,
    assessment: Assessment,
    *,
    contour: Points | None = None,
    diameter_mm: float | None = None,
    check: Callable[[], None] = lambda: None,
) -> tuple[DiscRobustness, ...]:
    """Assess a lesion again with its mark moved over discs of 1, 2 and 3 mm.

    The same 12 points of the unit disc are laid on each disc; the seed is fixed, so that the same question has the same
    answer. A reader's outline stays where it is.

    Parameters
    ----------
    model, mammogram
        As for `assess`.
    assessment
        Of the lesion at its mark.
    contour, diameter_mm
        What the reader gave, as `readers_contour` has checked it.
    check
        Called before each point; what it raises ends the work.

    Returns
    -------
    tuple
        One a disc, from the smallest.
    """

    def described(roi: Roi) -> Described | None:
        check()
        try:
            return lesion_branch(model, mammogram, roi, contour, diameter_mm)
        except LesionError:
            return None

    return tuple(_disc(model, mammogram, assessment, radius_mm, described, check) for radius_mm in RADII_MM)


def limit_disc(discs: Sequence[DiscRobustness], radius_mm: float = LIMIT_RADIUS_MM) -> DiscRobustness | None:
    """Give the disc of a radius; None where none of its marks could be assessed."""
    return next((disc for disc in discs if disc.radius_mm == radius_mm and disc.points), None)


def unstable_flags(model: Model, discs: Sequence[DiscRobustness]) -> tuple[Flag, ...]:
    """Tell whether a probability spreads more than the model's cohort lets expect; nothing for models without limit."""
    limit = None if model.reference is None else model.reference.click
    disc = None if limit is None else limit_disc(discs, limit.radius_mm)
    if limit is None or disc is None or disc.probability.sd <= limit.sd:
        return ()
    low, high = disc.probability.lowest, disc.probability.highest
    message = (
        f"With the mark moved by {limit.radius_mm:g} mm at most, the probability goes from {low:.2f} to {high:.2f}, "
        f"and spreads more than for 95 % of {limit.lesions} lesions of the cohort."
    )
    facts = {"radius_mm": limit.radius_mm, "sd": disc.probability.sd, "limit": limit.sd, "lesions": limit.lesions}
    return (Flag(FlagCode.UNSTABLE, message, facts),)


def unit_disc_points() -> NDArray[np.float64]:
    """(12, 2): x, y, uniform over the unit disc, always the same."""
    rng = np.random.default_rng(SEED)
    radius, angle = np.sqrt(rng.uniform(size=POINTS)), rng.uniform(0, 2 * np.pi, POINTS)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _disc(
    model: Model,
    mammogram: Mammogram,
    assessment: Assessment,
    radius_mm: float,
    describe: Callable[[Roi], Described | None],
    check: Callable[[], None],
) -> DiscRobustness:
    rois: list[Roi] = []
    for roi in moved_rois(mammogram, assessment.roi.mark, (radius_mm * unit_disc_points()).tolist()):
        check()
        rois.append(roi)
    cnn, lesion, overlaps = [assessment.cnn_probability], [assessment.lesion_probability], []
    if rois:
        # As in `assess`, the CNN runs beside the lesion branch.
        with ThreadPoolExecutor(1) as beside:
            seen = beside.submit(lambda: model.backbone.features(np.stack([roi.gray for roi in rois])))
            described = [describe(roi) for roi in rois]
            features = seen.result()
        found = [index for index, each in enumerate(described) if each is not None]
        lesions = [each for each in described if each is not None]
        if found:
            cnn += model.classifiers.cnn.predict_proba(features[found])[:, 1].tolist()
            rows = np.stack([seen_by_b for _, seen_by_b in lesions])
            lesion += model.classifiers.lesion.predict_proba(rows)[:, 1].tolist()
            overlaps = [
                outline_overlap(assessment.segmentation.mask, assessment.roi, each.segmentation.mask, rois[index])
                for index, (each, _) in zip(found, lesions, strict=True)
            ]
    vote = model.classifiers.ensemble
    points = len(overlaps)
    return DiscRobustness(
        radius_mm=radius_mm,
        points=points,
        refused=POINTS - points,
        probability=_spread([float(vote(a, b)) for a, b in zip(cnn, lesion, strict=True)]),
        cnn_probability=_spread(cnn),
        lesion_probability=_spread(lesion),
        mean_overlap=float(np.mean(overlaps)) if overlaps else 1.0,
        least_overlap=min(overlaps, default=1.0),
    )


def outline_overlap(mask: Mask, roi: Roi, other: Mask, other_roi: Roi) -> float:
    """Dice coefficient of two masks on ROIs of one image, the second moved by whole ROI pixels to where it belongs."""
    origin = np.array([roi.center.x - other_roi.center.x, roi.center.y - other_roi.center.y])
    columns, rows = np.rint(origin / roi.step).astype(int).tolist()
    size = mask.shape[0]
    here = mask[max(0, -rows) : size - max(0, rows), max(0, -columns) : size - max(0, columns)]
    there = other[max(0, rows) : size - max(0, -rows), max(0, columns) : size - max(0, -columns)]
    shared = int(np.count_nonzero(here & there))
    return 2 * shared / (int(np.count_nonzero(mask)) + int(np.count_nonzero(other)))


def _spread(values: Sequence[float]) -> Spread:
    return Spread(min(values), max(values), float(np.std(values)))
