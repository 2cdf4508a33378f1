"""What a PACS tells of its studies and images (QIDO-RS, PS3.18 10.6), as the page's worklist shows it."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from app.schemas.worklist import MOST_IMAGES, PAGE_STUDIES, FoundImage, FoundStudies, FoundStudy, StudySearch
from cadx.exchange.dicomweb import PacsClient

_MOST_LETTERS = 128
_VIEW_FIELDS = ("00200062", "00185101", "00280010", "00280011", "00280008")

Item = Mapping[str, Any]


async def find_studies(client: PacsClient, search: StudySearch) -> FoundStudies:
    """Ask for one page of studies.

    Raises
    ------
    PacsError
        When the PACS does not tell.
    """
    # One more than a page tells whether there is another.
    query = [("limit", str(PAGE_STUDIES + 1)), ("offset", str(search.offset)), ("ModalitiesInStudy", search.modality)]
    day = search.date
    if search.patient_id is not None:
        query.append(("PatientID", _plain(search.patient_id)))
    if search.patient_name is not None:
        query.append(("PatientName", _plain(search.patient_name.rstrip("*")) + "*"))
    if day is None and search.patient_id is None and search.patient_name is None:
        day = date.today()  # of the clock on the wall, as a PACS writes it
    if day is not None:
        query.append(("StudyDate", f"{day:%Y%m%d}"))
    query += [("includefield", "00081030"), ("includefield", "00080050")]
    found = await client.search("studies", query)
    studies = [_study(item) for item in found[:PAGE_STUDIES]]
    more = len(found) > PAGE_STUDIES
    return FoundStudies(
        studies=tuple(sorted(studies, key=lambda study: (study.date, study.time), reverse=True)),
        next_offset=search.offset + PAGE_STUDIES if more else None,
    )


async def find_study(client: PacsClient, study: str) -> FoundStudy | None:
    """Ask for one study; None where the PACS does not have it.

    Raises
    ------
    PacsError
        When the PACS does not tell.
    """
    query = [("StudyInstanceUID", study), ("includefield", "00081030"), ("includefield", "00080050")]
    found = [item for item in map(_study, await client.search("studies", query)) if item.study == study]
    return found[0] if found else None


async def find_images(client: PacsClient, study: str, modality: str) -> tuple[FoundImage, ...]:
    """Ask for a study's images of a modality, series by series: not every PACS lists a study's instances at once.

    Raises
    ------
    PacsError
        When the PACS does not tell.
    """
    images: list[FoundImage] = []
    query = [("Modality", modality), ("includefield", "0008103E")]
    fields = [("limit", str(MOST_IMAGES)), *(("includefield", tag) for tag in _VIEW_FIELDS)]
    for series in await client.search(f"studies/{study}/series", query):
        uid = _text(series, "0020000E")
        if _text(series, "00080060") not in {"", modality} or not uid or len(images) >= MOST_IMAGES:
            continue
        found = await client.search(f"studies/{study}/series/{uid}/instances", fields)
        images += (_image(item, uid, _text(series, "0008103E")) for item in found if _text(item, "00080018"))
    images.sort(key=lambda image: (image.view, image.laterality, image.series, image.instance))
    return tuple(images[:MOST_IMAGES])


def _plain(text: str) -> str:
    """A text to match, with DICOM's wildcard for one letter in the place of all that a URL would have to encode.

    Not every PACS decodes a query, nor knows in which character set it is; what is found is shown to the reader.
    """
    return re.sub(r"[^A-Za-z0-9*?._~-]", "?", text)


def _study(item: Item) -> FoundStudy:
    return FoundStudy(
        study=_text(item, "0020000D"),
        date=_day(_text(item, "00080020")),
        time=_clock(_text(item, "00080030")),
        patient_name=_text(item, "00100010"),
        patient_id=_text(item, "00100020"),
        birth_date=_day(_text(item, "00100030")),
        sex=_text(item, "00100040"),
        accession_number=_text(item, "00080050"),
        description=_text(item, "00081030"),
    )


def _image(item: Item, series: str, description: str) -> FoundImage:
    return FoundImage(
        series=series,
        instance=_text(item, "00080018"),
        laterality=_text(item, "00200062"),
        view=_text(item, "00185101"),
        rows=_number(item, "00280010"),
        columns=_number(item, "00280011"),
        frames=_number(item, "00280008"),
        description=description,
    )


def _text(item: Item, tag: str) -> str:
    """The first value of an attribute in DICOM JSON (PS3.18 F.2), whatever a PACS made of it; empty without."""
    attribute = item.get(tag)
    values = attribute.get("Value") if isinstance(attribute, Mapping) else None
    first = values[0] if isinstance(values, Sequence) and not isinstance(values, str) and values else None
    if isinstance(first, Mapping):  # a name
        first = next((first[part] for part in ("Alphabetic", "Ideographic", "Phonetic") if first.get(part)), None)
    return str(first)[:_MOST_LETTERS].strip() if isinstance(first, str | int | float) else ""


def _number(item: Item, tag: str) -> int | None:
    text = _text(item, tag)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else None


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else text


def _clock(text: str) -> str:
    return f"{text[:2]}:{text[2:4]}" if len(text) >= 4 and text[:4].isdigit() else text
