"""Finding images in a PACS: questions in a body, never in a URL, because they name patients."""

from datetime import date as Date  # noqa: N812 - a field is called `date`
from typing import Annotated

from pydantic import Field

from app.schemas.base import Answer
from app.schemas.references import INSTANCE_EXAMPLE, SERIES_EXAMPLE, STUDY_EXAMPLE, JsonBody, Uid

PAGE_STUDIES = 50
MOST_IMAGES = 200

# No backslash, which separates values in DICOM, and no control character.
Text = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\\\x00-\x1f\x7f]+$")]


class StudySearch(JsonBody):
    """Which studies are looked for."""

    date: Date | None = Field(
        None, description="Day of the study. Left out: today, or any day where a patient is named."
    )
    patient_id: Text | None = Field(None, description="Patient ID; `*` and `?` stand for any letters and any one.")
    patient_name: Text | None = Field(
        None, description="Beginning of the patient's name as DICOM writes it, family name first (FAMILY^GIVEN)."
    )
    modality: Annotated[str, Field(pattern=r"^[A-Z]{2,16}$")] = Field("MG", description="Modality in the study.")
    offset: int = Field(0, ge=0, le=100_000, description="How many studies to pass over: `next_offset` of the answer.")


class ImageSearch(JsonBody):
    """Which study's images are looked for."""

    study: Uid = Field(description="Study Instance UID.", examples=[STUDY_EXAMPLE])
    modality: Annotated[str, Field(pattern=r"^[A-Z]{2,16}$")] = Field("MG", description="Modality of the series.")


class FoundStudy(Answer):
    """One study as the PACS describes it. It names a patient."""

    study: str = Field(description="Study Instance UID.", examples=[STUDY_EXAMPLE])
    date: str = Field(description="Day, as YYYY-MM-DD; empty where the PACS does not tell.")
    time: str = Field(description="Time, as HH:MM.")
    patient_name: str
    patient_id: str
    birth_date: str
    sex: str
    accession_number: str
    description: str


class FoundStudies(Answer):
    """Studies of a PACS, the latest first as far as they are on this page."""

    studies: tuple[FoundStudy, ...] = Field(description=f"At most {PAGE_STUDIES}.")
    next_offset: int | None = Field(None, description="Where the next page begins; left out on the last.")


class FoundImage(Answer):
    """One image of a study."""

    series: str = Field(description="Series Instance UID.", examples=[SERIES_EXAMPLE])
    instance: str = Field(description="SOP Instance UID.", examples=[INSTANCE_EXAMPLE])
    laterality: str = Field(description="L or R, where the PACS tells.")
    view: str = Field(description="View Position, such as CC or MLO, where the PACS tells.")
    rows: int | None = None
    columns: int | None = None
    frames: int | None = None
    description: str = Field(description="Of the series.")


class FoundImages(Answer):
    """A study and its images."""

    study: FoundStudy
    images: tuple[FoundImage, ...] = Field(description=f"By side and view; at most {MOST_IMAGES}.")
