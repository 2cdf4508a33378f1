"""The three questions about lesions, however their images come: one lesion, several of one image, several views."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ValidationError

from app.errors import InvalidRequest
from app.images.held import HeldImage
from app.jobs.prediction import Assessed, Mark, View
from app.problems import invalid_request
from app.representations.json import views_of
from app.routes.named_images import NamedImages, center_of
from app.schemas.answers import LesionPredictions
from app.schemas.forms import BareFileFields, LesionForm, LesionsForm, ViewsForm, read_form, same_length
from app.schemas.marks import BOTH
from app.schemas.references import LesionReference, LesionsReference, ViewsReference, read_body
from app.settings import Settings
from app.upload.receiving import Upload
from cadx.errors import CadxError
from cadx.exchange import mixed_sources, read_source
from cadx.records import LesionCenter

Value = TypeVar("Value")


class Question(ABC):
    """How a request is understood, and how its answer is put together."""

    bare_file: ClassVar[bool] = False

    @staticmethod
    def max_images(settings: Settings) -> int:
        """Files in one body."""
        return 1

    @abstractmethod
    def sent(self, upload: Upload, query: BaseModel, settings: Settings) -> tuple[View, ...]:
        """The views of a body that holds its images."""

    @abstractmethod
    async def named(self, content: bytes, images: NamedImages) -> tuple[View, ...]:
        """The views of a body that names its images."""

    @abstractmethod
    def lesions(self, assessed: Sequence[Assessed]) -> Sequence[Sequence[Assessed]]:
        """Each lesion's views."""

    @abstractmethod
    def document(self, assessed: Sequence[Assessed]) -> BaseModel:
        """The JSON answer."""


class OneLesion(Question):
    """One lesion on one image."""

    bare_file = True

    def sent(self, upload: Upload, query: BaseModel, settings: Settings) -> tuple[View, ...]:
        """The views of a body that holds its images."""
        form = _lesion_form(upload, query)
        mark = Mark(center_of(form.x, form.y), form.contour, form.diameter_mm)
        return (View(HeldImage(upload.images[0]), (mark,), form.pixel_spacing_mm, form.frame, form.voi),)

    async def named(self, content: bytes, images: NamedImages) -> tuple[View, ...]:
        """The views of a body that names its images."""
        return (await images.view_of_one(read_body(LesionReference, content).root, "body"),)

    def lesions(self, assessed: Sequence[Assessed]) -> Sequence[Sequence[Assessed]]:
        """Each lesion's views."""
        return (assessed,)

    def document(self, assessed: Sequence[Assessed]) -> BaseModel:
        """The JSON answer."""
        return assessed[0].prediction


class SeveralLesions(Question):
    """Several lesions on one image."""

    def sent(self, upload: Upload, query: BaseModel, settings: Settings) -> tuple[View, ...]:
        """The views of a body that holds its images."""
        form = read_form(LesionsForm, upload.fields or {})
        same_length(len(form.x), "y", form.y)
        _at_most(settings.max_lesions, "x", len(form.x))
        return (View(HeldImage(upload.images[0]), _marks(form), form.pixel_spacing_mm, form.frame, form.voi),)

    async def named(self, content: bytes, images: NamedImages) -> tuple[View, ...]:
        """The views of a body that names its images."""
        view = await images.view_of(read_body(LesionsReference, content).root)
        _at_most(images.settings.max_lesions, "centers", len(view.marks))
        return (view,)

    def lesions(self, assessed: Sequence[Assessed]) -> Sequence[Sequence[Assessed]]:
        """Each lesion's views."""
        return tuple((each,) for each in assessed)

    def document(self, assessed: Sequence[Assessed]) -> BaseModel:
        """The JSON answer."""
        return LesionPredictions(predictions=tuple(each.prediction for each in assessed))


class SeveralViews(Question):
    """One lesion on several images."""

    @staticmethod
    def max_images(settings: Settings) -> int:
        """Files in one body."""
        return settings.max_views

    def sent(self, upload: Upload, query: BaseModel, settings: Settings) -> tuple[View, ...]:
        """The views of a body that holds its images."""
        form = read_form(ViewsForm, upload.fields or {})
        count = len(upload.images)
        same_length(count, "x", form.x)
        same_length(count, "y", form.y)
        spacings = _for_each(count, "pixel_spacing_mm", form.pixel_spacing_mm)
        frames = _for_each(count, "frame", form.frame)
        return tuple(
            View(HeldImage(image), (mark,), spacing, frame, form.voi)
            for image, mark, spacing, frame in zip(upload.images, _marks(form), spacings, frames, strict=True)
        )

    async def named(self, content: bytes, images: NamedImages) -> tuple[View, ...]:
        """The views of a body that names its images."""
        body = read_body(ViewsReference, content)
        _at_most(images.settings.max_views, "views", len(body.views))
        return tuple([await images.view_of_one(view.root, f"body.views.{i}") for i, view in enumerate(body.views)])

    def lesions(self, assessed: Sequence[Assessed]) -> Sequence[Sequence[Assessed]]:
        """Each lesion's views."""
        return (assessed,)

    def document(self, assessed: Sequence[Assessed]) -> BaseModel:
        """The JSON answer."""
        return views_of(tuple(each.prediction for each in assessed), _mixed(assessed))


def _marks(form: LesionsForm | ViewsForm) -> tuple[Mark, ...]:
    """What was said of each lesion, or of the lesion on each view; x and y have one length."""
    count = len(form.x)
    for name, sent in (("contour", form.contour), ("diameter_mm", form.diameter_mm)):
        if sent:
            same_length(count, name, sent)
    if any(contour and diameter for contour, diameter in zip(form.contour, form.diameter_mm, strict=False)):
        raise InvalidRequest(({"where": "body.diameter_mm", "message": BOTH},))
    centers = (LesionCenter(x, y) for x, y in zip(form.x, form.y, strict=True))
    return tuple(map(Mark, centers, form.contour or [None] * count, form.diameter_mm or [None] * count))


def _mixed(assessed: Sequence[Assessed]) -> tuple[str, ...]:
    """Which of patient, study and side differ between views, as far as their headers tell."""
    sources = []
    for each in assessed:
        with suppress(CadxError):  # a picture, or a header that does not tell
            sources.append(read_source(each.view.image.file.content, each.view.frame))
    return mixed_sources(tuple(sources), among_known=True)


def _lesion_form(upload: Upload, query: BaseModel) -> LesionForm:
    """The lesion's parameters: in the form, or, for a bare file, in the query; never in both."""
    in_query: dict[str, Any] = (
        query.model_dump(include=set(BareFileFields.model_fields), exclude_none=True)
        if isinstance(query, BareFileFields)
        else {}
    )
    if upload.fields is None:
        try:
            return LesionForm.model_validate(in_query)
        except ValidationError as error:
            raise invalid_request(error, "query") from None
    refuse_in_query(in_query, "form")
    return read_form(LesionForm, upload.fields)


def refuse_in_query(in_query: dict[str, Any], where: str) -> None:
    """Refuse lesion parameters in the query of a request whose body has them.

    Raises
    ------
    InvalidRequest
        Names each.
    """
    if in_query:
        message = f"goes into the {where} when the body is a {where}"
        raise InvalidRequest(tuple({"where": f"query.{name}", "message": message} for name in in_query))


def _at_most(limit: int, name: str, sent: int) -> None:
    if sent > limit:
        raise InvalidRequest(({"where": f"body.{name}", "message": f"at most {limit} in one request, {sent} sent"},))


def _for_each(count: int, name: str, sent: list[Value]) -> list[Value] | list[None]:
    """A repeated field for each of `count` views: none sent, one for all, or one each."""
    if not sent:
        return [None] * count
    if len(sent) == 1:
        return sent * count
    same_length(count, name, sent)
    return sent
