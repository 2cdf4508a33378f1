"""Scored cases made of numbers alone, and one real study of small phantoms with its negative control."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from scipy.special import expit

from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.classify import PolynomialGrid, SoftVote, grouped_folds, soft_vote
from cadx.lesion import FEATURES
from cadx.records import LesionCenter
from tests.conftest import SMALL_BACKBONE
from training.analysis.scored import Scored, scored_by_cross_validation
from training.cohort.cases import Case, Label
from training.cohort.grouping import group_cases
from training.cross_validation import BranchEvaluation, Evaluation, fold_aucs
from training.features.cache import FeatureCache
from training.features.store import FeatureStore
from training.fitting.fit import FitSettings
from training.phantoms import PhantomFormat, PlannedLesion, write_planned_cohort
from training.study.run import StudyOutcome, run_study

STUDY_SETTINGS = FitSettings(
    backbone=SMALL_BACKBONE,
    grid=PolynomialGrid(a=(1.0,), c=(1.0,), d=(1, 2), C=(1.0,)),
    folds=3,
    seed=4,
    synthetic=True,
    source="phantoms of the tests",
)


@dataclass(frozen=True, slots=True)
class MadeUp:
    """A cross validation that never was, of cases that have no images."""

    scored: Scored
    evaluation: Evaluation


MakeUp = Callable[..., MadeUp]


@pytest.fixture(scope="session")
def make_up() -> MakeUp:
    def make(signal: float, *, lesions: int = 219, seed: int = 0, folds: int = 5) -> MadeUp:
        """Both branches see `signal` standard deviations between the classes; views of a lesion are alike."""
        rng = np.random.default_rng(seed)
        malignant = rng.permutation(np.arange(lesions) % 2 == 1)
        lesion = np.repeat(np.arange(lesions), rng.integers(1, 5, lesions))
        labels = malignant[lesion]
        cases = tuple(
            Case(
                image=Path(f"view{row}.png"),
                center=LesionCenter(1, 1),
                label=Label(int(labels[row])),
                lesion_id=f"L{number:03d}",
                patient_id=f"P{number:03d}",
                view=("CC", "MLO")[row % 2],
            )
            for row, number in enumerate(lesion)
        )
        groups = group_cases(cases).numbers
        splits = tuple(grouped_folds(labels, groups, folds, seed))
        branches = {}
        for name in (CNN, LESION):
            noise = rng.normal(size=lesions)[lesion] + 0.5 * rng.normal(size=len(lesion))
            p = expit(noise + signal * (labels - 0.5))
            inner = tuple(p[split.train] for split in splits)
            branches[name] = BranchEvaluation(name, p, fold_aucs(labels, p, splits), 1.0, (), inner)
        vote = soft_vote(branches[CNN].probabilities, branches[LESION].probabilities)
        ensemble = BranchEvaluation(ENSEMBLE, vote, fold_aucs(labels, vote, splits), 2.0)
        evaluation = Evaluation(branches, ensemble, splits, labels, groups, seed, (SoftVote(),) * folds)
        features = np.abs(rng.normal(size=(len(lesion), len(FEATURES)))) * 10
        return MadeUp(scored_by_cross_validation(cases, features, evaluation), evaluation)

    return make


@pytest.fixture(scope="session")
def study_manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 phantom lesions, one view each: enough to be tested in three folds."""
    plan = [PlannedLesion(f"S{k:02d}", f"SECRET-{k:02d}", Label(k % 2), 9.0 + k % 7, 1, (77, k)) for k in range(30)]
    return write_planned_cohort(tmp_path_factory.mktemp("cohort"), plan, file_format=PhantomFormat.PNG)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    return FeatureStore(FeatureCache(tmp_path_factory.mktemp("features")))


@dataclass(frozen=True, slots=True)
class Ran:
    """A study and its folder."""

    outcome: StudyOutcome
    folder: Path


@pytest.fixture(scope="session")
def ran(study_manifest: Path, store: FeatureStore, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("studies") / "small-study"
    return Ran(run_study(study_manifest, folder, STUDY_SETTINGS, Console(quiet=True), store=store), folder)


@pytest.fixture(scope="session")
def control(study_manifest: Path, store: FeatureStore, ran: Ran, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("controls") / "control"
    outcome = run_study(study_manifest, folder, STUDY_SETTINGS, Console(quiet=True), store=store, negative_control=True)
    return Ran(outcome, folder)
