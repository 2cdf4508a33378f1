"""The running service: what every route needs, made once from the settings."""

import asyncio
from dataclasses import dataclass, field
from importlib.metadata import version

from app.auth.api_keys import KeyRing
from app.auth.rate_limit import RateLimiter
from app.jobs.queue import Engine
from app.model_store import ModelStore, ReloadOutcome
from app.observability.metrics import Meters
from app.observability.tracing import Tracing
from app.settings import Settings
from app.upload.receiving import UploadMemory
from cadx.mammogram import ReadingLimits
from cadx.runtime.machine import usable_cores
from cadx.runtime.processes import WorkerProcesses

MOST_WORKERS_UNASKED = 8


@dataclass(slots=True)
class Service:
    """The parts of the service. Only `draining` ever changes.

    Attributes
    ----------
    draining
        True from SIGTERM on: /readyz then says no, so that balancers send nothing new.
    """

    settings: Settings
    models: ModelStore
    engine: Engine
    keys: KeyRing
    rate: RateLimiter
    meters: Meters
    memory: UploadMemory
    lesions: WorkerProcesses
    tracing: Tracing | None = None
    draining: bool = field(default=False)


def make_service(settings: Settings) -> Service:
    """Build the parts; no model is loaded yet."""
    engine = Engine(
        settings.workers or min(usable_cores(), MOST_WORKERS_UNASKED),
        settings.queue_capacity,
        settings.deadline_seconds,
    )
    memory = UploadMemory(settings.upload_memory_mb)
    meters = Meters()
    meters.workers.set(engine.workers)
    meters.queue_capacity.set(engine.queue_capacity)
    meters.jobs_running.set_function(lambda: engine.running)
    meters.jobs_waiting.set_function(lambda: engine.waiting)
    meters.upload_bytes.set_function(lambda: memory.used_bytes)
    lesions = WorkerProcesses("cadx.lesion", settings.compute_threads)
    meters.worker_memory.set_function(lambda: lesions.usage().resident_bytes)
    meters.worker_cpu.set_function(lambda: lesions.usage().cpu_seconds)
    return Service(
        settings=settings,
        models=ModelStore(settings),
        engine=engine,
        keys=KeyRing(settings),
        rate=RateLimiter(settings.rate_per_minute, settings.rate_burst),
        meters=meters,
        memory=memory,
        lesions=lesions,
        tracing=Tracing(settings.otlp_endpoint, version("mammo-cadx")) if settings.otlp_endpoint else None,
    )


def reading_limits(settings: Settings) -> ReadingLimits:
    """What an image may ask of the machine."""
    return ReadingLimits(max_pixels=settings.max_megapixels * 10**6, max_file_bytes=settings.max_body_mb * 2**20)


def load_models(service: Service) -> None:
    """Load and test the models, and say so in the metrics."""
    service.models.load()
    note_models(service)


def close_service(service: Service) -> None:
    """Finish the jobs in hand and send the last spans."""
    service.engine.close()
    service.lesions.close()
    if service.tracing is not None:
        service.tracing.close()


async def reload_models(service: Service) -> tuple[ReloadOutcome, ...]:
    """Take up changed bundles without holding up requests."""
    outcomes = await asyncio.to_thread(service.models.reload)
    for outcome in outcomes:
        service.meters.reloads.labels(outcome.outcome).inc()
    note_models(service)
    return outcomes


def note_models(service: Service) -> None:
    """Tell the metrics which models serve."""
    manifests = ((bundle.manifest, bundle.digest) for bundle in service.models.bundles.values())
    service.meters.note_models(
        (manifest.name, manifest.version, digest, manifest.demonstration_only) for manifest, digest in manifests
    )
