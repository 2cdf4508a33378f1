"""The PACS of this service: images in, results out, and whether they answer."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from app.images.cache import ImageCache
from app.images.held import HeldImage, Origin
from app.settings import Settings
from app.upload.body_buffer import ArrivingFile, BodyBuffer
from app.upload.receiving import UploadMemory
from cadx.errors import CadxError, InstanceNotInPacs, PacsAnswerUnreadable, PacsSentAnotherInstance, PacsUnknown
from cadx.exchange import instance_uids, read_annotation
from cadx.exchange.dicomweb import InstanceName, PacsClient, PacsConnection, StoreOutcome, read_connections

_PING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ArchiveState:
    """Whether a PACS answers."""

    name: str
    stores: bool
    answers: bool
    problem: str


class Archives:
    """Every configured PACS; made once, closed at the end.

    Raises
    ------
    PacsFileInvalid
        When the file that names them cannot be used.
    """

    def __init__(self, settings: Settings, cache: ImageCache, memory: UploadMemory) -> None:
        self._settings = settings
        self._cache = cache
        self._memory = memory
        self.connections: Mapping[str, PacsConnection] = (
            {} if settings.pacs_file is None else read_connections(settings.pacs_file)
        )
        self._clients = {
            name: PacsClient(connection, settings.pacs_seconds) for name, connection in self.connections.items()
        }

    def client(self, pacs: str) -> PacsClient:
        """The client of a PACS.

        Raises
        ------
        PacsUnknown
            When none of that name is configured.
        """
        try:
            return self._clients[pacs]
        except KeyError:
            raise PacsUnknown(pacs, tuple(sorted(self._clients))) from None

    async def image(self, owner: str, origin: Origin) -> HeldImage:
        """Fetch an image for a caller, or take it from the cache.

        Raises
        ------
        PacsError
            When the PACS does not give it, or gives another.
        """
        client = self.client(origin.pacs)
        held = self._cache.fetched(owner, origin)
        if held is None:
            held = await self._fetch(client, origin)
            self._cache.keep_fetched(owner, held)
        return held

    async def _fetch(self, client: PacsClient, origin: Origin) -> HeldImage:
        with self._memory.share() as share:
            arriving: list[ArrivingFile] = []

            class Counted:
                def append(self, data: bytes | memoryview) -> None:
                    share.take(len(data))
                    arriving[-1].append(data)

            def begin(expected_bytes: int) -> Counted:
                arriving.append(ArrivingFile(BodyBuffer(expected_bytes)))
                return Counted()

            await client.fetch(origin.name, begin, self._settings.max_body_mb)
            file = arriving[-1].complete()
            await asyncio.to_thread(_check_uids, origin, file.content)
        return HeldImage(file, origin)

    async def header(self, origin: Origin) -> Dataset:
        """The attributes of an image as the PACS has them now: a merge of patients may have changed them.

        Raises
        ------
        PacsError
            When the PACS does not give them.
        """
        found = await self.client(origin.pacs).metadata(origin.name)
        if found is None:
            raise InstanceNotInPacs(origin.pacs)
        try:
            # Pixels and the like come as addresses, which nobody fetches.
            return Dataset.from_json({tag: value for tag, value in found.items() if "BulkDataURI" not in value})
        except Exception:  # noqa: BLE001 - pydicom raises whatever the values lead it to
            raise PacsAnswerUnreadable(origin.pacs, "its metadata are not DICOM JSON") from None

    async def annotation(self, origin: Origin) -> Dataset:
        """An annotation as its whole file: metadata may leave out long values, and have no pixels.

        Raises
        ------
        PacsError
            When the PACS does not give it, or gives another.
        AnnotationUnreadable
            When the file cannot be read.
        """
        held = await self._fetch(self.client(origin.pacs), origin)
        return await asyncio.to_thread(read_annotation, held.file.content)

    async def search_document(self, origin: Origin, sop_instance_uid: str) -> Dataset:
        """The attributes of a document in an image's study.

        Raises
        ------
        InstanceNotInPacs
            When the study has none of that UID.
        """
        client = self.client(origin.pacs)
        study = origin.name.study
        found = await client.search(f"studies/{study}/instances", [("SOPInstanceUID", sop_instance_uid)])
        series = [item["0020000E"]["Value"][0] for item in found if "Value" in item.get("0020000E", {})]
        if not series:
            raise InstanceNotInPacs(origin.pacs)
        return await self.header(Origin(origin.pacs, InstanceName(study, str(series[0]), sop_instance_uid)))

    async def store(self, pacs: str, study: str, objects: Mapping[InstanceName, bytes]) -> tuple[StoreOutcome, ...]:
        """Store objects in a study; see `PacsClient.store`."""
        return await self.client(pacs).store(study, objects)

    async def states(self) -> Sequence[ArchiveState]:
        """Ask each PACS whether it answers."""

        async def state(name: str, client: PacsClient) -> ArchiveState:
            problem = ""
            try:
                async with asyncio.timeout(_PING_SECONDS):
                    await client.ping()
            except CadxError as error:
                problem = error.code
            except TimeoutError:
                problem = "pacs_too_slow"
            return ArchiveState(name, client.connection.store, not problem, problem)

        return await asyncio.gather(*(state(name, client) for name, client in self._clients.items()))

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.close()


def _check_uids(origin: Origin, content: memoryview) -> None:
    study, instance = instance_uids(content)
    for attribute, received, asked in (
        ("SOP Instance UID", instance, origin.name.instance),
        ("Study Instance UID", study, origin.name.study),
    ):
        if received != asked:
            raise PacsSentAnotherInstance(origin.pacs, attribute)
