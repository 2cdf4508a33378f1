"""Which phantoms a cohort consists of: pathology, size, patient and number of views of every lesion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from training.cohort.cases import Label

# Huynh 2016, section 2.1: mean, SD, smallest and largest diameter in mm.
DIAMETERS_MM = {Label.BENIGN: (10.9, 5.2, 3.2, 31.7), Label.MALIGNANT: (14.0, 5.6, 2.8, 32.1)}
# Huynh 2016, section 2.1: 219 lesions with 261 benign and 346 malignant ROIs, 1 to 13 a lesion, most with 2 or 3. The
# paper does not tell the lesions of each pathology; they are split here as the ROIs are.
PAPER_LESIONS = {Label.BENIGN: 94, Label.MALIGNANT: 125}
PAPER_ROIS = {Label.BENIGN: 261, Label.MALIGNANT: 346}
PAPER_MOST_VIEWS = 13
# Every tenth lesion is a second one of the patient before it, so that grouping by patient differs from grouping by
# lesion.
LESIONS_BEFORE_SHARED_PATIENT = 10


@dataclass(frozen=True, slots=True)
class PlannedLesion:
    """One lesion to be made.

    Attributes
    ----------
    lesion_id, patient_id
        Made-up identifiers.
    label
        Pathology.
    diameter_mm
        Size of the mass.
    n_views
        How many mammograms show it.
    seed
        Words of entropy from which everything random about the lesion is drawn.
    """

    lesion_id: str
    patient_id: str
    label: Label
    diameter_mm: float
    n_views: int
    seed: tuple[int, ...]


def plan_cohort(n_lesions: int, seed: int) -> tuple[PlannedLesion, ...]:
    """Plan a cohort for demonstrations: half of it malignant, two or three views a lesion.

    Parameters
    ----------
    n_lesions
        Number of lesions, at least 1.
    seed
        Two cohorts of different seeds share nothing.
    """
    rng = np.random.default_rng([seed, 0])
    labels = [Label(int(index) % 2) for index in rng.permutation(n_lesions)]
    views = rng.choice([2, 3], n_lesions, p=[0.7, 0.3])
    return _planned(rng, labels, views.tolist(), seed)


def plan_paper_cohort(seed: int) -> tuple[PlannedLesion, ...]:
    """Plan a cohort of the shape of Huynh 2016: 219 lesions, 607 ROIs, 261 of them benign and 346 malignant.

    Parameters
    ----------
    seed
        Two cohorts of different seeds share nothing but their counts.
    """
    rng = np.random.default_rng([seed, 0])
    pairs = [
        (label, n_views)
        for label, lesions in PAPER_LESIONS.items()
        for n_views in _views_of_paper(rng, lesions, PAPER_ROIS[label])
    ]
    shuffled = [pairs[index] for index in rng.permutation(len(pairs))]
    return _planned(rng, [label for label, _ in shuffled], [n_views for _, n_views in shuffled], seed)


def _views_of_paper(rng: np.random.Generator, lesions: int, rois: int) -> list[int]:
    """Views of each lesion, 1 to 13, mostly 2 or 3, that add up to the number of ROIs."""
    shares = np.array([0.12, 0.42, 0.30, 0.06, 0.04, 0.02, 0.01, 0.01, 0.005, 0.005, 0.005, 0.0025, 0.0025])
    counts = rng.choice(np.arange(1, PAPER_MOST_VIEWS + 1), lesions, p=shares / shares.sum())
    counts[0] = PAPER_MOST_VIEWS
    while counts.sum() != rois:
        step = 1 if counts.sum() < rois else -1
        lesion = int(rng.integers(1, lesions))
        if 2 <= counts[lesion] + step <= PAPER_MOST_VIEWS - 1:
            counts[lesion] += step
    return [int(count) for count in counts]


def _planned(rng: np.random.Generator, labels: list[Label], views: list[int], seed: int) -> tuple[PlannedLesion, ...]:
    diameters = np.empty(len(labels))
    for label in Label:
        chosen = np.flatnonzero(np.array(labels) == label)
        diameters[chosen] = _diameters(rng, label, len(chosen))
    lesions = []
    patient = 0
    for index, (label, n_views) in enumerate(zip(labels, views, strict=True)):
        if (index + 1) % LESIONS_BEFORE_SHARED_PATIENT != 0:
            patient += 1
        lesions.append(
            PlannedLesion(
                lesion_id=f"L{index + 1:04d}",
                patient_id=f"PHANTOM-{patient:04d}",
                label=label,
                diameter_mm=float(diameters[index]),
                n_views=n_views,
                seed=(seed, 1, index),
            )
        )
    return tuple(lesions)


def _diameters(rng: np.random.Generator, label: Label, count: int) -> NDArray[np.float64]:
    """Evenly spread quantiles of a log-normal with the paper's mean and SD, in random order, within its range."""
    mean, sd, smallest, largest = DIAMETERS_MM[label]
    spread = np.sqrt(np.log(1 + (sd / mean) ** 2))
    quantiles = (np.arange(count) + 0.5) / max(count, 1)
    sizes = mean * np.exp(spread * ndtri(quantiles) - spread**2 / 2)
    return rng.permutation(np.clip(sizes, smallest, largest))
