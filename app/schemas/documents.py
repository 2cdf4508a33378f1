"""Results as objects of a hospital's systems: which, and what is asked about them."""

from enum import StrEnum

from pydantic import Field

from app.schemas.base import Answer
from app.schemas.forms import BareFileFields, Options
from app.schemas.references import PacsName, Uid
from cadx.exchange import FindingKind


class DocumentKind(StrEnum):
    """What an answer may be written as, besides JSON."""

    SR = "sr"
    SEG = "seg"
    GSPS = "gsps"
    CAD_SR = "cad-sr"
    FHIR = "fhir"


class StoredKind(StrEnum):
    """What may be stored in a PACS."""

    SR = "sr"
    SEG = "seg"
    GSPS = "gsps"
    CAD_SR = "cad-sr"


class SrClass(StrEnum):
    """SOP class of an SR."""

    COMPREHENSIVE_3D = "comprehensive-3d"
    COMPREHENSIVE = "comprehensive"


class DocumentOptions(Options):
    """Query parameters of a prediction that is written as an object of a hospital's systems."""

    finding: FindingKind = Field(FindingKind.SELECTED_REGION, description="What the caller says the lesion is.")
    sr_class: SrClass = Field(
        SrClass.COMPREHENSIVE_3D, description="SOP class of the SR; older PACS take `comprehensive` alone."
    )
    tracking_identifier: str = Field("", max_length=64, description="The lesion's name for people, in the SR.")
    tracking_uid: Uid | None = Field(None, description="The lesion's UID over time; without it one is derived.")
    predecessor: Uid | None = Field(
        None, description="SOP Instance UID of the SR, in the same PACS and study, that this one corrects."
    )


class PredictionOptions(DocumentOptions):
    """Query parameters of a prediction."""

    store: list[StoredKind] = Field(
        default_factory=list,
        max_length=4,
        description="Store the result as these objects in the image's study, in the PACS that it came from or that "
        "`pacs` names. Repeat it for several.",
    )
    pacs: PacsName | None = Field(None, description="Where to store the result of an image that was sent.")


class LesionDocumentOptions(DocumentOptions, BareFileFields):
    """Query parameters of one lesion's document, whose body may be the bare file."""


class LesionOptions(PredictionOptions, BareFileFields):
    """Query parameters of one lesion's prediction, whose body may be the bare file."""


class StoredObject(Answer):
    """What became of an object that was to be stored."""

    kind: StoredKind
    series: str = Field(description="Series Instance UID.")
    instance: str = Field(description="SOP Instance UID.")
    state: str = Field(description="`stored`, `stored_with_warning`, `already_stored` or `failed`.")
    reason: str = Field(description="What the PACS said, where it said something.")
