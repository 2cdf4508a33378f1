"""The files of a bundle, by name, and their digests."""

from pathlib import Path

from cadx.bundle.manifest import FileDigest
from cadx.digests import file_sha256

MANIFEST = "bundle.json"
MODEL_CARD = "MODEL_CARD.md"
CLASSIFIER_FACTS = "classifiers.json"
CLASSIFIER_ARRAYS = "classifiers.npz"
REFERENCE_FACTS = "reference.json"
REFERENCE_IMAGE = "reference.png"
BACKBONE = "backbone.onnx"
SERVED = (BACKBONE, CLASSIFIER_FACTS, CLASSIFIER_ARRAYS, REFERENCE_FACTS, REFERENCE_IMAGE)
"""What a service needs of a bundle beside its manifest."""
COHORT_FACTS = "cohort.json"
COHORT_ARRAYS = "cohort.npz"
KNOWN_CASES = "known_cases.npz"
OPTIONAL = (COHORT_FACTS, COHORT_ARRAYS, KNOWN_CASES)
"""What a service opens where it is there: bundles that were written earlier have none of it."""
CNN_SVM = "cnn_svm.joblib"
HANDCRAFTED_SVM = "handcrafted_svm.joblib"
ENSEMBLE = "ensemble.joblib"
ESTIMATORS = (CNN_SVM, HANDCRAFTED_SVM, ENSEMBLE)
"""Pickles, for people who work in scikit-learn; no service opens them."""


def file_digest(path: Path) -> FileDigest:
    """Return digest and size of a file, read in pieces."""
    return FileDigest(sha256=file_sha256(path), size_bytes=path.stat().st_size)
