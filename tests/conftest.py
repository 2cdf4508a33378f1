"""What many tests share: real data where there are any, a small phantom cohort, and a bundle fitted on it."""

import os
from pathlib import Path

import pytest

from cadx.cnn import BackboneSpec
from training.cohort.cases import Case, read_manifest
from training.fitting.fit import FitSettings, fit_models, save_fit
from training.phantoms import write_phantom_cohort, write_unseen_phantom

SMALL_BACKBONE = BackboneSpec("squeezenet1_1", "features.12.cat", "random:0", "mean")
"""A small CNN that needs no weights file: quick to build, and everything made with it says "not pretrained"."""


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of real mammograms and weights; tests that need it are skipped without it."""
    folder = os.environ.get("CADX_SHARED")
    if not folder:
        pytest.skip("CADX_SHARED is not set: no real images or weights here")
    return Path(folder)


@pytest.fixture(scope="session")
def phantom_manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Manifest of a cohort of 12 lesions in DICOM files."""
    return write_phantom_cohort(tmp_path_factory.mktemp("phantoms"), 12, seed=7)


@pytest.fixture(scope="session")
def unseen_phantom(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """One view of a lesion that is in no cohort."""
    return write_unseen_phantom(tmp_path_factory.mktemp("unseen"), seed=7)


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory, phantom_manifest: Path) -> Path:
    """A real bundle, fitted on the small cohort. Do not write into it: copy it first."""
    settings = FitSettings(backbone=SMALL_BACKBONE, folds=3, synthetic=True, source="phantoms of the tests")
    folder = tmp_path_factory.mktemp("models") / "small"
    save_fit(fit_models(read_manifest(phantom_manifest), settings), folder)
    return folder
