"""What routes ask for by name."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader

from app.auth.api_keys import KeyEntry
from app.observability.request_context import current_request
from app.service import Service

API_KEY = APIKeyHeader(
    name="X-API-Key",
    scheme_name="ApiKey",
    auto_error=False,
    description="Issued by the operator (`cadx-serve new-key NAME`). Not required where the service is run open.",
)


async def get_service(request: Request) -> Service:
    """The running service; a coroutine, because FastAPI sends plain functions through a thread."""
    service: Service = request.app.state.service
    return service


ServiceDep = Annotated[Service, Depends(get_service)]
KeyDep = Annotated[str | None, Security(API_KEY)]


async def admit_caller(service: ServiceDep, key: KeyDep) -> KeyEntry | None:
    """Let a caller with a valid key in, within its rate, before its body is read; nobody where the service is open."""
    caller = service.keys.find(key)
    if caller is not None:
        current_request().key_name = caller.name
        service.rate.spend(caller.name)
    return caller


CallerDep = Annotated[KeyEntry | None, Depends(admit_caller)]


async def admit_administrator(service: ServiceDep, key: KeyDep) -> None:
    """Let a caller with an admin key in."""
    current_request().key_name = service.keys.find_administrator(key).name


async def client_gone(request: Request) -> None:
    """Return when the client has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
