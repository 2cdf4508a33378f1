"""What the models are."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydicom.uid import UID

from app.errors import InvalidRequest, KeyMissing, KeyUnknown, ModelUnknown, RateExceeded
from app.openapi.document import answer, refusals
from app.openapi.examples import MODEL_EXAMPLE
from app.representations.json import model_facts
from app.routes.dependencies import ServiceDep, admit_caller
from app.schemas.answers import ModelFacts, ModelList, ReadableFacts
from app.service import Service, reading_limits
from cadx.bundle import Bundle
from cadx.mammogram import READABLE_TRANSFER_SYNTAXES, FileFormat

router = APIRouter(prefix="/v1/models", tags=["models"])

KEY_REFUSALS = (KeyMissing, KeyUnknown, RateExceeded)


@router.get(
    "",
    summary="The models in service",
    operation_id="list_models",
    dependencies=[Depends(admit_caller)],
    responses={**answer({"models": [MODEL_EXAMPLE]}), **refusals(*KEY_REFUSALS)},
)
async def list_models(service: ServiceDep) -> ModelList:
    """What each model is, what it was fitted on, how it did, what it is for, and what it reads."""
    return ModelList(models=tuple(_facts(service, bundle) for bundle in service.models.bundles.values()))


@router.get(
    "/{name}",
    summary="One model",
    operation_id="get_model",
    dependencies=[Depends(admit_caller)],
    responses={**answer(MODEL_EXAMPLE), **refusals(*KEY_REFUSALS, ModelUnknown, InvalidRequest)},
)
async def get_model(service: ServiceDep, name: Annotated[str, Path(max_length=64, examples=["demo"])]) -> ModelFacts:
    """The same facts about the model of that name."""
    return _facts(service, service.models.get(name))


def _facts(service: Service, bundle: Bundle) -> ModelFacts:
    readable = ReadableFacts(
        file_formats=tuple(FileFormat),
        transfer_syntaxes={uid: UID(uid).name for uid in READABLE_TRANSFER_SYNTAXES},
        max_pixels=reading_limits(service.settings).max_pixels,
        max_body_mb=service.settings.max_body_mb,
    )
    return model_facts(bundle, readable, default=bundle.manifest.name == service.models.default_name)
