"""A study's facts: the analysis with everything that says where it comes from."""

import hashlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cadx.digests import file_sha256
from training.analysis.analysis import Analysis
from training.analysis.trust import Trust
from training.features.extraction import FeatureTables
from training.layers.figures import LayerFigures

FORMAT = 1
LIBRARIES = ("mammo-cadx", "matplotlib", "numpy", "onnxruntime", "scikit-image", "scikit-learn", "scipy", "torch")


class StudyKind(StrEnum):
    """How the probabilities were made."""

    CROSS_VALIDATION = "nested cross validation"
    NEGATIVE_CONTROL = "nested cross validation with permuted labels (negative control)"
    EXTERNAL_TEST = "external test set through a frozen bundle"


@dataclass(frozen=True, slots=True)
class BranchTimes:
    """Seconds of wall time: of making a branch's features as it was done first, and of its folds."""

    features_s: float
    cross_validation_s: float

    @property
    def total_s(self) -> float:
        """Both, as in the paper's Table 1."""
        return self.features_s + self.cross_validation_s


@dataclass(frozen=True, slots=True)
class Reference:
    """AUC that cross validation gave a bundle when it was fitted; limits are none where the bundle does not say."""

    auc: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where the numbers come from.

    Attributes
    ----------
    settings
        Every choice of the study, by name.
    manifest_sha256
        Of the manifest's bytes.
    cnn_features_sha256, lesion_features_sha256
        Of the feature tables that the classifiers saw.
    bundle
        Name and digest of the frozen bundle of an external test; none for a cross validation.
    """

    created: str
    manifest: str
    manifest_sha256: str
    settings: Mapping[str, Any]
    backbone: Mapping[str, Any]
    cnn_features_sha256: str
    lesion_features_sha256: str
    bundle: Mapping[str, str] | None
    python: str
    platform: str
    cores: int
    libraries: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A case that could not be used, and why."""

    lesion_id: str
    reason_code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Study:
    """All that ``study.json`` holds and the report shows.

    Attributes
    ----------
    notices
        What must stand beside every number.
    times
        By branch; none for an external test.
    reference
        By classifier, what cross validation said of the bundle; none but for an external test.
    layers
        The layer comparison (the paper's Fig. 3), where one was run.
    trust
        What the cohort says of explanations, doubt and similar cases; none for an external test.
    """

    title: str
    kind: StudyKind
    notices: tuple[str, ...]
    analysis: Analysis
    times: Mapping[str, BranchTimes] | None
    reference: Mapping[str, Reference] | None
    layers: tuple[LayerFigures, ...]
    skipped: tuple[Skipped, ...]
    provenance: Provenance
    trust: Trust | None = None
    format: int = FORMAT


def provenance(
    manifest: Path,
    settings: Mapping[str, Any],
    backbone: Mapping[str, Any],
    tables: FeatureTables,
    bundle: Mapping[str, str] | None = None,
) -> Provenance:
    """Say where the numbers of a study come from."""
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        manifest=manifest.name,
        manifest_sha256=file_sha256(manifest),
        settings=settings,
        backbone=backbone,
        cnn_features_sha256=array_sha256(tables.cnn),
        lesion_features_sha256=array_sha256(tables.lesion),
        bundle=bundle,
        **environment(),
    )


def skipped(tables: FeatureTables) -> tuple[Skipped, ...]:
    """List the cases that were left out; never by file, whose name may hold a patient's."""
    return tuple(Skipped(case.lesion_id, case.reason_code, case.reason) for case in tables.skipped)


def environment() -> dict[str, Any]:
    """Name the interpreter, the machine's kind and the libraries that numbers depend on."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count() or 1,
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def array_sha256(table: NDArray[np.floating]) -> str:
    """Digest an array: its type, its shape and its bytes in C order."""
    content = np.ascontiguousarray(table)
    head = f"{content.dtype.str}{content.shape}".encode()
    return hashlib.sha256(head + content.tobytes()).hexdigest()
