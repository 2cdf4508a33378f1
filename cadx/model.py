"""What an assessment needs of a model, wherever it comes from: a bundle on disk, or a fit that is not written yet."""

from dataclasses import dataclass

from cadx.classify import FrozenSvm, SoftVote
from cadx.cnn import Backbone
from cadx.explain import CohortReference, KnownCases
from cadx.lesion import SegmentationMethod
from cadx.mammogram import ReadingPolicy


@dataclass(frozen=True, slots=True)
class Classifiers:
    """The paper's three models, as numbers."""

    cnn: FrozenSvm
    lesion: FrozenSvm
    ensemble: SoftVote

    @property
    def uninformative(self) -> tuple[str, ...]:
        """Names (``cnn``, ``lesion``, ``ensemble``) of those that ranked held-out rows no better than chance."""
        told = {
            "cnn": self.cnn.sigmoid.informative,
            "lesion": self.lesion.sigmoid.informative,
            "ensemble": self.ensemble.informative,
        }
        return tuple(name for name, informative in told.items() if not informative)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """Everything between a mammogram and a probability that was chosen or learnt.

    Attributes
    ----------
    policy
        How the images of its cohort were read; others must be read so too.
    reference
        Its cohort's distributions; none for a model that was made without.
    known_cases
        Cases of its cohort; none unless whoever fitted it asked for that.
    marks
        Method B sees means over outlines from so many marks (`cadx.lesion.marks`).
    """

    backbone: Backbone
    classifiers: Classifiers
    policy: ReadingPolicy
    segmentation_method: SegmentationMethod
    reference: CohortReference | None = None
    known_cases: KnownCases | None = None
    marks: int = 1
