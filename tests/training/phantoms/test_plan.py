import numpy as np
import pytest

from training.cohort.cases import Label
from training.phantoms import plan_cohort, plan_paper_cohort
from training.phantoms.plan import DIAMETERS_MM


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_paper_cohort_has_the_counts_of_the_paper(seed: int) -> None:
    plan = plan_paper_cohort(seed)
    views = [lesion.n_views for lesion in plan]
    assert len(plan) == 219
    assert sum(views) == 607
    assert sum(lesion.n_views for lesion in plan if lesion.label is Label.BENIGN) == 261
    assert sum(lesion.n_views for lesion in plan if lesion.label is Label.MALIGNANT) == 346
    assert min(views) == 1
    assert max(views) == 13
    assert np.mean([count in (2, 3) for count in views]) > 0.6


@pytest.mark.parametrize("label", list(Label))
def test_paper_cohort_has_the_sizes_of_the_paper(label: Label) -> None:
    mean, sd, smallest, largest = DIAMETERS_MM[label]
    diameters = np.array([lesion.diameter_mm for lesion in plan_paper_cohort(0) if lesion.label is label])
    assert diameters.mean() == pytest.approx(mean, rel=0.03)
    assert diameters.std() == pytest.approx(sd, rel=0.08)
    assert diameters.min() >= smallest
    assert diameters.max() <= largest


def test_demonstration_cohort_is_balanced_with_several_views_a_lesion() -> None:
    plan = plan_cohort(60, seed=0)
    assert sum(lesion.label is Label.MALIGNANT for lesion in plan) == 30
    assert {lesion.n_views for lesion in plan} == {2, 3}
    assert len({lesion.lesion_id for lesion in plan}) == 60
    assert len({lesion.seed for lesion in plan}) == 60


def test_some_patients_have_two_lesions() -> None:
    patients = [lesion.patient_id for lesion in plan_cohort(60, seed=0)]
    assert len(set(patients)) == 54


def test_seeds_give_different_lesions_and_the_same_seed_the_same() -> None:
    assert plan_cohort(10, 1) == plan_cohort(10, 1)
    assert not {lesion.seed for lesion in plan_cohort(10, 1)} & {lesion.seed for lesion in plan_cohort(10, 2)}


def test_one_lesion_is_a_cohort_too() -> None:
    assert len(plan_cohort(1, 0)) == 1
