"""What every document is made of, and which parts of an answer may be asked for."""

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_COORDINATE_PX = 1_000_000
Pixels = Annotated[float, Field(ge=0, le=MAX_COORDINATE_PX)]


class Answer(BaseModel):
    """Base of every document."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Part(StrEnum):
    """Optional parts of a prediction."""

    FEATURES = "features"
    CONTOUR = "contour"
    TIMINGS = "timings"
    THUMBNAIL = "thumbnail"
    EXPLANATION = "explanation"
    MAP = "map"
    SIMILAR = "similar"
    RELIABILITY = "reliability"
    ROBUSTNESS = "robustness"


DEFAULT_PARTS = frozenset({Part.FEATURES, Part.CONTOUR, Part.TIMINGS})
