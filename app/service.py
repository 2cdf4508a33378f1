"""The running service: what every route needs, made once from the settings."""

import asyncio
from dataclasses import dataclass, field
from importlib.metadata import version

from app.auth.api_keys import KeyRing
from app.auth.origins import listens_on_loopback
from app.auth.rate_limit import RateLimiter
from app.errors import KeysNeeded, ThreadsTooFew
from app.images.archives import Archives
from app.images.cache import ImageCache
from app.jobs.queue import JobQueue
from app.model_store import ModelStore, ReloadOutcome
from app.observability.audit import AuditLog
from app.observability.metrics import Metrics
from app.observability.tracing import Tracing
from app.settings import Settings
from app.upload.receiving import UploadMemory
from cadx.assessment import assess
from cadx.bundle.reference_image import CENTER, SPACING_MM, draw_reference
from cadx.mammogram import ReadingLimits, read_mammogram
from cadx.runtime.machine import startable_threads, usable_cores

MOST_WORKERS_UNASKED = 8
_OTHER_THREADS = 8  # digests of bodies that arrive, reloads


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
    jobs: JobQueue
    keys: KeyRing
    rate: RateLimiter
    metrics: Metrics
    memory: UploadMemory
    images: ImageCache
    archives: Archives
    audit: AuditLog
    tracing: Tracing | None = None
    draining: bool = field(default=False)


def make_service(settings: Settings) -> Service:
    """Build the parts; no model is loaded yet."""
    jobs = JobQueue(
        settings.workers or min(usable_cores(), MOST_WORKERS_UNASKED),
        settings.queue_capacity,
        settings.deadline_seconds,
    )
    memory = UploadMemory(settings.upload_memory_mb)
    metrics = Metrics()
    metrics.workers.set(jobs.workers)
    metrics.queue_capacity.set(jobs.queue_capacity)
    metrics.jobs_running.set_function(lambda: jobs.running)
    metrics.jobs_waiting.set_function(lambda: jobs.waiting)
    metrics.upload_bytes.set_function(lambda: memory.used_bytes)
    images = ImageCache(settings.image_cache_mb, settings.image_cache_minutes)
    metrics.image_cache_bytes.set_function(lambda: images.used_bytes)
    keys = KeyRing(settings)
    if settings.pacs_file is not None and not keys.required and not listens_on_loopback(settings.host):
        raise KeysNeeded
    return Service(
        settings=settings,
        models=ModelStore(settings),
        jobs=jobs,
        keys=keys,
        rate=RateLimiter(settings.rate_per_minute, settings.rate_burst),
        metrics=metrics,
        memory=memory,
        images=images,
        archives=Archives(settings, images, memory),
        audit=AuditLog(settings.audit_file),
        tracing=Tracing(settings.otlp_endpoint, version("mammo-cadx")) if settings.otlp_endpoint else None,
    )


def reading_limits(settings: Settings) -> ReadingLimits:
    """What an image may ask of the machine."""
    return ReadingLimits(max_pixels=settings.max_megapixels * 10**6, max_file_bytes=settings.max_body_mb * 2**20)


def load_models(service: Service) -> None:
    """Load the models with their self-tests, and say so in the metrics."""
    service.models.load()
    note_models(service)


def ensure_threads(service: Service) -> None:
    """Make sure, before anything is started, that the system allows what the service will start.

    Raises
    ------
    ThreadsTooFew
        When it does not.
    """
    threads = service.settings.compute_threads
    # A worker: its thread, and one for the CNN branch.
    needed = service.jobs.workers * (1 + threads) + threads + _OTHER_THREADS
    found = startable_threads(needed)
    if found < needed:
        raise ThreadsTooFew(found, needed)


def warm_workers(service: Service) -> None:
    """Let every worker thread compute once, so that no reader waits for its first time."""
    bundle = service.models.get(None)
    mammogram = read_mammogram(draw_reference(), policy=bundle.policy, pixel_spacing_mm=SPACING_MM)
    service.jobs.in_every_worker(lambda: assess(bundle, mammogram, CENTER))


def close_service(service: Service) -> None:
    """Finish the jobs in flight and send the last spans."""
    service.jobs.close()
    if service.tracing is not None:
        service.tracing.close()


async def reload_models(service: Service) -> tuple[ReloadOutcome, ...]:
    """Take up changed bundles without holding up requests."""
    outcomes = await asyncio.to_thread(service.models.reload)
    for outcome in outcomes:
        service.metrics.reloads.labels(outcome.outcome).inc()
    note_models(service)
    return outcomes


def note_models(service: Service) -> None:
    """Tell the metrics which models serve."""
    service.metrics.drift.set_models(service.models.bundles)
    manifests = ((bundle.manifest, bundle.digest) for bundle in service.models.bundles.values())
    service.metrics.set_models(
        (manifest.name, manifest.version, digest, manifest.demonstration_only) for manifest, digest in manifests
    )
