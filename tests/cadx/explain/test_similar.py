"""Known cases: the nearest lesions, and the space they are found in."""

import numpy as np
import pytest

from cadx.branches import CNN, LESION
from cadx.classify import grouped_folds
from cadx.explain import Cohort, KnownCases, known_cases, similar_cases
from cadx.explain.known_cases import base_rate, fit_space, space_agreement
from cadx.explain.novelty import fit_whitening
from cadx.explain.similar import NEAREST, nearest_lesions


def cohort(seed: int = 0, told: float = 3.0) -> Cohort:
    """120 lesions with two views each; the lesion features tell the outcome, those of the CNN do not."""
    rng = np.random.default_rng(seed)
    lesions = np.repeat(np.arange(120), 2)
    malignant = lesions % 2 == 1
    lesion: np.ndarray = rng.normal(size=(120, 6))[lesions] + 0.1 * rng.normal(size=(240, 6))
    lesion[:, 0] += told * malignant
    folds = grouped_folds(malignant, lesions, 5, 0)
    return Cohort({CNN: rng.normal(size=(240, 9)), LESION: lesion}, malignant, lesions, lesions, folds)


@pytest.fixture(scope="module")
def known() -> KnownCases:
    return known_cases(cohort())


def test_the_space_that_tells_the_outcome_is_chosen(known: KnownCases) -> None:
    assert known.space.name.startswith("lesion features, ")
    assert known.agreement > known.base_rate + 0.05
    assert known.base_rate == pytest.approx(0.5, abs=0.01)


def test_no_agreement_is_found_where_there_is_none() -> None:
    """Weights are learnt from outcomes: those of the row's own patient must not be among them."""
    values = [known_cases(cohort(seed, told=0)) for seed in range(4)]
    assert np.mean([found.agreement - found.base_rate for found in values]) < 0.04


def test_a_known_lesion_finds_itself_first_and_lesions_once(known: KnownCases) -> None:
    cases = cohort()
    found = similar_cases(known, cases.features[CNN][7], cases.features[LESION][7])
    assert found.cases[0].row == 7
    assert found.cases[0].distance == pytest.approx(0, abs=1e-9)
    assert len(found.cases) == NEAREST == found.benign + found.malignant
    lesions = [int(known.lesions[case.row]) for case in found.cases]
    assert len(set(lesions)) == NEAREST
    distances = [case.distance for case in found.cases]
    assert distances == sorted(distances)
    assert not found.atypical


def test_a_case_far_from_everything_is_atypical(known: KnownCases) -> None:
    cases = cohort()
    found = similar_cases(known, cases.features[CNN][7], cases.features[LESION][7] + 40)
    assert found.atypical
    assert found.benign + found.malignant == NEAREST


def test_the_own_patient_is_left_out() -> None:
    cases = cohort()
    fitted = {branch: fit_whitening(cases.features[branch]) for branch in (CNN, LESION)}
    found = space_agreement(cases, fitted, "lesion features", "as spread")
    space = fit_space(cases, fitted, "lesion features", "as spread", np.arange(240))
    coordinates = space.coordinates(cases.features[CNN], cases.features[LESION])
    partner = np.sqrt(((coordinates[0] - coordinates[1]) ** 2).sum())
    assert found.nearest[0] > partner
    assert base_rate(cases) < 0.5  # one lesion less of one's own kind


def test_fewer_lesions_than_asked_for_are_all_given() -> None:
    assert nearest_lesions(np.array([3.0, 1.0, 2.0]), np.array([0, 0, 1])) == [1, 2]
