"""The three classifiers in parts of the cohort: by view, by size of the lesion, by where its outline comes from."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.lesion import FEATURES
from training.analysis.scored import Scored
from training.cohort.marks import Outline
from training.stats.inference.clustered import clustered_auc
from training.stats.roc.auc import AucEstimate

SIZE_FEATURE = "effective_diameter_mm"
SIZE_LIMITS_MM = (10.0, 20.0)
FEWEST_GROUPS = 5
NO_VIEW = "not stated"
OUTLINE = "outline"


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Part of the cohort.

    Attributes
    ----------
    kind, name
        Such as ``view`` and ``MLO``; `OUTLINE` for where the outline comes from.
    aucs
        By classifier, of the pooled rows, with clustered intervals; empty where `reason` says why.
    reason
        Why there is no AUC; empty where there is.
    """

    kind: str
    name: str
    rows: int
    malignant_rows: int
    lesions: int
    aucs: dict[str, AucEstimate]
    reason: str


def subgroups(scored: Scored) -> tuple[Subgroup, ...]:
    """Describe the views, in alphabetical order, then the sizes, then the kinds of outlines where there are several."""
    return tuple(_subgroup(scored, kind, name, rows) for kind, name, rows in _parts(scored) if rows.any())


def diameters_mm(scored: Scored) -> NDArray[np.float64]:
    """Return the effective diameter of every row's segmented lesion, mm."""
    column = [feature.name for feature in FEATURES].index(SIZE_FEATURE)
    return scored.features[:, column]


def _parts(scored: Scored) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    views = np.array([case.view or NO_VIEW for case in scored.cases])
    for view in np.unique(views):
        yield "view", str(view), views == view
    size = diameters_mm(scored)
    low, high = SIZE_LIMITS_MM
    yield "size", f"under {low:g} mm", size < low
    yield "size", f"{low:g} to {high:g} mm", (size >= low) & (size < high)
    yield "size", f"{high:g} mm and over", size >= high
    outlines = np.array([case.outline.value for case in scored.cases])
    kinds = [outline.value for outline in Outline if outline.value in outlines]
    if len(kinds) > 1:
        for kind in kinds:
            yield OUTLINE, kind, outlines == kind


def _subgroup(scored: Scored, kind: str, name: str, rows: NDArray[np.bool_]) -> Subgroup:
    labels, groups = scored.labels[rows], scored.groups[rows]
    fewest = min(len(np.unique(groups[labels])), len(np.unique(groups[~labels])))
    reason = "" if fewest >= FEWEST_GROUPS else f"fewer than {FEWEST_GROUPS} benign or malignant patients or lesions"
    return Subgroup(
        kind=kind,
        name=name,
        rows=int(rows.sum()),
        malignant_rows=int(labels.sum()),
        lesions=len(np.unique(scored.lesions[rows])),
        aucs={}
        if reason
        else {name: clustered_auc(labels, p[rows], groups) for name, p in scored.probabilities.items()},
        reason=reason,
    )
