"""Images that are kept: how they are named, asked for and described."""

from pydantic import Field

from app.schemas.answers import FlagFacts, ImageFacts
from app.schemas.forms import FRAME, SPACING, VOI, Frame, Query, SpacingMm
from app.schemas.references import DicomwebInstance, JsonBody
from cadx.mammogram import VoiPolicy

GRAY_MAX = 65535
"""The gray 1 of the model (bright, dense) in the uint16 grays that are sent to viewers; 0 is 0."""


class ImageReference(JsonBody):
    """An image in a PACS that is to be fetched and kept."""

    dicomweb: DicomwebInstance


class ReadingOptions(Query):
    """Query parameters of an image's description and grays: how it is to be read."""

    model: str | None = Field(None, max_length=64, description="The model that is to read it; else the default.")
    pixel_spacing_mm: SpacingMm | None = Field(None, description=SPACING)
    frame: Frame | None = Field(None, description=FRAME)
    voi: VoiPolicy | None = Field(None, description=VOI)


class ImageDescription(ImageFacts):
    """A kept image as the model reads it. Nobody's name, number or date is in it."""

    flags: tuple[FlagFacts, ...] = Field(description="What the file itself makes doubtful.")
    gray_max: int = Field(description="The model's gray 1 in /grays; the model saw grays from 0 to this, linearly.")
