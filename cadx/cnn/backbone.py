"""A loaded backbone: batches of ROIs in, feature vectors out."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cadx.cnn.engine import Engine, OnnxEngine
from cadx.cnn.spec import BackboneSpec
from cadx.errors import BackboneNotExportable, ExportedBackboneUnreadable, InvalidRoiBatch
from cadx.records import ROI_SIZE_PX, FloatImage

BATCH = 16
"""Images that go through the network together, of one ROI at least: bounds the memory of its activations."""
EXTRACTION_VERSION = 1
"""Counts up when the same ROI, weights and layer would give other features than before: part of every cache key."""
METADATA_KEY = "mammo-cadx backbone"

FeatureMatrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Backbone:
    """A CNN with its weights, cut at one layer or more.

    Attributes
    ----------
    spec
        What it was loaded from.
    weights_digest
        SHA-256 over all weights of the network, 64 hexadecimal digits.
    pretrained
        False when the weights were drawn at random: then every output is for demonstration only.
    map_shapes
        Shape of a layer's output for one ROI, by layer: (channels, rows, columns), or (values,) of fully connected and
        of pooled layers. The spec's layer is among them. Features are the same values, flattened.
    """

    spec: BackboneSpec
    weights_digest: str
    pretrained: bool
    map_shapes: Mapping[str, tuple[int, ...]]
    _engine: Engine = dataclasses.field(repr=False)
    _onnx: bytes | None = dataclasses.field(repr=False)

    @property
    def feature_counts(self) -> dict[str, int]:
        """Length of a feature vector, by layer."""
        return {layer: math.prod(shape) for layer, shape in self.map_shapes.items()}

    @property
    def feature_count(self) -> int:
        """Length of a feature vector of the spec's layer."""
        return self.feature_counts[self.spec.layer]

    @property
    def blocks(self) -> dict[str, slice]:
        """Where the parts of a feature vector of the spec's layer stand, by `BackboneSpec.blocks`."""
        names = self.spec.blocks
        length = self.feature_count // len(names)
        return {name: slice(number * length, (number + 1) * length) for number, name in enumerate(names)}

    @property
    def engine_name(self) -> str:
        """What runs the network: ``onnxruntime``, or torch with its device and precision."""
        return self._engine.name

    def features(self, gray: FloatImage) -> FeatureMatrix:
        """Extract the spec's layer, after its ReLU where it has one.

        On the CPU the same ROI gets the same bits whatever batch it is in.

        Parameters
        ----------
        gray
            (n, 512, 512) gray levels, 0 to 1.

        Returns
        -------
        ndarray
            float32, (n, feature_count).

        Raises
        ------
        InvalidRoiBatch
            When the array is not such a batch, or holds NaN or infinity.
        """
        return self.layer_features(gray)[self.spec.layer]

    def layer_features(self, gray: FloatImage) -> dict[str, FeatureMatrix]:
        """Extract every tapped layer in one pass through the network.

        Parameters
        ----------
        gray
            (n, 512, 512) gray levels, 0 to 1.

        Returns
        -------
        dict
            float32, (n, d) by the layer's name, in the order in which the layers were asked for.

        Raises
        ------
        InvalidRoiBatch
            When the array is not such a batch, or holds NaN or infinity.
        """
        batch = _checked(gray)
        features = {
            layer: np.empty((len(batch), count), dtype=np.float32) for layer, count in self.feature_counts.items()
        }
        together = max(1, BATCH // self.spec.passes)
        for start in range(0, len(batch), together):
            values = self._engine.run(batch[start : start + together, None])
            for matrix, part in zip(features.values(), values, strict=True):
                matrix[start : start + together] = part
        return features

    def maps(self, gray: FloatImage) -> NDArray[np.float32] | None:
        """Give the spec's layer before it is pooled.

        Parameters
        ----------
        gray
            (n, 512, 512) gray levels, 0 to 1; n at most `BATCH`.

        Returns
        -------
        ndarray or None
            float32, (n, scales, turns, channels, rows, columns), each map turned back as the region lies; none where
            features are not pooled maps, or the network was exported by a version that kept no maps.
        """
        if self.spec.pooling == "none":
            return None
        found = self._engine.maps(_checked(gray)[:, None], self.spec.layer)
        return found[:, None, None] if found is not None and found.ndim == 4 else found

    def export(self) -> bytes:
        """Give the backbone as one ONNX model, for `load_exported`.

        Raises
        ------
        BackboneNotExportable
            When it does not run on onnxruntime, but on a GPU or in another precision.
        """
        if self._onnx is None:
            raise BackboneNotExportable(self.spec.architecture, f"it runs on {self.engine_name}; load it for the CPU")
        return self._onnx


def describe(spec: BackboneSpec, weights_digest: str, map_shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """Give the texts that an exported backbone carries about itself.

    A weights file's own path stays behind: it may name its user.
    """
    weights = spec.weights if spec.weights_path is None else spec.weights_path.name
    facts = {
        "spec": dataclasses.asdict(dataclasses.replace(spec, weights=weights)),
        "weights_digest": weights_digest,
        "map_shapes": dict(map_shapes),
        "extraction_version": EXTRACTION_VERSION,
    }
    return {METADATA_KEY: json.dumps(facts)}


def load_exported(model: bytes | Path, threads: int = 0) -> Backbone:
    """Load what `Backbone.export` wrote. Neither torch nor torchvision is imported.

    Parameters
    ----------
    model
        The bytes, or the path of a file that holds them.
    threads
        Threads that share one batch; 0 for one a physical core.

    Raises
    ------
    ExportedBackboneUnreadable
        When it is no ONNX model, is damaged, was not written by `Backbone.export` or by an incompatible version.
    """
    engine = OnnxEngine(model, threads)
    try:
        facts = json.loads(engine.metadata[METADATA_KEY])
        spec = _spec(facts["spec"])
        digest, version = facts["weights_digest"], facts["extraction_version"]
        shapes = {layer: tuple(shape) for layer, shape in facts["map_shapes"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise ExportedBackboneUnreadable("it was not written by this product") from error
    if version != EXTRACTION_VERSION:
        raise ExportedBackboneUnreadable(f"it has extraction version {version}, and this is {EXTRACTION_VERSION}")
    return Backbone(spec, digest, spec.pretrained, shapes, engine, model if isinstance(model, bytes) else None)


def _spec(kept: Mapping[str, Any]) -> BackboneSpec:
    """Make a spec of what JSON kept of it, which knows no tuples."""
    spec = BackboneSpec(**kept)
    return dataclasses.replace(spec, scales_mm=tuple(spec.scales_mm))


def _checked(gray: FloatImage) -> FloatImage:
    if gray.ndim != 3 or gray.shape[1:] != (ROI_SIZE_PX, ROI_SIZE_PX):
        raise InvalidRoiBatch(gray.shape, "it is not (n, 512, 512)")
    batch = np.ascontiguousarray(gray, dtype=np.float32)
    if len(batch) and not (batch.min() >= 0.0 and batch.max() <= 1.0):
        raise InvalidRoiBatch(gray.shape, "its gray levels are not all numbers from 0 to 1")
    return batch
