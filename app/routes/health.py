"""Whether the process lives, and whether it can answer."""

from fastapi import APIRouter
from starlette.responses import Response

from app.errors import NotReady
from app.openapi.document import refusals
from app.representations.json import model_reference
from app.routes.dependencies import ServiceDep
from app.schemas.answers import Health, Readiness

router = APIRouter(tags=["health"])


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz", summary="Is the process alive?", operation_id="get_health")
async def healthz() -> Health:
    """Answer as long as the process runs, whatever the load."""
    return Health()


@router.head("/readyz", include_in_schema=False)
@router.get(
    "/readyz",
    summary="Can the service answer predictions?",
    operation_id="get_readiness",
    responses=refusals(NotReady),
)
async def readyz(service: ServiceDep) -> Readiness:
    """Answer 200 once a model is loaded and has answered one inference; 503 before, and from SIGTERM on."""
    if service.draining:
        raise NotReady("it is shutting down")
    if not service.models.bundles:
        raise NotReady("no model is loaded yet")
    return Readiness(models=tuple(model_reference(bundle) for bundle in service.models.bundles.values()))


@router.head("/metrics", include_in_schema=False)
@router.get(
    "/metrics",
    summary="Prometheus metrics",
    operation_id="get_metrics",
    response_class=Response,
    responses={
        200: {"description": "Text exposition format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    },
)
async def metrics(service: ServiceDep) -> Response:
    """Counters, gauges and histograms of the service; no patient data."""
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
