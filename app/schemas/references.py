"""Requests that name images instead of sending them: a JSON body in the place of the form."""

from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.problems import invalid_request
from app.schemas.forms import EXAMPLE_X, EXAMPLE_Y, FRAME, SPACING, VOI, Frame, Pixels, SpacingMm, X, Y
from cadx.exchange.dicomweb import InstanceName
from cadx.mammogram import VoiPolicy

Body = TypeVar("Body", bound=BaseModel)

Uid = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9]+(\.[0-9]+)*$")]
PacsName = Annotated[
    str, Field(min_length=1, max_length=64, description="A PACS by the operator's name: GET /v1/pacs.")
]

STUDY_EXAMPLE, SERIES_EXAMPLE, INSTANCE_EXAMPLE = "2.25.1", "2.25.2", "2.25.3"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class DicomwebImage(_Body):
    """An image in a PACS, by its UIDs."""

    pacs: PacsName = Field(examples=["archive"])
    study: Uid = Field(description="Study Instance UID.", examples=[STUDY_EXAMPLE])
    series: Uid = Field(description="Series Instance UID.", examples=[SERIES_EXAMPLE])
    instance: Uid = Field(description="SOP Instance UID.", examples=[INSTANCE_EXAMPLE])
    frame: Frame | None = Field(None, description=FRAME)

    @property
    def name(self) -> InstanceName:
        """Its UIDs."""
        return InstanceName(self.study, self.series, self.instance)


class DicomwebAnnotation(_Body):
    """A reader's mark in the same PACS and study as the image: a TID 1500 SR or a GSPS."""

    series: Uid = Field(description="Series Instance UID.", examples=[SERIES_EXAMPLE])
    instance: Uid = Field(description="SOP Instance UID.", examples=[INSTANCE_EXAMPLE])


class _Image(_Body):
    dicomweb: DicomwebImage | None = Field(None, description="The image, in a PACS. Either this or `image_id`.")
    image_id: str | None = Field(
        None,
        min_length=1,
        max_length=64,
        description="An image that was sent to POST /v1/images. Either this or `dicomweb`.",
    )
    frame: Frame | None = Field(None, description=f"{FRAME} For an image with an `image_id`.")
    pixel_spacing_mm: SpacingMm | None = Field(None, description=SPACING)
    voi: VoiPolicy | None = Field(None, description=VOI)
    annotation: DicomwebAnnotation | None = Field(
        None, description="Where the mark is read from, instead of coordinates. Only with `dicomweb`."
    )

    @model_validator(mode="after")
    def _one_image(self) -> Self:
        if (self.dicomweb is None) == (self.image_id is None):
            raise ValueError("give either dicomweb or image_id")
        if self.dicomweb is not None and self.frame is not None:
            raise ValueError("the frame goes into dicomweb")
        if self.dicomweb is None and self.annotation is not None:
            raise ValueError("an annotation needs dicomweb")
        return self

    @property
    def frame_number(self) -> int | None:
        """The frame that was asked for, wherever it was told."""
        return self.frame if self.dicomweb is None else self.dicomweb.frame


class LesionReference(_Image):
    """One lesion on an image that is named, not sent."""

    x: Pixels | None = Field(None, description=X, examples=[EXAMPLE_X])
    y: Pixels | None = Field(None, description=Y, examples=[EXAMPLE_Y])

    @model_validator(mode="after")
    def _one_mark(self) -> Self:
        if (self.x is None) != (self.y is None) or (self.x is None) == (self.annotation is None):
            raise ValueError("give either x and y, or annotation")
        return self


class MarkedCenter(_Body):
    """The center of a lesion, in pixels of the stored image."""

    x: Pixels = Field(description=X, examples=[EXAMPLE_X])
    y: Pixels = Field(description=Y, examples=[EXAMPLE_Y])


class LesionsReference(_Image):
    """Several lesions on one image that is named, not sent."""

    centers: list[MarkedCenter] = Field(default_factory=list, max_length=1000, description="The lesions, in order.")

    @model_validator(mode="after")
    def _marks(self) -> Self:
        if bool(self.centers) == (self.annotation is not None):
            raise ValueError("give either centers or annotation")
        return self


class ViewsReference(_Body):
    """One lesion on several images that are named, not sent."""

    views: list[LesionReference] = Field(min_length=1, max_length=64, description="The lesion on each view, in order.")


def read_body(kind: type[Body], content: bytes) -> Body:
    """Check a JSON body.

    Raises
    ------
    InvalidRequest
        Names each bad member.
    """
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise invalid_request(error, "body") from None
