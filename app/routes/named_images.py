"""The images of a request that names them: in a PACS, or kept here."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from app.auth.api_keys import KeyEntry, Right
from app.errors import ImagesNotKept, InvalidRequest
from app.images.held import HeldImage, Origin
from app.jobs.prediction import Mark, View
from app.schemas.references import AnnotatedImageInPacs, DicomwebInstance, ImageInPacs, NamedLesion, NamedLesions
from app.service import Service
from app.settings import Settings
from cadx.errors import CadxError
from cadx.exchange import annotated_centers
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
            marks = tuple(Mark(center_of(mark.x, mark.y), mark.contour, mark.diameter_mm) for mark in reference.marks)
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
