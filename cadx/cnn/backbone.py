"""A loaded backbone: batches of ROIs in, feature vectors out."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from cadx.cnn.architectures import build_architecture
from cadx.cnn.network import TappedNetwork, tap
from cadx.cnn.spec import BackboneSpec
from cadx.cnn.weights import load_weights, weights_digest
from cadx.errors import InvalidRoiBatch
from cadx.records import ROI_SIZE_PX, FloatImage

BATCH = 16
"""ROIs that go through the network together: bounds the memory of its activations."""


@dataclass(frozen=True, slots=True)
class Backbone:
    """A CNN with its weights, cut at one layer.

    Attributes
    ----------
    spec
        What it was loaded from.
    weights_digest
        SHA-256 over all weights of the network, 64 hexadecimal digits.
    pretrained
        False when the weights were drawn at random: then every output is for demonstration only.
    feature_count
        Length of a feature vector.
    """

    spec: BackboneSpec
    weights_digest: str
    pretrained: bool
    feature_count: int
    _network: TappedNetwork

    def features(self, gray: FloatImage) -> NDArray[np.float32]:
        """Extract the layer's values, after its ReLU where it has one.

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
        batch = _checked(gray)
        features = np.empty((len(batch), self.feature_count), dtype=np.float32)
        with torch.inference_mode():
            for start in range(0, len(batch), BATCH):
                part = torch.from_numpy(batch[start : start + BATCH, None])
                features[start : start + BATCH] = self._network(part)[0].numpy()
        return features


def load_backbone(spec: BackboneSpec) -> Backbone:
    """Build the network, fill in its weights and cut it at the layer.

    Raises
    ------
    BackboneError
        One of its leaves: an unknown architecture or layer, weights that are missing, unreadable or of another
        architecture, or a setting without meaning.
    """
    spec.check()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.random_seed or 0)
        architecture = build_architecture(spec.architecture)
    load_weights(architecture.network, spec)
    digest = weights_digest(architecture.network)
    network = tap(architecture, [spec.layer], spec.pooling)
    with torch.inference_mode():
        count = network(torch.zeros(1, 1, ROI_SIZE_PX, ROI_SIZE_PX))[0].shape[1]
    return Backbone(spec, digest, spec.pretrained, count, network)


def _checked(gray: FloatImage) -> FloatImage:
    if gray.ndim != 3 or gray.shape[1:] != (ROI_SIZE_PX, ROI_SIZE_PX):
        raise InvalidRoiBatch(gray.shape, "it is not (n, 512, 512)")
    batch = np.ascontiguousarray(gray, dtype=np.float32)
    if len(batch) and not (batch.min() >= 0.0 and batch.max() <= 1.0):
        raise InvalidRoiBatch(gray.shape, "its gray levels are not all numbers from 0 to 1")
    return batch
