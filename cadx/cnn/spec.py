"""Which CNN, which layer, whose weights: the setting that names a feature extractor."""

from dataclasses import dataclass
from pathlib import Path

from cadx.errors import InvalidBackboneSetting

IMAGENET = "imagenet"
ALEXNET_LAYERS = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "fc6", "fc7", "fc8")
"""The 11 layers of AlexNet that the paper compares, in the order of a forward pass (Huynh 2016, figure 2)."""
POOLINGS = ("none", "mean", "max", "mean+max")
TURNS = (1, 8)
"""A region as it is, or in the 8 turns and flips of a square."""
SCALES_MM = (51.2, 25.6)
"""Sides of the square that a network can be shown, in mm: the paper's, and its middle at twice the magnification."""
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
        What becomes of a layer's spatial maps: ``none`` keeps every value, ``mean`` and ``max`` keep one a channel,
        ``mean+max`` keeps both.
    turns
        1, as in the paper, or 8: features are the mean over the 8 turns and flips of the region.
    scales_mm
        Sides of the squares about the lesion that the network sees, each as 256 x 256 pixels; features of all of them
        stand one after the other. The paper's is 51.2 mm.
    """

    architecture: str = "alexnet"
    layer: str = "fc6"
    weights: str = IMAGENET
    pooling: str = "none"
    turns: int = 1
    scales_mm: tuple[float, ...] = SCALES_MM[:1]

    @property
    def pretrained(self) -> bool:
        """Whether the weights were learned from images, and not drawn at random."""
        return not self.weights.startswith(_RANDOM_PREFIX)

    @property
    def poolings(self) -> tuple[str, ...]:
        """The poolings, one by one."""
        return tuple(self.pooling.split("+"))

    @property
    def blocks(self) -> tuple[str, ...]:
        """Names of the parts of equal length that a feature vector consists of, in order, such as ``25.6 mm mean``."""
        return tuple(f"{scale:g} mm {pooling}" for scale in self.scales_mm for pooling in self.poolings)

    @property
    def passes(self) -> int:
        """Images that go through the network for one region."""
        return self.turns * len(self.scales_mm)

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
        if self.turns not in TURNS:
            raise InvalidBackboneSetting("turns", str(self.turns), " or ".join(map(str, TURNS)))
        if not self.scales_mm or self.scales_mm != tuple(scale for scale in SCALES_MM if scale in self.scales_mm):
            raise InvalidBackboneSetting("scales_mm", str(self.scales_mm), "51.2, 25.6 or both in this order")
        if not self.weights:
            raise InvalidBackboneSetting("weights", self.weights, "imagenet, the path of a weights file or random:SEED")
        _ = self.random_seed
