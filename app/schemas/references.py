"""Requests that name images instead of sending them: a JSON body in the place of the form."""

from enum import StrEnum
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag, ValidationError

from app.problems import invalid_request
from app.schemas.base import Pixels
from app.schemas.forms import EXAMPLE_X, EXAMPLE_Y, FRAME, SPACING, VOI, Frame, SpacingMm, X, Y
from app.schemas.marks import CONTOUR_NAMED, DIAMETER, TOGETHER, Contour, DiameterMm, Place
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


class JsonBody(_Body):
    """Base of JSON bodies of other requests."""


class DicomwebInstance(_Body):
    """An instance in a PACS, by its UIDs."""

    pacs: PacsName = Field(examples=["archive"])
    study: Uid = Field(description="Study Instance UID.", examples=[STUDY_EXAMPLE])
    series: Uid = Field(description="Series Instance UID.", examples=[SERIES_EXAMPLE])
    instance: Uid = Field(description="SOP Instance UID.", examples=[INSTANCE_EXAMPLE])

    @property
    def name(self) -> InstanceName:
        """Its UIDs."""
        return InstanceName(self.study, self.series, self.instance)


class DicomwebImage(DicomwebInstance):
    """An image in a PACS, by its UIDs, and its frame."""

    frame: Frame | None = Field(None, description=FRAME)


class DicomwebAnnotation(_Body):
    """A reader's mark in the same PACS and study as the image: a TID 1500 SR or a GSPS."""

    series: Uid = Field(description="Series Instance UID.", examples=[SERIES_EXAMPLE])
    instance: Uid = Field(description="SOP Instance UID.", examples=[INSTANCE_EXAMPLE])


class DicomwebContour(_Body):
    """A reader's outline in the same PACS and study as the image: of a TID 1500 SR, a GSPS or a binary SEG."""

    series: Uid = Field(description="Series Instance UID.", examples=[SERIES_EXAMPLE])
    instance: Uid = Field(description="SOP Instance UID.", examples=[INSTANCE_EXAMPLE])
    segment: int | None = Field(
        None, ge=1, le=65535, description="Which segment of a SEG, where several are on the image."
    )


class _Outline(StrEnum):
    """How an outline is told."""

    POINTS = "points"
    NAMED = "named"


def _outline(value: object) -> _Outline:
    """The model that a contour is checked against, so that errors are about that one alone."""
    return _Outline.NAMED if isinstance(value, dict | DicomwebContour) else _Outline.POINTS


GivenContour = Annotated[
    Annotated[Contour, Tag(_Outline.POINTS)] | Annotated[DicomwebContour, Tag(_Outline.NAMED)],
    Discriminator(_outline),
]


class MarkedCenter(_Body, Place):
    """The center of a lesion or its outline, in pixels of the stored image."""

    model_config = ConfigDict(json_schema_extra=TOGETHER)

    contour: GivenContour | None = Field(None, description=CONTOUR_NAMED)
    x: Pixels | None = Field(None, validate_default=True, description=X, examples=[EXAMPLE_X])
    y: Pixels | None = Field(None, validate_default=True, description=Y, examples=[EXAMPLE_Y])
    diameter_mm: DiameterMm | None = Field(None, description=DIAMETER)


Centers = Annotated[
    tuple[MarkedCenter, ...], Field(min_length=1, max_length=1000, description="The lesions, in order.")
]


class _Image(_Body):
    pixel_spacing_mm: SpacingMm | None = Field(None, description=SPACING)
    voi: VoiPolicy | None = Field(None, description=VOI)


class ImageInPacs(_Image):
    """An image in a PACS."""

    dicomweb: DicomwebImage = Field(description="The image, in a PACS.")

    @property
    def frame_number(self) -> int | None:
        """The frame that was asked for."""
        return self.dicomweb.frame


class KeptImage(_Image):
    """An image that was sent before."""

    image_id: str = Field(
        min_length=1, max_length=64, description="An image that was sent to POST /v1/images.", examples=["kZ3v..."]
    )
    frame: Frame | None = Field(None, description=FRAME)

    @property
    def frame_number(self) -> int | None:
        """The frame that was asked for."""
        return self.frame


class AnnotatedImageInPacs(ImageInPacs):
    """An image in a PACS, and a reader's annotation beside it that marks the lesions."""

    annotation: DicomwebAnnotation = Field(description="Where the marks are read from.")


class _OneMark(MarkedCenter):
    @property
    def marks(self) -> tuple[MarkedCenter, ...]:
        """The lesion."""
        return (self,)


class _Marks(_Body):
    centers: Centers

    @property
    def marks(self) -> tuple[MarkedCenter, ...]:
        """The lesions."""
        return self.centers


class LesionInPacs(ImageInPacs, _OneMark):
    """A lesion on an image in a PACS."""


class LesionOnKeptImage(KeptImage, _OneMark):
    """A lesion on an image that was sent before."""


class LesionsInPacs(ImageInPacs, _Marks):
    """Several lesions on an image in a PACS."""


class LesionsOnKeptImage(KeptImage, _Marks):
    """Several lesions on an image that was sent before."""


class _Way(StrEnum):
    """How image and marks are named; the members of a body tell it."""

    KEPT = "kept image"
    ANNOTATED = "annotated image in a PACS"
    MARKED = "marked image in a PACS"


def _way(body: object) -> _Way:
    """The model that a body is checked against, so that errors are about that one alone."""
    names = body if isinstance(body, dict) else ()
    if "image_id" in names:
        return _Way.KEPT
    return _Way.ANNOTATED if "annotation" in names else _Way.MARKED


_Annotated = Annotated[AnnotatedImageInPacs, Tag(_Way.ANNOTATED)]
NamedLesion = LesionInPacs | AnnotatedImageInPacs | LesionOnKeptImage
NamedLesions = LesionsInPacs | AnnotatedImageInPacs | LesionsOnKeptImage


class LesionReference(RootModel[NamedLesion]):
    """One lesion on an image that is named, not sent."""

    root: Annotated[
        Annotated[LesionInPacs, Tag(_Way.MARKED)] | _Annotated | Annotated[LesionOnKeptImage, Tag(_Way.KEPT)],
        Discriminator(_way),
    ]


class LesionsReference(RootModel[NamedLesions]):
    """Several lesions on one image that is named, not sent."""

    root: Annotated[
        Annotated[LesionsInPacs, Tag(_Way.MARKED)] | _Annotated | Annotated[LesionsOnKeptImage, Tag(_Way.KEPT)],
        Discriminator(_way),
    ]


class ViewsReference(_Body):
    """One lesion on several images that are named, not sent."""

    views: tuple[LesionReference, ...] = Field(
        min_length=1, max_length=64, description="The lesion on each view, in order."
    )


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
        raise invalid_request(error, "body", without=frozenset((*_Way, *_Outline))) from None
