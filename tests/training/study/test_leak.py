"""Random labels must not be told, whatever names one picture stands under; the negative control must see a leak."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin
from rich.console import Console

from cadx.bundle import backbone_facts
from cadx.classify import PolynomialGrid, PolynomialSvm
from cadx.records import LesionCenter
from tests.training.study.conftest import STUDY_SETTINGS
from training.cohort.cases import Case, Label, read_manifest, write_manifest
from training.cohort.grouping import group_cases
from training.cross_validation import nested_cross_validation
from training.errors import RowsContradict, RowsRepeated
from training.features.store import FeatureStore
from training.fitting.bundle_facts import cohort_facts
from training.fitting.fit import Fit, fit_models
from training.fitting.model_card import model_card
from training.report.files import plain
from training.report.sections.cohort import cohort_section
from training.study.negative_control import shuffle_labels
from training.study.run import run_study, study_of
from training.summary import print_study

APART_PX = 30
LEAKS, BLIND = 0.8, 0.7
"""AUC that a split picture gives at least, and that random labels of 30 lesions give at most here."""


def exported_again(case: Case, folder: Path) -> Case:
    """The same stored values in another file: another header, another compression, another patient."""
    path = folder / f"again-{case.image.name}"
    header = PngImagePlugin.PngInfo()
    header.add_text("Comment", "exported again")
    with Image.open(case.image) as image:
        image.save(path, pnginfo=header, compress_level=1)
    assert path.read_bytes() != case.image.read_bytes()
    return replace(case, image=path, lesion_id=f"again {case.lesion_id}", patient_id=f"again {case.patient_id}")


def under_another_lesion(case: Case, folder: Path) -> Case:
    return replace(case, lesion_id=f"again {case.lesion_id}", patient_id=None)


@dataclass(frozen=True, slots=True)
class Leaky:
    """30 pictures, each under two names with marks 3 mm apart; a random label each."""

    cases: tuple[Case, ...]
    fit: Fit


@pytest.fixture(scope="module", params=[exported_again, under_another_lesion])
def leaky(
    request: pytest.FixtureRequest, study_manifest: Path, store: FeatureStore, tmp_path_factory: pytest.TempPathFactory
) -> Leaky:
    again: Callable[[Case, Path], Case] = request.param
    folder = tmp_path_factory.mktemp("again")
    labels = np.random.default_rng(6).permutation(np.arange(30) % 2)
    cases = []
    for case, label in zip(read_manifest(study_manifest), labels, strict=True):
        first = replace(case, label=Label(int(label)))
        if request.param is under_another_lesion:
            first = replace(first, patient_id=None)
        second = again(first, folder)
        moved = LesionCenter(second.center.x + APART_PX, second.center.y)
        cases += [first, replace(second, center=moved)]
    return Leaky(tuple(cases), fit_models(cases, STUDY_SETTINGS, store=store))


def auc_by_names_alone(fit: Fit, cases: tuple[Case, ...]) -> float:
    """The best branch's AUC if folds knew names alone."""
    estimator = PolynomialSvm(PolynomialGrid(a=(1.0,), c=(1.0,), d=(2,), C=(100.0,)), inner_folds=3, seed=4)
    blocks: dict[str, NDArray[np.floating]] = {"cnn": fit.tables.cnn, "lesion": fit.tables.lesion}
    labels = [case.label for case in cases]
    found = nested_cross_validation(blocks, labels, group_cases(cases).numbers, estimator, n_folds=3, seed=4)
    return max(branch.mean_auc for branch in found.branches.values())


def test_one_picture_under_two_names_is_in_one_fold_and_random_labels_are_not_told(leaky: Leaky) -> None:
    assert auc_by_names_alone(leaky.fit, leaky.cases) > LEAKS
    scored = leaky.fit.scored
    assert scored.folds is not None
    assert np.array_equal(scored.folds[::2], scored.folds[1::2])
    assert len(np.unique(scored.groups)) == 30
    for performance in leaky.fit.analysis.performances:
        assert performance.auc.auc < BLIND, performance.name


def test_the_negative_control_sees_folds_that_know_names_alone(leaky: Leaky) -> None:
    tables = leaky.fit.tables
    dealt = shuffle_labels(tables.cases, tables.pictures, 5)
    assert auc_by_names_alone(leaky.fit, dealt) > LEAKS


def test_what_was_joined_is_told(leaky: Leaky, study_manifest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = cohort_facts(leaky.fit.analysis, "phantoms", synthetic=True)
    study = study_of(leaky.fit, study_manifest, "leaky", (), False)
    joined = plain(study)["analysis"]["joined"]
    assert len(joined) == 30
    assert joined[0]["lesions"] == ["S00", "again S00"]
    assert study.analysis.grouped_by.endswith("and picture")
    print_study(Console(width=1000), study, None, None)
    report = str(cohort_section(study).blocks)
    card = model_card("leaky", "2026", backbone_facts(leaky.fit.backbone), facts, study.analysis, "rgi")
    for text in (capsys.readouterr().out, report, card):
        assert "60 lesions are held together in 30 groups" in text
        assert "and 25 more" in text
        assert "SECRET" not in text


def test_rows_that_mark_one_place_twice_stop_the_study(
    study_manifest: Path, store: FeatureStore, tmp_path: Path
) -> None:
    cases = read_manifest(study_manifest)
    again = exported_again(cases[0], tmp_path)
    manifest = tmp_path / "cases.csv"
    for label, refusal in ((cases[0].label, RowsRepeated), (Label(1 - cases[0].label), RowsContradict)):
        write_manifest(manifest, [*cases, replace(again, label=label)])
        for negative_control in (False, True):
            with pytest.raises(refusal, match=r"line 2: .*S00.* and line 32: again-"):
                run_study(
                    manifest,
                    tmp_path / "study",
                    STUDY_SETTINGS,
                    Console(quiet=True),
                    store=store,
                    negative_control=negative_control,
                )
