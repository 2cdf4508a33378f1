"""Writing a bundle, so that a half-written one can never be loaded."""

import os
import tempfile
from dataclasses import asdict
from pathlib import Path

import joblib

from cadx.bundle.files import BACKBONE, CNN_SVM, ENSEMBLE, HANDCRAFTED_SVM, MANIFEST, MODEL_CARD, file_digest
from cadx.bundle.libraries import library_versions
from cadx.bundle.manifest import (
    FORMAT,
    BundleManifest,
    CohortDigests,
    CohortFacts,
    EvaluationFigures,
    backbone_facts,
)
from cadx.bundle.models import Classifiers
from cadx.cnn import Backbone
from cadx.lesion import FEATURES, SegmentationMethod
from cadx.mammogram import ReadingPolicy


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
    cohort: CohortFacts,
    evaluation: EvaluationFigures,
    model_card: str,
    cohort_digests: CohortDigests | None = None,
) -> BundleManifest:
    """Write a bundle atomically; the folder's name is the model's name.

    An older bundle at the same place is moved aside, replaced, then deleted: a reader finds the old one, for a moment
    none, or the new one, never a mixture.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as scratch:
        draft = Path(scratch) / "bundle"
        draft.mkdir()
        joblib.dump(classifiers.cnn, draft / CNN_SVM)
        joblib.dump(classifiers.lesion, draft / HANDCRAFTED_SVM)
        joblib.dump(classifiers.ensemble, draft / ENSEMBLE)
        (draft / BACKBONE).write_bytes(backbone.export())
        (draft / MODEL_CARD).write_text(model_card, encoding="utf-8")
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
            cohort=cohort,
            evaluation=evaluation,
            cohort_digests=cohort_digests,
            libraries=library_versions(),
            files={path.name: file_digest(path) for path in sorted(draft.iterdir())},
        )
        (draft / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        _sync(draft)
        if folder.exists():
            folder.replace(Path(scratch) / "replaced")
        draft.replace(folder)
    return manifest


def _sync(folder: Path) -> None:
    for path in [*folder.iterdir(), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
