"""Who and what was studied: the cohort table."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.analysis.scored import Scored
from training.analysis.subgroups import NO_VIEW, diameters_mm
from training.cohort.marks import Outline

SIZE_BIN_MM = 2.5


@dataclass(frozen=True, slots=True)
class SizeSummary:
    """Effective diameters in mm over lesions (means over a lesion's views), as segmented."""

    mean: float
    sd: float | None
    smallest: float
    median: float
    largest: float


@dataclass(frozen=True, slots=True)
class ClassSummary:
    """The lesions of one pathology.

    Attributes
    ----------
    histogram
        Lesions in each `SIZE_BIN_MM` of diameter from 0 up.
    """

    lesions: int
    rois: int
    diameter_mm: SizeSummary
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CohortTable:
    """Counts and sizes of the cohort.

    Attributes
    ----------
    patients
        None where not every case names its patient.
    outlines
        ROIs by where their outline comes from.
    """

    lesions: int
    rois: int
    patients: int | None
    benign: ClassSummary
    malignant: ClassSummary
    rois_per_lesion_mean: float
    rois_per_lesion_range: tuple[int, int]
    views: dict[str, int]
    outlines: dict[str, int]
    size_bin_mm: float = SIZE_BIN_MM


def cohort_table(scored: Scored) -> CohortTable:
    """Count and measure the cohort."""
    per_lesion = np.bincount(scored.lesions)
    patients = {case.patient_id for case in scored.cases}
    return CohortTable(
        lesions=len(per_lesion),
        rois=len(scored.labels),
        patients=None if None in patients else len(patients),
        benign=_class_summary(scored, ~scored.labels),
        malignant=_class_summary(scored, scored.labels),
        rois_per_lesion_mean=float(per_lesion.mean()),
        rois_per_lesion_range=(int(per_lesion.min()), int(per_lesion.max())),
        views=dict(sorted(Counter(case.view or NO_VIEW for case in scored.cases).items())),
        outlines=count_outlines(scored),
    )


def count_outlines(scored: Scored) -> dict[str, int]:
    """Count the ROIs whose outline is automatic, steered by a reader's diameter, and a reader's; none are left out."""
    counted = Counter(case.outline for case in scored.cases)
    return {outline.value: counted[outline] for outline in Outline if counted[outline]}


def _class_summary(scored: Scored, rows: NDArray[np.bool_]) -> ClassSummary:
    number = np.unique(scored.lesions[rows], return_inverse=True)[1]
    sizes = np.bincount(number, weights=diameters_mm(scored)[rows]) / np.bincount(number)
    bins = np.bincount((sizes / SIZE_BIN_MM).astype(np.intp))
    return ClassSummary(
        lesions=len(sizes),
        rois=int(rows.sum()),
        diameter_mm=SizeSummary(
            mean=float(sizes.mean()),
            sd=float(sizes.std(ddof=1)) if len(sizes) > 1 else None,
            smallest=float(sizes.min()),
            median=float(np.median(sizes)),
            largest=float(sizes.max()),
        ),
        histogram=tuple(int(count) for count in bins),
    )
