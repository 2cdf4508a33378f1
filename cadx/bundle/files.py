"""The files of a bundle, by name, and their digests."""

from pathlib import Path

from cadx.bundle.manifest import FileDigest
from cadx.digests import file_sha256

MANIFEST = "bundle.json"
MODEL_CARD = "MODEL_CARD.md"
CNN_SVM = "cnn_svm.joblib"
HANDCRAFTED_SVM = "handcrafted_svm.joblib"
ENSEMBLE = "ensemble.joblib"
BACKBONE = "backbone.onnx"


def file_digest(path: Path) -> FileDigest:
    """Return digest and size of a file, read in pieces."""
    return FileDigest(sha256=file_sha256(path), size_bytes=path.stat().st_size)
