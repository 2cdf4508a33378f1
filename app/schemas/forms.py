"""What a request may say, and its checks. Unknown or repeated parameters are refused, never ignored."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Json, ValidationError

from app.errors import InvalidRequest
from app.problems import invalid_request
from app.schemas.base import Part, Pixels
from app.schemas.marks import CONTOUR_TEXT, DIAMETER, TOGETHER, Contour, DiameterMm, Place
from cadx.mammogram import READABLE_FILES, VoiPolicy

Form = TypeVar("Form", bound=BaseModel)

EXAMPLE_X, EXAMPLE_Y = 318.0, 483.0
"""The lesion on the image that `make demo` sends (``demo/unseen``), so that /docs can be tried as it opens."""
SpacingMm = Annotated[float, Field(gt=0, le=10)]
Frame = Annotated[int, Field(ge=1, le=1_000_000)]

X = "Column of the lesion's center, in pixels of the stored image; 0 is the image's left edge."
Y = "Row of the lesion's center, in pixels of the stored image; 0 is the image's upper edge."
SPACING = "Pixel size in mm, for files that carry none or an impossible one; a file that carries another is refused."
FRAME = "Which frame of a multi-frame file to read; the first is 1."
VOI = (
    "Gray levels of a DICOM image: `file`, its own VOI, or `full_range` of the stored values. Without it the model's; "
    "another than the model's is refused unless the model allows it, and flagged."
)
IMAGE = f"A mammogram: {READABLE_FILES}. What it is, is found from its content."


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Query(_Form):
    """Base of query parameters."""


class Options(Query):
    """Query parameters of every prediction."""

    model: str | None = Field(None, max_length=64, description="Name of the model; without it the default one answers.")
    include: list[Part] | None = Field(
        None,
        max_length=len(Part),
        description="Parts of the answer besides the probabilities; without it features, contour and timings. "
        "explanation, map, similar, reliability and robustness tell why the number is what it is, and how firm "
        "(docs/explanation.md). Repeat it for several.",
    )
    prevalence: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Share of malignant lesions among those that are asked about: `at_prevalence` then holds "
        "`calibrated_probability` moved to it.",
    )


class BareFileFields(_Form):
    """Query parameters that stand for the form's fields where the body is the bare file."""

    x: Pixels | None = Field(None, description=f"{X} Only when the body is the bare file.")
    y: Pixels | None = Field(None, description=f"{Y} Only when the body is the bare file.")
    diameter_mm: DiameterMm | None = Field(None, description=f"{DIAMETER} Only when the body is the bare file.")
    pixel_spacing_mm: SpacingMm | None = Field(None, description=f"{SPACING} Only when the body is the bare file.")
    frame: Frame | None = Field(None, description=f"{FRAME} Only when the body is the bare file.")
    voi: VoiPolicy | None = Field(None, description=f"{VOI} Only when the body is the bare file.")


class LesionForm(_Form, Place):
    """Form fields beside one image with one lesion."""

    model_config = ConfigDict(json_schema_extra=TOGETHER)

    contour: Json[Contour | None] | None = Field(None, description=CONTOUR_TEXT)
    x: Pixels | None = Field(None, validate_default=True, description=X, examples=[EXAMPLE_X])
    y: Pixels | None = Field(None, validate_default=True, description=Y, examples=[EXAMPLE_Y])
    diameter_mm: DiameterMm | None = Field(None, description=DIAMETER)
    pixel_spacing_mm: SpacingMm | None = Field(None, description=SPACING)
    frame: Frame | None = Field(None, description=FRAME)
    voi: VoiPolicy | None = Field(None, description=VOI)


class LesionsForm(_Form):
    """Form fields beside one image with several lesions: x and y repeated, in the same order."""

    x: list[Pixels] = Field(min_length=1, description=f"{X} Repeated, once a lesion.", examples=[[EXAMPLE_X]])
    y: list[Pixels] = Field(
        min_length=1, description=f"{Y} Repeated, once a lesion, in the order of x.", examples=[[EXAMPLE_Y]]
    )
    contour: list[Json[Contour | None]] = Field(
        default_factory=list, description=f"{CONTOUR_TEXT} Repeated, once a lesion; null for none."
    )
    diameter_mm: list[Json[DiameterMm | None]] = Field(
        default_factory=list, description=f"{DIAMETER} Repeated, once a lesion; null for none."
    )
    pixel_spacing_mm: SpacingMm | None = Field(None, description=SPACING)
    frame: Frame | None = Field(None, description=FRAME)
    voi: VoiPolicy | None = Field(None, description=VOI)


class ViewsForm(_Form):
    """Form fields beside several images of one lesion: each repeated, in the order of the images."""

    x: list[Pixels] = Field(min_length=1, description=f"{X} Repeated, once a view.", examples=[[EXAMPLE_X]])
    y: list[Pixels] = Field(min_length=1, description=f"{Y} Repeated, once a view.", examples=[[EXAMPLE_Y]])
    contour: list[Json[Contour | None]] = Field(
        default_factory=list, description=f"{CONTOUR_TEXT} Repeated, once a view; null for none."
    )
    diameter_mm: list[Json[DiameterMm | None]] = Field(
        default_factory=list, description=f"{DIAMETER} Repeated, once a view; null for none."
    )
    pixel_spacing_mm: list[SpacingMm] = Field(
        default_factory=list, description=f"{SPACING} Given once for all views, or once a view."
    )
    frame: list[Frame] = Field(default_factory=list, description=f"{FRAME} Given once for all views, or once a view.")
    voi: VoiPolicy | None = Field(None, description=f"{VOI} One for all views.")


def read_form(form: type[Form], fields: Mapping[str, Sequence[str]]) -> Form:
    """Check form fields, each of which may have been sent several times.

    A field that came empty, as browsers and generated forms send one that nobody filled in, is one that did not come.

    Raises
    ------
    InvalidRequest
        Names each bad field; a field that is not a list and came twice is bad.
    """
    lists = {name for name, info in form.model_fields.items() if "list" in str(info.annotation)}
    values: dict[str, Any] = {}
    for name, sent in fields.items():
        if name in form.model_fields and not any(sent):
            continue
        values[name] = list(sent) if name in lists or len(sent) > 1 else sent[0]
    try:
        return form.model_validate(values)
    except ValidationError as error:
        raise invalid_request(error, "body") from None


def same_length(count: int, name: str, sent: Sequence[object]) -> None:
    """Refuse a repeated field that does not come once for each of `count` things."""
    if len(sent) != count:
        message = f"{count} expected, {len(sent)} sent"
        raise InvalidRequest(({"where": f"body.{name}", "message": message},))
