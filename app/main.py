"""The application: `create_app(settings)`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from app.middleware import RequestEnvelope
from app.openapi.document import install_openapi
from app.pages import api_docs, ohif_module
from app.pages.reader import reader_router
from app.problems import install_problems
from app.routes import admin, health, images, models, pacs, predictions, verdicts
from app.service import Service, close_service, load_models, make_service
from app.settings import Settings, read_settings
from cadx.runtime.machine import tune_process

DESCRIPTION = """
A reader marks the center of a lesion on a mammogram; the service answers with the probability of malignancy: the
mean of an SVM on features of a convolutional network and an SVM on features of the segmented lesion
(Huynh, Li & Giger 2016).

**Research use only. Not a medical device.** Coordinates are pixels of the stored image, x = column, y = row, (0, 0) =
the top-left corner of the top-left pixel. Every refusal is a problem document (RFC 9457) with a stable `code`.
"""


def create_app(settings: Settings | None = None, service: Service | None = None) -> FastAPI:
    """Build the application.

    Parameters
    ----------
    settings
        Read from the environment when not given.
    service
        The service's parts, when they were made (and their models loaded) before; otherwise the application makes
        them, and loads the models when it starts.
    """
    parts = service or make_service(settings or read_settings())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if not parts.models.bundles:
            tune_process(parts.settings.compute_threads)
            await asyncio.to_thread(load_models, parts)
        yield
        await parts.archives.close()
        await asyncio.to_thread(close_service, parts)

    application = FastAPI(
        title="mammo-cadx",
        version=version("mammo-cadx"),
        summary="Computer-aided diagnosis of mammographic lesions. Research use only.",
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    application.state.service = parts
    if parts.settings.cors_origins:
        application.add_middleware(
            CORSMiddleware,
            allow_origins=parts.settings.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            # W3C's tracing libraries in a browser send all three of their headers, and without leave nothing at all.
            allow_headers=["X-API-Key", "X-Request-ID", "traceparent", "tracestate", "baggage", "Content-Type"],
            expose_headers=["X-Request-ID", "traceparent", "Retry-After"],
        )
    application.add_middleware(
        RequestEnvelope,
        metrics=parts.metrics,
        tracing=parts.tracing,
        origins=parts.settings.cors_origins,
        hosts=parts.settings.hosts,
    )
    for module in (predictions, verdicts, images, pacs, models, admin, health, ohif_module):
        application.include_router(module.router)
    application.include_router(reader_router(parts.settings.frame_ancestors))
    if parts.settings.docs:
        application.include_router(api_docs.router)
    install_problems(application)
    install_openapi(application, with_keys=parts.keys.required)
    return application
