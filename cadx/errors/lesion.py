"""Refusals: the lesion cannot be described."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors.base import CadxError


@dataclass(eq=False)
class LesionError(CadxError):
    """The lesion cannot be described."""

    code: ClassVar[str] = "lesion_error"


@dataclass(eq=False)
class FeatureNotComputable(LesionError):
    """A lesion feature has no value for this region."""

    feature: str
    reason: str

    code: ClassVar[str] = "feature_not_computable"
    summary: ClassVar[str] = "The lesion feature {feature} cannot be computed: {reason}."
    remedy: ClassVar[str] = "Check that the center is marked on the lesion and that the image holds its surroundings."


@dataclass(eq=False)
class LesionTooSmall(LesionError):
    """The outlined region is too small to be measured."""

    area_px: int
    smallest_px: int

    code: ClassVar[str] = "lesion_too_small"
    summary: ClassVar[str] = (
        "The outlined region has {area_px} pixels of tissue, of 0.1 mm; {smallest_px} are the least to be measured."
    )
    remedy: ClassVar[str] = "Check that the center is marked on the lesion and that the image holds its surroundings."
