"""What a reader says of where a lesion is: a center, an outline, a diameter."""

from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.schemas.base import Pixels
from cadx.lesion.segmentation import LARGEST_DIAMETER_MM, SMALLEST_DIAMETER_MM

LARGEST_CONTOUR = 2000

Contour = Annotated[tuple[tuple[Pixels, Pixels], ...], Field(min_length=3, max_length=LARGEST_CONTOUR)]
DiameterMm = Annotated[float, Field(ge=SMALLEST_DIAMETER_MM, le=LARGEST_DIAMETER_MM)]

CONTOUR = (
    "The reader's own outline, which takes the place of the segmentation: its corners in order, [x, y] in pixels of "
    "the stored image. x and y may then be left out, both: the center is a point inside."
)
CONTOUR_NAMED = f"{CONTOUR} Or where it lies, for an image in a PACS: an SR or GSPS with one closed outline, a SEG."
CONTOUR_TEXT = f"{CONTOUR} As JSON text: [[x, y], ...]."
DIAMETER = (
    "The lesion's diameter as the reader measured it: it steers the search for the outline, and fixes none. Not "
    "beside `contour`."
)
# Of what `Place` checks, that which generators of clients do not stumble over: they take `anyOf` for a union of types.
TOGETHER: dict[str, Any] = {"dependentRequired": {"x": ["y"], "y": ["x"]}}
BOTH = "goes without contour, which is measured as it is"


class Place(BaseModel):
    """Base of what has `contour`, `x`, `y` and `diameter_mm`, in this order.

    x and y are needed, both, but beside a contour; a diameter goes without one.
    """

    @field_validator("x", "y", check_fields=False)
    @classmethod
    def _needed(cls, value: float | None, info: ValidationInfo) -> float | None:
        alone = "contour" in info.data and info.data["contour"] is None
        half = info.field_name == "y" and "x" in info.data and (info.data["x"] is None) is not (value is None)
        if (value is None and alone) or half:
            raise PydanticCustomError("missing", "Field required" if alone else "x and y go together")
        return value

    @field_validator("diameter_mm", check_fields=False)
    @classmethod
    def _instead(cls, value: float | None, info: ValidationInfo) -> float | None:
        if value is not None and info.data.get("contour") is not None:
            raise PydanticCustomError("both", BOTH)
        return value
