"""What a reader made of a prediction, as a request tells it."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from app.schemas.answers import ModelReference
from app.schemas.base import Answer
from app.schemas.marks import Contour
from app.schemas.references import JsonBody, LesionReference, Uid
from cadx.exchange import Category, Verdict
from cadx.exchange.dicomweb import StoreState

Share = Annotated[float, Field(ge=0, le=1)]
# What a DICOM person name may hold in one component, and its carets.
ReaderName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\\=\x00-\x1f\x7f]*[^\\=^\s\x00-\x1f\x7f]$")]


class ShownPrediction(JsonBody):
    """The answer that the reader was shown: what stands in it under the same names."""

    id: str = Field(min_length=1, max_length=64, pattern=r"^[\w-]+$", examples=["p-0123"])
    probability: Share = Field(description="As it was shown.", examples=[0.31])
    model: ModelReference


class Judgement(JsonBody):
    """How a reader judges a lesion; either part may be left out."""

    category: Category | None = Field(None, description="Assessment category of BI-RADS.", examples=["4A"])
    probability: Share | None = Field(None, description="Of malignancy, as the reader estimates it.")


class VerdictBody(JsonBody):
    """What a reader made of one prediction of one lesion on one image."""

    lesion: LesionReference = Field(description="The lesion, as it was asked about.")
    prediction: ShownPrediction
    verdict: Verdict = Field(description="`modify` needs a `contour` or a `final` judgement.")
    reader: ReaderName = Field(description="Name or pseudonym of the reader.", examples=["Reader 7"])
    final: Judgement = Field(Judgement(), description="With the aid.")
    unaided: Judgement = Field(
        Judgement(), description="Before the prediction was shown; left out where it was shown at once."
    )
    contour: Contour | None = Field(
        None, description="The final outline, [x, y] in pixels of the stored image; not with `accept`."
    )
    report: Uid | None = Field(
        None,
        description="SOP Instance UID of the prediction's own SR in the same PACS and study, where it is stored.",
    )
    predecessor: Uid | None = Field(
        None, description="SOP Instance UID of the verdict, in the same PACS and study, that this one corrects."
    )

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.verdict is Verdict.ACCEPT and self.contour is not None:
            raise PydanticCustomError("accepted", "an outline that was accepted is not drawn anew: contour")
        if self.verdict is Verdict.MODIFY and self.contour is None and self.final == Judgement():
            raise PydanticCustomError("unmodified", "modify needs a contour or a final judgement")
        return self


class StoredVerdict(Answer):
    """What became of a verdict in the PACS."""

    series: str = Field(description="Series Instance UID.")
    instance: str = Field(description="SOP Instance UID.")
    state: StoreState
    reason: str = Field(description="What the PACS said, where it said something.")
