"""The images of a request that names them: in a PACS, or kept here."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from app.auth.api_keys import KeyEntry, Right
from app.errors import ImagesNotKept, InvalidRequest
from app.images.held import HeldImage, Origin
from app.jobs.prediction import Corners, Mark, View
from app.schemas.references import (
    AnnotatedImageInPacs,
    DicomwebContour,
    DicomwebInstance,
    ImageInPacs,
    MarkedCenter,
    NamedLesion,
    NamedLesions,
)
from app.service import Service
from app.settings import Settings
from cadx.errors import CadxError
from cadx.exchange import annotated_centers, annotated_contour, image_size
from cadx.exchange.dicomweb import InstanceName
from cadx.records import LesionCenter

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class NamedImages:
    """Finds them for one caller."""

    service: Service
    caller: KeyEntry | None

    @property
    def settings(self) -> Settings:
        """Of the service."""
        return self.service.settings

    @property
    def owner(self) -> str:
        """Whose images they are: the name of the caller's key."""
        return owner_of(self.caller)

    async def view_of_one(self, reference: NamedLesion, where: str) -> View:
        """The one lesion of a reference, on its image.

        Raises
        ------
        InvalidRequest
            When an annotation marks several.
        """
        view = await self.view_of(reference)
        if len(view.marks) > 1:
            message = f"it marks {len(view.marks)} lesions; ask /v1/predictions/lesions"
            raise InvalidRequest(({"where": f"{where}.annotation", "message": message},))
        return view

    async def view_of(self, reference: NamedLesion | NamedLesions) -> View:
        """The lesions of a reference, on its image."""
        if isinstance(reference, ImageInPacs):
            image = await self.fetched(reference.dicomweb)
        else:
            if self.settings.image_cache_mb == 0:
                raise ImagesNotKept
            image = self.service.images.sent(self.owner, reference.image_id)
        if isinstance(reference, AnnotatedImageInPacs):
            marks = tuple(Mark(center) for center in await self._annotated(reference))
        else:
            marks = tuple([await self._mark(mark, image, reference.frame_number) for mark in reference.marks])
        return View(image, marks, reference.pixel_spacing_mm, reference.frame_number, reference.voi)

    async def fetched(self, instance: DicomwebInstance) -> HeldImage:
        """An image in a PACS.

        Raises
        ------
        RightMissing
            When the caller may not have images fetched.
        PacsError
            When the PACS does not give it.
        """
        self.service.keys.require(self.caller, Right.READ)
        origin = Origin(instance.pacs, instance.name)
        return await self._read(origin, lambda asked: self.service.archives.image(self.owner, asked))

    async def _mark(self, mark: MarkedCenter, image: HeldImage, frame: int | None) -> Mark:
        contour = mark.contour
        if isinstance(contour, DicomwebContour):
            contour = await self._contour(contour, image, frame)
        return Mark(center_of(mark.x, mark.y), contour, mark.diameter_mm)

    async def _contour(self, named: DicomwebContour, image: HeldImage, frame: int | None) -> Corners:
        """The outline that an object beside an image holds."""
        if image.origin is None:
            message = "needs an image in a PACS, where the object with the outline lies beside it"
            raise InvalidRequest(({"where": "body.contour", "message": message},))
        pacs, shown = image.origin.pacs, image.origin.name
        name = InstanceName(shown.study, named.series, named.instance)
        dataset = await self._read(Origin(pacs, name), self.service.archives.annotation)
        size = image_size(image.file.content)
        outline = await asyncio.to_thread(annotated_contour, dataset, shown.instance, size, frame, named.segment)
        return tuple((x, y) for x, y in outline.tolist())

    async def _annotated(self, reference: AnnotatedImageInPacs) -> tuple[LesionCenter, ...]:
        image, annotation = reference.dicomweb, reference.annotation
        name = InstanceName(image.study, annotation.series, annotation.instance)
        header = await self._read(Origin(image.pacs, name), self.service.archives.header)
        return annotated_centers(header, image.instance, image.frame)

    async def _read(self, origin: Origin, ask: Callable[[Origin], Awaitable[Value]]) -> Value:
        """Ask a PACS, and note for the audit what came of it."""
        try:
            found = await ask(origin)
        except CadxError as error:
            self.service.audit.note("read", origin.pacs, origin.name, error.code)
            raise
        self.service.audit.note("read", origin.pacs, origin.name, "ok")
        return found


def center_of(x: float | None, y: float | None) -> LesionCenter | None:
    """A center, where there is one."""
    return None if x is None or y is None else LesionCenter(x, y)


def owner_of(caller: KeyEntry | None) -> str:
    """Whose images they are: the name of the caller's key, or everybody's where the service is open."""
    return "" if caller is None else caller.name
