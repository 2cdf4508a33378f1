"""What a reader made of a result: a neutral frozen record, the same for writing it and for counting it.

`verdict_report` (of `cadx.exchange.dicom`) writes one as a DICOM object, `read_verdict` reads it back:

    file_bytes(verdict_report(verdict, source, algorithm, created))
    read_verdict(read_annotation(content))
"""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from cadx.records import LesionCenter, Points


class Verdict(StrEnum):
    """What a reader made of a result."""

    ACCEPT = "accept"
    MODIFY = "modify"
    REJECT = "reject"


class Category(StrEnum):
    """A BI-RADS assessment category (CID 6027)."""

    C0 = "0"
    C1 = "1"
    C2 = "2"
    C3 = "3"
    C4 = "4"
    C4A = "4A"
    C4B = "4B"
    C4C = "4C"
    C5 = "5"
    C6 = "6"


@dataclass(frozen=True, slots=True)
class ReaderAssessment:
    """How a reader judges a lesion; each part None where it is not told.

    Attributes
    ----------
    category
        Of BI-RADS.
    probability
        Of malignancy, 0 to 1, as the reader estimates it.
    """

    category: Category | None = None
    probability: float | None = None

    @property
    def told(self) -> bool:
        """Whether there is anything in it."""
        return self.category is not None or self.probability is not None


@dataclass(frozen=True, slots=True)
class ReaderVerdict:
    """What a reader made of one prediction.

    Attributes
    ----------
    prediction_id
        The answer's `id`.
    model_name, model_version, model_digest
        Of the bundle that answered.
    probability
        That the reader was shown, 0 to 1.
    verdict
        Accepted as it is, modified (another outline or another assessment), or rejected.
    reader
        The observer's name or pseudonym, 1 to 64 characters.
    center
        The mark that was asked about, in pixels of the stored image.
    final
        The assessment with the aid.
    unaided
        The assessment that the reader gave before the result was shown; nothing told where the reader saw it at once.
    contour
        (n, 2): the final outline, x, y in pixels of the stored image; None where the answer's stands.
    study_uid, sop_instance_uid, frame
        The image; filled in where a verdict is read back.
    tracking_uid
        The lesion's, as in the result's own report; "" for one that is derived from image and mark.
    """

    prediction_id: str
    model_name: str
    model_version: str
    model_digest: str
    probability: float
    verdict: Verdict
    reader: str = field(repr=False)
    center: LesionCenter
    final: ReaderAssessment = ReaderAssessment()
    unaided: ReaderAssessment = ReaderAssessment()
    contour: Points | None = field(default=None, compare=False)
    study_uid: str = field(default="", repr=False)
    sop_instance_uid: str = field(default="", repr=False)
    frame: int | None = None
    tracking_uid: str = field(default="", repr=False)

    def same_outline(self, other: "ReaderVerdict") -> bool:
        """Whether two verdicts hold the same outline, in the single precision of a report."""
        if self.contour is None or other.contour is None:
            return self.contour is other.contour
        return np.array_equal(self.contour.astype(np.float32), other.contour.astype(np.float32))
