"""A loaded model."""

from dataclasses import dataclass

from cadx.bundle.manifest import BundleManifest
from cadx.classify import PolynomialSvm, SoftVote
from cadx.cnn import Backbone
from cadx.lesion import SegmentationMethod
from cadx.mammogram import ReadingPolicy


@dataclass(frozen=True, slots=True)
class Classifiers:
    """The three fitted models of the paper."""

    cnn: PolynomialSvm
    lesion: PolynomialSvm
    ensemble: SoftVote

    @property
    def uninformative(self) -> tuple[str, ...]:
        """Names (``cnn``, ``lesion``, ``ensemble``) of those that ranked held-out rows no better than chance."""
        told = {
            "cnn": self.cnn.sigmoid_.informative,
            "lesion": self.lesion.sigmoid_.informative,
            "ensemble": self.ensemble.informative,
        }
        return tuple(name for name, informative in told.items() if not informative)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A verified, loaded model, ready to assess lesions.

    Attributes
    ----------
    manifest
        What the model is.
    digest
        SHA-256 of ``bundle.json``, which covers every other file through its digests.
    """

    manifest: BundleManifest
    digest: str
    backbone: Backbone
    classifiers: Classifiers
    policy: ReadingPolicy
    segmentation_method: SegmentationMethod
