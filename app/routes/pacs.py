"""Which PACS are configured, and whether they answer."""

from fastapi import APIRouter

from app.auth.api_keys import Right
from app.errors import HostUnknown, KeyMissing, KeyUnknown, OriginRefused, RateExceeded, RightMissing
from app.openapi.document import answer, refusals
from app.openapi.examples import PACS_EXAMPLE
from app.routes.dependencies import CallerDep, ServiceDep
from app.schemas.answers import PacsList, PacsState

router = APIRouter(prefix="/v1/pacs", tags=["pacs"])


@router.get(
    "",
    summary="Which PACS are configured, and whether they answer",
    operation_id="list_pacs",
    response_model=PacsList,
    response_model_exclude_none=True,
    responses=answer(PACS_EXAMPLE)
    | refusals(KeyMissing, KeyUnknown, RightMissing, OriginRefused, HostUnknown, RateExceeded),
)
async def list_pacs(service: ServiceDep, caller: CallerDep) -> PacsList:
    """Ask each PACS for one study, within 5 s. Addresses are not told."""
    service.keys.require(caller, Right.READ)
    return PacsList(
        pacs=tuple(
            PacsState(name=state.name, answers=state.answers, stores=state.stores, problem=state.problem or None)
            for state in await service.archives.states()
        )
    )
