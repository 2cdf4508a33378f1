"""Writing a bundle, so that a half-written one can never be loaded."""

import errno
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

from cadx.bundle.classifiers import classifier_files
from cadx.bundle.cohort_files import cohort_files
from cadx.bundle.estimators import Estimators, estimator_files
from cadx.bundle.files import BACKBONE, MANIFEST, MODEL_CARD, file_digest
from cadx.bundle.known_cases_file import known_cases_files
from cadx.bundle.libraries import library_versions
from cadx.bundle.manifest import (
    FORMAT,
    BundleManifest,
    CohortDigests,
    CohortFacts,
    EvaluationFigures,
    MethodFacts,
    backbone_facts,
)
from cadx.bundle.reference import reference_files
from cadx.cnn import Backbone
from cadx.explain import CohortReference, KnownCases
from cadx.lesion import FEATURES, SegmentationMethod
from cadx.mammogram import ReadingPolicy
from cadx.model import Classifiers, Model


def write_bundle(
    folder: Path,
    *,
    version_label: str,
    created: str,
    intended_use: str,
    notices: tuple[str, ...],
    backbone: Backbone,
    policy: ReadingPolicy,
    segmentation_method: SegmentationMethod,
    classifiers: Classifiers,
    method: MethodFacts | None = None,
    cohort: CohortFacts,
    evaluation: EvaluationFigures,
    model_card: str,
    cohort_digests: CohortDigests | None = None,
    estimators: Estimators | None = None,
    reference: CohortReference | None = None,
    known_cases: KnownCases | None = None,
    replace: bool = False,
) -> BundleManifest:
    """Write a bundle atomically; the folder's name is the model's name.

    The model assesses its reference image, and the bundle keeps what it says. `estimators` are what `classifiers` were
    frozen from, for people; none: the bundle has no joblib files. `reference` and `known_cases` are optional: a bundle
    without them answers all but what needs them.

    With `replace`, an older bundle at the same place is moved aside, replaced, then deleted: a reader finds the old
    one, for a moment none, or the new one, never a mixture. The caller answers for it that the folder holds no more.

    Raises
    ------
    FileExistsError
        When something lies there that is not an empty folder, and `replace` is false.
    """
    if not replace:
        _check_free(folder)
    method = method or MethodFacts()
    model = Model(
        backbone=backbone,
        classifiers=classifiers,
        policy=policy,
        segmentation_method=segmentation_method,
        marks=method.lesion_marks,
    )
    contents = {
        **classifier_files(classifiers),
        **reference_files(folder.name, model),
        **(estimator_files(estimators) if estimators else {}),
        **(cohort_files(reference) if reference else {}),
        **(known_cases_files(known_cases) if known_cases else {}),
        BACKBONE: backbone.export(),
        MODEL_CARD: model_card.encode(),
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        draft = Path(scratch) / "bundle"
        draft.mkdir()
        for name, content in contents.items():
            (draft / name).write_bytes(content)
        manifest = BundleManifest(
            format=FORMAT,
            name=folder.name,
            version=version_label,
            created=created,
            intended_use=intended_use,
            notices=notices,
            backbone=backbone_facts(backbone),
            reading_policy=asdict(policy),
            segmentation_method=segmentation_method.value,
            feature_names=tuple(feature.name for feature in FEATURES),
            method=method,
            cohort=cohort,
            evaluation=evaluation,
            cohort_digests=cohort_digests,
            libraries=library_versions(),
            files={path.name: file_digest(path) for path in sorted(draft.iterdir())},
        )
        (draft / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        _sync(draft)
        if not replace:
            _check_free(folder)
        if folder.exists():
            folder.replace(Path(scratch) / "replaced")
        draft.replace(folder)
    return manifest


def _check_free(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise FileExistsError(errno.EEXIST, "something lies where the bundle is to be written", str(folder))


def _sync(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
