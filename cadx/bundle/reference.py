"""The reference image in a bundle, and what the model said of it when it was fitted.

The picture is ``reference.png``; its pixel size, the mark and the answers are in ``reference.json``. Whoever sends them
to a service of the model must get these answers.
"""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cadx.bundle.files import REFERENCE_FACTS, REFERENCE_IMAGE
from cadx.bundle.manifest import first_problems
from cadx.bundle.reference_image import CENTER, SPACING_MM, draw_reference
from cadx.errors import BundleFileInvalid, MammogramError
from cadx.mammogram import ReadingPolicy, read_mammogram
from cadx.model import Model
from cadx.records import LesionCenter, Mammogram
from cadx.self_test import Reference, ReferenceAnswers, reference_answers

PROBABILITIES: Final = ("cnn_probability", "lesion_probability", "probability", "calibrated_probability")


class ReferenceFacts(BaseModel):
    """The content of ``reference.json``.

    Attributes
    ----------
    x, y
        The mark, in pixels of the picture.
    features
        Lesion features by name, in their units.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    x: float
    y: float
    pixel_spacing_mm: float = Field(gt=0)
    features: dict[str, float]
    cnn_probability: float = Field(ge=0, le=1)
    lesion_probability: float = Field(ge=0, le=1)
    probability: float = Field(ge=0, le=1)
    calibrated_probability: float = Field(ge=0, le=1)


def reference_files(name: str, model: Model) -> dict[str, bytes]:
    """Draw the picture, let the model assess it, and return the two files by name.

    Raises
    ------
    BundleIncompatible
        When the model cannot assess it.
    """
    picture = draw_reference()
    answers = reference_answers(name, model, _mammogram(picture, model.policy, SPACING_MM), CENTER)
    facts = ReferenceFacts(
        x=CENTER.x,
        y=CENTER.y,
        pixel_spacing_mm=SPACING_MM,
        features=dict(answers.features),
        **answers.probabilities,
    )
    return {REFERENCE_IMAGE: picture, REFERENCE_FACTS: (facts.model_dump_json(indent=2) + "\n").encode()}


def parse_reference(bundle: str, picture: bytes, facts: bytes, policy: ReadingPolicy) -> Reference:
    """Read the two files.

    Raises
    ------
    BundleFileInvalid
        When they are not what `reference_files` writes.
    """
    try:
        parsed = ReferenceFacts.model_validate_json(facts)
    except ValidationError as error:
        raise BundleFileInvalid(bundle, REFERENCE_FACTS, first_problems(error)) from None
    try:
        mammogram = _mammogram(picture, policy, parsed.pixel_spacing_mm)
    except MammogramError as error:
        raise BundleFileInvalid(bundle, REFERENCE_IMAGE, error.detail) from error
    answers = ReferenceAnswers(parsed.features, {name: getattr(parsed, name) for name in PROBABILITIES})
    return Reference(mammogram, LesionCenter(parsed.x, parsed.y), answers)


def _mammogram(picture: bytes, policy: ReadingPolicy, spacing_mm: float) -> Mammogram:
    return read_mammogram(picture, policy=policy, pixel_spacing_mm=spacing_mm)
