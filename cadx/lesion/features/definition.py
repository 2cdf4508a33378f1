"""What a feature is: its name, unit, meaning and the function that computes it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from cadx.lesion.features.region import LesionRegion


class FeatureFamily(StrEnum):
    """The five families of docs/methods.md, section 4.2."""

    SIZE = "size"
    SHAPE = "shape"
    INTENSITY = "intensity"
    MARGIN = "margin"
    TEXTURE = "texture"


@dataclass(frozen=True, slots=True)
class FeatureDefinition:
    """One row of the feature table.

    Attributes
    ----------
    name
        Stable name; bears the unit where there is one.
    family
        Its family.
    unit
        ``mm``, ``mm2``, ``degrees``, ``gray`` (0 to 1), ``gray/mm`` or ``1`` (dimensionless).
    reads_as
        What a high value means, for a radiologist.
    ibsi
        Code of the Image Biomarker Standardisation Initiative, ``2-D analogue of CODE``, or empty where it has none.
    compute
        The function.
    """

    name: str
    family: FeatureFamily
    unit: str
    reads_as: str
    ibsi: str
    compute: Callable[[LesionRegion], float]
