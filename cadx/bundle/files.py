"""The files of a bundle, by name, and their digests."""

import hashlib
from pathlib import Path

from cadx.bundle.manifest import FileDigest

MANIFEST = "bundle.json"
MODEL_CARD = "MODEL_CARD.md"
CNN_SVM = "cnn_svm.joblib"
HANDCRAFTED_SVM = "handcrafted_svm.joblib"
ENSEMBLE = "ensemble.joblib"
BACKBONE = "backbone.onnx"


def file_digest(path: Path) -> FileDigest:
    """Return digest and size of a file, read in pieces."""
    with path.open("rb") as file:
        return FileDigest(sha256=hashlib.file_digest(file, "sha256").hexdigest(), size_bytes=path.stat().st_size)
