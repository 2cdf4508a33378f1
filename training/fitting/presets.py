"""Whole ways of doing it under one name: the paper's, and what measured best on real masses (docs/evidence.md)."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from cadx.classify import Columns
from cadx.cnn import ALEXNET_LAYERS, SCALES_MM, Backbone, BackboneSpec

MARKS_OF_BEST = 5
FULLY_CONNECTED = ALEXNET_LAYERS[-3:]


class Preset(StrEnum):
    """One setting from the fit to the answer.

    Attributes
    ----------
    PAPER
        One look at the region, all features of one layer, both branches weigh the same (Huynh 2016).
    BEST
        CNN features are means over 8 turns and flips, of two scales and two poolings, of which the search chooses;
        lesion features are means over outlines from five marks; weights of the branches come from the inner folds.
    """

    PAPER = "paper"
    BEST = "best"

    def backbone(self, spec: BackboneSpec) -> BackboneSpec:
        """Give the spec with what the preset decides of it; without a pooling, maps are pooled both ways."""
        if self is Preset.PAPER:
            return spec
        pooling = "mean+max" if spec.pooling == "none" and spec.layer not in FULLY_CONNECTED else spec.pooling
        return replace(spec, pooling=pooling, turns=8, scales_mm=SCALES_MM)

    def candidates(self, backbone: Backbone) -> Mapping[str, Columns] | None:
        """Give the sets of CNN features to choose among, from few to many; None: there is no choice."""
        if self is Preset.PAPER:
            return None
        blocks, spec = backbone.blocks, backbone.spec
        smallest = spec.scales_mm[:1], spec.poolings[:1]
        choices = [smallest, (spec.scales_mm, spec.poolings[:1]), (spec.scales_mm, spec.poolings)]
        found: dict[str, Columns] = {}
        for scales, poolings in choices:
            names = [f"{scale:g} mm {pooling}" for scale in scales for pooling in poolings]
            found[" + ".join(names)] = [column for name in names for column in _numbers(blocks[name])]
        return found

    @property
    def marks(self) -> int:
        """Give how many marks the lesion is outlined from."""
        return 1 if self is Preset.PAPER else MARKS_OF_BEST

    @property
    def weighted(self) -> bool:
        """Whether the inner folds weigh the branches."""
        return self is Preset.BEST


def _numbers(block: slice) -> range:
    return range(block.start, block.stop)
