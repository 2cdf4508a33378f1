"""Prove an installed service whole: write a throw-away model, serve it, ask it over HTTP in several compressions.

Run by the image build after trimming, with nothing but the service's own requirements. Whatever a request imports is
imported here, so its byte code is written once and ships with the image. The numbers mean nothing; only that they come.
"""

import http.client
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import gdcm
import numpy as np
import openjpeg.utils
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
    generate_uid,
)

from cadx.bundle import ClassifierFigures, Classifiers, CohortFacts, EvaluationFigures, write_bundle
from cadx.classify import FrozenSvm, PolynomialKernel, SoftVote
from cadx.classify.gram import Standardization
from cadx.classify.platt import PlattSigmoid
from cadx.cnn import BackboneSpec, load_exported
from cadx.cnn.backbone import describe
from cadx.lesion import FEATURES, SegmentationMethod, kernels
from cadx.mammogram import ReadingPolicy

PORT = 18999
SIDE_PX = 900
CENTER_PX = 450
START_SECONDS = 120
FEATURES_A_SIDE = 8
SYNTAXES = (ExplicitVRLittleEndian, RLELossless, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless)


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the service."""

    status: int
    content: bytes


def main() -> int:
    """Return 0 when every request was answered with the mean of two probabilities."""
    if not kernels.COMPILED:
        raise SystemExit("the kernels of cadx.lesion were not compiled")
    with tempfile.TemporaryDirectory() as scratch:
        write_model(Path(scratch) / "smoke")
        with served(Path(scratch)):
            for name, content in (("png", png()), *((uid.name, dicom(uid)) for uid in SYNTAXES)):
                spacing = "&pixel_spacing_mm=0.1" if name == "png" else ""
                answer = post(f"/v1/predictions?x={CENTER_PX}&y={CENTER_PX}{spacing}", content)
                sys.stdout.write(f"{name}: {check(answer):.4f}\n")
            for path in ("/healthz", "/v1/models", "/metrics", "/docs", "/openapi.json"):
                answer = ask("GET", path)
                if answer.status != http.client.OK:
                    raise SystemExit(f"GET {path}: {answer.status} {answer.content[:500]!r}")
    return 0


def write_model(folder: Path) -> None:
    """Draw both classifiers at random and write the bundle: no fitting library is installed here."""
    random = np.random.default_rng(0)
    backbone = load_exported(tiny_backbone())
    figures = ClassifierFigures(auc_mean=0.5, auc_sd=0.0, fold_aucs=(0.5,))
    write_bundle(
        folder,
        version_label="0",
        created="1970-01-01T00:00:00Z",
        intended_use="None: proof that an image is whole.",
        notices=("Drawn at random.",),
        backbone=backbone,
        policy=ReadingPolicy(),
        segmentation_method=next(iter(SegmentationMethod)),
        classifiers=Classifiers(
            cnn=_drawn(random, backbone.feature_count),
            lesion=_drawn(random, len(FEATURES)),
            ensemble=SoftVote(),
        ),
        cohort=CohortFacts(
            source="noise", lesions=24, rois=24, benign_rois=12, malignant_rois=12, patients=None, synthetic=True
        ),
        evaluation=EvaluationFigures(
            folds=1, seed=0, grouped_by="lesion", cnn=figures, lesion=figures, ensemble=figures
        ),
        model_card="Noise.\n",
    )


def tiny_backbone() -> bytes:
    """Write, field by field, an ONNX model that averages a region over 8 x 8 tiles: no exporter is installed here."""
    tile = 512 // FEATURES_A_SIDE
    size = _field(8, tile) + _field(8, tile) + _field(20, 7)  # two integers; 7 says that they are a list
    kernel, strides = _field(1, b"kernel_shape") + size, _field(1, b"strides") + size
    pool = _field(1, b"gray") + _field(2, b"means") + _field(4, b"AveragePool") + _field(5, kernel) + _field(5, strides)
    flatten = _field(1, b"means") + _field(2, b"features") + _field(4, b"Flatten")
    graph = (
        _field(1, pool)
        + _field(1, flatten)
        + _field(2, b"tiles")
        + _field(11, _tensor(b"gray", (b"n", 1, 512, 512)))
        + _field(12, _tensor(b"features", (b"n", FEATURES_A_SIDE**2)))
    )
    ((key, value),) = describe(BackboneSpec(weights="random:0"), "0" * 64, {"fc6": (FEATURES_A_SIDE**2,)}).items()
    metadata = _field(1, key.encode()) + _field(2, value.encode())
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 17)) + _field(14, metadata)


def _tensor(name: bytes, shape: tuple[bytes | int, ...]) -> bytes:
    """Describe a float32 input or output; a name in the shape stands for any number."""
    dimensions = b"".join(_field(1, _field(1 if isinstance(size, int) else 2, size)) for size in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dimensions)))


def _field(number: int, value: bytes | int) -> bytes:
    """Encode one field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + _varint(value >> 7)


def _drawn(random: np.random.Generator, features: int) -> FrozenSvm:
    return FrozenSvm(
        classes=(0, 1),
        n_features_in=features,
        standardization=Standardization(np.arange(features), np.zeros(features), np.ones(features)),
        kernel=PolynomialKernel(gamma=1e-6, coef0=1.0, degree=1),
        C=1.0,
        support_vectors=random.normal(size=(24, features)),
        dual_coef=random.normal(size=24),
        intercept=0.0,
        sigmoid=PlattSigmoid(slope=1.0, intercept=0.0),
    )


def blob() -> np.ndarray:
    """Return a bright disc with a soft edge on a gray ground, 12 bits."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX] - CENTER_PX
    disc = 1 / (1 + np.exp((np.hypot(rows, columns) - 60) / 6))
    noise = np.random.default_rng(1).normal(0, 20, disc.shape)
    gray: np.ndarray = np.clip(1200 + 1500 * disc + noise, 1, 4095).astype(np.uint16)
    return gray


def png() -> bytes:
    """Return the picture as a 16-bit PNG."""
    stream = io.BytesIO()
    Image.fromarray(blob() * np.uint16(16)).save(stream, "PNG")
    return stream.getvalue()


def dicom(transfer_syntax: str) -> bytes:
    """Return the picture as a mammogram for presentation in one compression."""
    image = Dataset()
    image.SOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    image.SOPInstanceUID = generate_uid()
    image.Modality, image.PresentationIntentType = "MG", "FOR PRESENTATION"
    image.ImagerPixelSpacing = [0.1, 0.1]
    image.Rows = image.Columns = SIDE_PX
    image.SamplesPerPixel, image.PhotometricInterpretation, image.PixelRepresentation = 1, "MONOCHROME2", 0
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 12, 11
    image.WindowCenter, image.WindowWidth = 2048, 4096
    image.PixelData = blob().astype("<u2").tobytes()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    if transfer_syntax in (RLELossless, JPEGLSLossless):
        image.compress(transfer_syntax, generate_instance_uid=False)
    elif transfer_syntax == JPEG2000Lossless:
        image.PixelData = encapsulate([openjpeg.utils.encode_array(blob(), bits_stored=12)])
        image.file_meta.TransferSyntaxUID = JPEG2000Lossless
    stream = io.BytesIO()
    image.save_as(stream, enforce_file_format=True)
    return jpeg_lossless(stream.getvalue()) if transfer_syntax == JPEGLosslessSV1 else stream.getvalue()


def jpeg_lossless(content: bytes) -> bytes:
    """Recompress a DICOM file with GDCM."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch, "image.dcm")
        path.write_bytes(content)
        reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
        reader.SetFileName(str(path))
        if not reader.Read():
            raise SystemExit("GDCM cannot read the picture")
        change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
        change.SetInput(reader.GetImage())
        if not change.Change():
            raise SystemExit("GDCM cannot compress the picture")
        writer.SetFileName(str(path))
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        if not writer.Write():
            raise SystemExit("GDCM cannot write the picture")
        return path.read_bytes()


@contextmanager
def served(models: Path) -> Iterator[None]:
    """Run the installed service on loopback until the block ends."""
    environment = {**os.environ, "CADX_MODELS_DIR": str(models), "CADX_HOST": "127.0.0.1", "CADX_PORT": str(PORT)}
    server = subprocess.Popen([sys.executable, "-m", "app"], env=environment, cwd=models)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _ready():
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the service did not start (status {server.poll()})")
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait(timeout=60)


def _ready() -> bool:
    try:
        return ask("GET", "/readyz").status == http.client.OK
    except OSError:
        return False


def post(path: str, content: bytes) -> Answer:
    """Send a bare file."""
    return ask(
        "POST", path, content, {"Content-Type": "image/png" if content[:4] == b"\x89PNG" else "application/dicom"}
    )


def ask(method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answer:
    """Ask the service on loopback."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.read())
    finally:
        connection.close()


def check(answer: Answer) -> float:
    """Return the probability, or end with what the service said."""
    if answer.status != http.client.OK:
        raise SystemExit(f"{answer.status}: {answer.content[:2000]!r}")
    document = json.loads(answer.content)
    probability: float = document["probability"]
    both: tuple[float, float] = document["cnn_probability"], document["lesion_probability"]
    if abs(probability - sum(both) / 2) > 1e-12:
        raise SystemExit(f"{probability} is not the mean of {both}")
    return probability


if __name__ == "__main__":
    sys.exit(main())
