"""The HTTP server (uvicorn): run until a signal, drain, stop."""

import asyncio
import contextlib
import ipaddress
import logging
import math
import signal
import socket
import time

import uvicorn
from fastapi import FastAPI

from app.errors import AddressUnusable
from app.server.connections import guarded_protocol
from app.service import Service, reload_models
from app.settings import Settings

_LOG = logging.getLogger(__name__)
_BACKLOG = 2048  # uvicorn's


def run_server(application: FastAPI, service: Service) -> None:
    """Serve until SIGTERM or SIGINT; the models are loaded."""
    settings = service.settings
    config = uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http=guarded_protocol(settings.header_seconds, settings.max_connections),
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(settings.shutdown_seconds),
    )
    _Server(config, service).run(sockets=_both_families(settings))


def _both_families(settings: Settings) -> list[socket.socket] | None:
    """A socket for IPv6 and IPv4 where the address is IPv6's "any"; otherwise none, and uvicorn opens its own.

    asyncio, which uvicorn asks, keeps IPv4 out of every IPv6 socket.
    """
    try:
        if ipaddress.ip_address(settings.host) != ipaddress.IPv6Address("::"):
            return None
    except ValueError:  # a name
        return None
    try:
        listening = socket.create_server(
            (settings.host, settings.port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True
        )
    except (OSError, ValueError) as error:  # the second: this system cannot have both on one socket
        raise AddressUnusable(f"[{settings.host}]:{settings.port}", str(error)) from None
    _LOG.info("Listening on port %d, IPv6 and IPv4", listening.getsockname()[1])
    return [listening]


class _Server(uvicorn.Server):
    """uvicorn with three habits more: SIGHUP reloads models, a drain before it stops accepting, SIGTERM ends with 0."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service
        self._leave_at = math.inf
        self._reloads: set[asyncio.Task[object]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        with contextlib.suppress(NotImplementedError, AttributeError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._reload)

    async def on_tick(self, counter: int) -> bool:
        leaving = await super().on_tick(counter)
        if leaving and not self._service.draining:
            self._service.draining = True
            self._leave_at = time.monotonic() + self._service.settings.drain_seconds
        return leaving and (self.force_exit or time.monotonic() >= self._leave_at)

    async def _serve(self, sockets: list[socket.socket] | None = None) -> None:
        await super()._serve(sockets)
        self._captured_signals.clear()

    def _reload(self) -> None:
        task = asyncio.create_task(reload_models(self._service))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)
