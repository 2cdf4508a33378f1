"""Which CNN, which layer, whose weights: the setting that names a feature extractor."""

from dataclasses import dataclass
from pathlib import Path

from cadx.errors import InvalidBackboneSetting

IMAGENET = "imagenet"
ALEXNET_LAYERS = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "fc6", "fc7", "fc8")
"""The 11 layers of AlexNet that the paper compares, in the order of a forward pass (Huynh 2016, figure 2)."""
POOLINGS = ("none", "mean", "max")
_RANDOM_PREFIX = "random:"


@dataclass(frozen=True, slots=True)
class BackboneSpec:
    """A CNN used as a fixed feature extractor (Huynh 2016, section 2.3).

    Attributes
    ----------
    architecture
        ``alexnet`` (torchvision's), ``alexnet2012`` (the paper's) or any torchvision classification model.
    layer
        For an AlexNet one of its 11 layers, ``conv1`` to ``fc8``; for others a node of
        `torchvision.models.feature_extraction`.
    weights
        ``imagenet``, the path of a weights file, or ``random:SEED``.
    pooling
        What becomes of a layer's spatial maps: ``none`` keeps every value, ``mean`` and ``max`` keep one a channel.
    """

    architecture: str = "alexnet"
    layer: str = "fc6"
    weights: str = IMAGENET
    pooling: str = "none"

    @property
    def pretrained(self) -> bool:
        """Whether the weights were learned from images, and not drawn at random."""
        return not self.weights.startswith(_RANDOM_PREFIX)

    @property
    def random_seed(self) -> int | None:
        """The seed of random weights; None when the weights are not random.

        Raises
        ------
        InvalidBackboneSetting
            When the seed is not a whole number from 0 to 2^63 - 1.
        """
        if self.pretrained:
            return None
        seed = self.weights.removeprefix(_RANDOM_PREFIX)
        if not (seed.isascii() and seed.isdecimal() and int(seed) < 2**63):
            raise InvalidBackboneSetting("weights", self.weights, "random:SEED with a whole number, such as random:0")
        return int(seed)

    @property
    def weights_path(self) -> Path | None:
        """The weights file; None when the weights come from elsewhere."""
        return Path(self.weights) if self.pretrained and self.weights != IMAGENET else None

    def check(self) -> None:
        """Refuse values that no architecture could make sense of.

        Raises
        ------
        InvalidBackboneSetting
            Naming the setting and what it may be.
        """
        if self.pooling not in POOLINGS:
            raise InvalidBackboneSetting("pooling", self.pooling, " or ".join(POOLINGS))
        if not self.weights:
            raise InvalidBackboneSetting("weights", self.weights, "imagenet, the path of a weights file or random:SEED")
        _ = self.random_seed
