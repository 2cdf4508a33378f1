"""What a case's features depend on, as keys of the feature cache.

Two steps, so that a changed file with the same ROI costs no features, and an unchanged file is not decoded at all: the
file's bytes and how they are read give the digests of the ROI and of the whole picture; the ROI's digest, the
backbone's weights or the lesion code, and the layer or method give the features.
"""

import dataclasses
import functools
import hashlib

import numpy as np
from numpy.typing import NDArray

from cadx.cnn import EXTRACTION_VERSION, SCALES_MM, Backbone
from cadx.digests import file_sha256
from cadx.lesion import SegmentationMethod
from cadx.mammogram import ReadingPolicy
from cadx.records import Roi
from training.cohort.cases import Case
from training.cohort.grouping import Picture
from training.features.cache import BYTES, FLOAT32, FLOAT64, FeatureCache, code_digest, key_of

_DIGEST_BYTES = hashlib.sha256().digest_size


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What is known of a case that was read before.

    Attributes
    ----------
    roi_digest
        SHA-256 of the ROI.
    picture
        What the whole image shows, and the size of its pixels.
    """

    roi_digest: str
    picture: Picture

    def to_bytes(self) -> bytes:
        """Give what the cache keeps."""
        spacing = np.array([self.picture.row_mm, self.picture.column_mm], dtype=FLOAT64)
        return bytes.fromhex(self.roi_digest) + bytes.fromhex(self.picture.content) + spacing.tobytes()

    @classmethod
    def from_bytes(cls, kept: bytes) -> "Reading":
        """Read what the cache kept."""
        row_mm, column_mm = np.frombuffer(kept, dtype=FLOAT64, offset=2 * _DIGEST_BYTES).tolist()
        content = kept[_DIGEST_BYTES : 2 * _DIGEST_BYTES].hex()
        return cls(kept[:_DIGEST_BYTES].hex(), Picture(content, row_mm, column_mm))


@dataclasses.dataclass(frozen=True, slots=True)
class FeatureStore:
    """Features by what they were computed from; forgets everything at once when it has no cache.

    Attributes
    ----------
    cache
        Where the arrays are kept.
    """

    cache: FeatureCache | None = None

    def reading(self, case: Case, policy: ReadingPolicy) -> Reading | None:
        """Give the digests of a case's ROI and picture, if the case was read before."""
        if self.cache is None or not case.image.is_file():
            return None
        stored = self.cache.get(_reading_key(case, policy), BYTES)
        return None if stored is None else Reading.from_bytes(stored.tobytes())

    def remember_reading(self, case: Case, policy: ReadingPolicy, roi: Roi, content: str) -> Reading:
        """Give the digests of a ROI and of the picture that it lies in, and remember them for the case."""
        digest = hashlib.sha256(roi.gray.tobytes())
        digest.update(np.packbits(roi.tissue).tobytes())
        spacing = roi.source_spacing
        reading = Reading(digest.hexdigest(), Picture(content, spacing.row_mm, spacing.column_mm))
        if self.cache is not None:
            self.cache.put(_reading_key(case, policy), np.frombuffer(reading.to_bytes(), dtype=BYTES), BYTES)
        return reading

    def cnn(self, roi_digest: str, backbone: Backbone) -> dict[str, NDArray[np.float32]] | None:
        """Give the features of all the backbone's layers; None when any of them is missing."""
        rows: dict[str, NDArray[np.float32]] = {}
        for layer, length in backbone.feature_counts.items():
            row = self.cnn_layer(roi_digest, backbone, layer)
            if row is None or len(row) != length:
                return None
            rows[layer] = row
        return rows

    def cnn_layer(self, roi_digest: str, backbone: Backbone, layer: str) -> NDArray[np.float32] | None:
        """Give the features of one layer, if they are known."""
        if self.cache is None:
            return None
        row = self.cache.get(_cnn_key(roi_digest, backbone, layer), FLOAT32)
        return None if row is None else row.astype(np.float32, copy=False)

    def remember_cnn(self, roi_digest: str, backbone: Backbone, rows: dict[str, NDArray[np.float32]]) -> None:
        """Remember the features of each layer."""
        if self.cache is not None:
            for layer, row in rows.items():
                self.cache.put(_cnn_key(roi_digest, backbone, layer), row, FLOAT32)

    def lesion(
        self, reading: Reading, method: SegmentationMethod, marks: int, case: Case
    ) -> NDArray[np.float64] | None:
        """Give the lesion features of a case, if they are known."""
        if self.cache is None:
            return None
        row = self.cache.get(_lesion_key(reading, method, marks, case), FLOAT64)
        return None if row is None else row.astype(np.float64, copy=False)

    def remember_lesion(
        self, reading: Reading, method: SegmentationMethod, marks: int, case: Case, row: NDArray[np.float64]
    ) -> None:
        """Remember the lesion features of a case."""
        if self.cache is not None:
            self.cache.put(_lesion_key(reading, method, marks, case), row, FLOAT64)


@functools.cache
def _code(*packages: str) -> str:
    return code_digest(*packages)


def _reading_key(case: Case, policy: ReadingPolicy) -> str:
    facts = {
        "image": file_sha256(case.image),
        "center": [case.center.x, case.center.y],
        "spacing_mm": case.pixel_spacing_mm,
        "policy": dataclasses.asdict(policy),
        "code": _code("cadx.mammogram", "cadx.roi", "cadx.tissue", "cadx.records"),
    }
    return key_of("reading of ROI and picture", facts)


def _cnn_key(roi_digest: str, backbone: Backbone, layer: str) -> str:
    facts: dict[str, object] = {
        "roi": roi_digest,
        "architecture": backbone.spec.architecture,
        "weights": backbone.weights_digest,
        "layer": layer,
        "pooling": backbone.spec.pooling,
        "engine": backbone.engine_name,
        "version": EXTRACTION_VERSION,
    }
    if backbone.spec.passes > 1 or backbone.spec.scales_mm != SCALES_MM[:1]:
        facts |= {"turns": backbone.spec.turns, "scales_mm": backbone.spec.scales_mm}
    return key_of("cnn", facts)


def _lesion_key(reading: Reading, method: SegmentationMethod, marks: int, case: Case) -> str:
    facts: dict[str, object] = {
        "roi": reading.roi_digest,
        "method": method.value,
        "code": _code("cadx.lesion", "cadx.records"),
    }
    # In pixels of its image: where they lie in the ROI, and what lies about it, depends on picture and center.
    place = [case.center.x, case.center.y, dataclasses.astuple(reading.picture)]
    if case.contour is not None:
        facts["contour"] = [case.contour, *place]
    elif marks > 1:
        facts["marks"] = [marks, *place, _code("cadx.roi", "cadx.tissue")]
    if case.diameter_mm is not None:
        facts["diameter_mm"] = case.diameter_mm
    return key_of("lesion", facts)
