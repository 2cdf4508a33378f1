"""The client against a real PACS: Orthanc with authentication."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pydicom
import pytest
from pydicom.uid import generate_uid

from cadx.errors import InstanceNotInPacs, PacsRefused
from cadx.exchange.dicomweb import InstanceName, PacsClient, StoreState, read_connections
from tests.conftest import Orthanc
from training.cohort.cases import Case

Value = TypeVar("Value")


def asked(toml: str, folder: Path, what: Callable[[PacsClient], Awaitable[Value]]) -> Value:
    path = folder / "pacs.toml"
    path.write_text(toml, encoding="utf-8")

    async def ask() -> Value:
        client = PacsClient(read_connections(path)["archive"], 20)
        try:
            return await what(client)
        finally:
            await client.close()

    return asyncio.run(ask())


def name_of(dataset: pydicom.Dataset) -> InstanceName:
    return InstanceName(dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID)


def as_bytes(dataset: pydicom.Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


class Bytes(bytearray):
    def append(self, data: bytes | memoryview) -> None:  # type: ignore[override]
        self.extend(data)


@pytest.fixture
def phantom(unseen_phantom: Case) -> pydicom.Dataset:
    """A study of this test's own."""
    dataset = pydicom.dcmread(unseen_phantom.image)
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return dataset


def test_an_instance_comes_as_it_was_stored(orthanc: Orthanc, phantom: pydicom.Dataset, tmp_path: Path) -> None:
    content = as_bytes(phantom)
    orthanc.upload(content)
    sinks: list[Bytes] = []

    def begin(_: int) -> Bytes:
        sinks.append(Bytes())
        return sinks[-1]

    asked(orthanc.toml(), tmp_path, lambda client: client.fetch(name_of(phantom), begin, 64))
    assert len(sinks) == 1
    assert pydicom.dcmread(io.BytesIO(sinks[0])).PixelData == phantom.PixelData
    other = InstanceName(phantom.StudyInstanceUID, phantom.SeriesInstanceUID, generate_uid())
    with pytest.raises(InstanceNotInPacs):
        asked(orthanc.toml(), tmp_path, lambda client: client.fetch(other, begin, 64))


def test_metadata_and_search(orthanc: Orthanc, phantom: pydicom.Dataset, tmp_path: Path) -> None:
    orthanc.upload(as_bytes(phantom))
    found = asked(orthanc.toml(), tmp_path, lambda client: client.metadata(name_of(phantom)))
    assert found is not None
    assert found["00080018"]["Value"] == [phantom.SOPInstanceUID]
    studies = asked(
        orthanc.toml(),
        tmp_path,
        lambda client: client.search("studies", [("StudyInstanceUID", phantom.StudyInstanceUID)]),
    )
    assert [study["0020000D"]["Value"] for study in studies] == [[phantom.StudyInstanceUID]]
    asked(orthanc.toml(), tmp_path, PacsClient.ping)


def test_what_is_stored_is_not_sent_again(orthanc: Orthanc, phantom: pydicom.Dataset, tmp_path: Path) -> None:
    objects = {name_of(phantom): as_bytes(phantom)}
    study = phantom.StudyInstanceUID
    (first,) = asked(orthanc.toml(), tmp_path, lambda client: client.store(study, objects))
    (again,) = asked(orthanc.toml(), tmp_path, lambda client: client.store(study, objects))
    assert (first.state, again.state) == (StoreState.STORED, StoreState.ALREADY_STORED)


def test_an_object_of_another_study_fails_alone(orthanc: Orthanc, phantom: pydicom.Dataset, tmp_path: Path) -> None:
    """Orthanc answers 409 with reason 272 for the one, and keeps the other."""
    good = as_bytes(phantom)
    good_name, study = name_of(phantom), phantom.StudyInstanceUID
    phantom.SOPInstanceUID = phantom.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    phantom.StudyInstanceUID = generate_uid()
    objects = {good_name: good, name_of(phantom): as_bytes(phantom)}
    outcomes = asked(orthanc.toml(), tmp_path, lambda client: client.store(study, objects))
    assert [outcome.state for outcome in outcomes] == [StoreState.STORED, StoreState.FAILED]
    assert outcomes[1].reason == 272
    assert "processing failure" in outcomes[1].text


def test_junk_beside_an_object_fails_alone(orthanc: Orthanc, phantom: pydicom.Dataset, tmp_path: Path) -> None:
    junk = InstanceName(phantom.StudyInstanceUID, phantom.SeriesInstanceUID, generate_uid())
    objects = {name_of(phantom): as_bytes(phantom), junk: b"junk"}
    outcomes = asked(orthanc.toml(), tmp_path, lambda client: client.store(phantom.StudyInstanceUID, objects))
    assert [outcome.state for outcome in outcomes] == [StoreState.STORED, StoreState.FAILED]


def test_a_wrong_password_is_said(orthanc: Orthanc, tmp_path: Path) -> None:
    toml = orthanc.toml().replace(orthanc.password, "another")
    with pytest.raises(PacsRefused) as refusal:
        asked(toml, tmp_path, PacsClient.ping)
    assert refusal.value.pacs_status == 401


def test_a_password_in_a_file_is_read_again(orthanc: Orthanc, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("another\n", encoding="utf-8")
    (tmp_path / "pacs.toml").write_text(
        f'[archive]\nurl = "{orthanc.dicomweb}"\nuser = "{orthanc.user}"\npassword_file = "{secret}"\n', "utf-8"
    )

    async def ask() -> None:
        client = PacsClient(read_connections(tmp_path / "pacs.toml")["archive"], 20)
        try:
            with pytest.raises(PacsRefused):
                await client.ping()
            secret.write_text(f"{orthanc.password}\n", encoding="utf-8")
            await client.ping()
        finally:
            await client.close()

    asyncio.run(ask())
