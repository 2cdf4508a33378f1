"""What only an administrator may do."""

from fastapi import APIRouter, Depends

from app.errors import KeyMissing, KeyUnknown, NotAnAdministrator
from app.openapi.document import answer, refusals
from app.openapi.examples import RELOAD_EXAMPLE
from app.routes.dependencies import ServiceDep, admit_administrator
from app.schemas.answers import ReloadedModel, ReloadReport
from app.service import reload_models

router = APIRouter(prefix="/v1/admin", tags=["admin"], dependencies=[Depends(admit_administrator)])


@router.post(
    "/reload",
    summary="Take up bundles that changed on disk",
    operation_id="reload_models",
    responses={**answer(RELOAD_EXAMPLE), **refusals(KeyMissing, KeyUnknown, NotAnAdministrator)},
)
async def reload(service: ServiceDep) -> ReloadReport:
    """Verify, load and test changed bundles, then exchange them; a bad one leaves what serves. Needs an admin key."""
    return ReloadReport(
        models=tuple(
            ReloadedModel(
                name=outcome.name,
                outcome=outcome.outcome,
                digest=outcome.digest,
                code=outcome.code,
                detail=outcome.detail,
            )
            for outcome in await reload_models(service)
        )
    )
