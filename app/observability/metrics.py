"""What is counted: Prometheus metrics of the service. Names, never values, of people's data."""

from collections.abc import Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from app.observability.drift import DriftMonitor

SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
PROBABILITY = tuple(step / 20 for step in range(1, 21))


class Metrics:
    """Every metric, in a registry of its own, so that two services in one process do not mix."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            "cadx_requests",
            "Requests by route, method and status.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "cadx_request_seconds",
            "Time from the headers of a request to the end of its answer.",
            ("route",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.stage_seconds = Histogram(
            "cadx_stage_seconds",
            "Time of one stage of a prediction: upload, queue, read, roi, cnn_branch, lesion_branch, artifacts.",
            ("stage",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.refusals = Counter("cadx_refusals", "Refused requests by problem code.", ("code",), registry=self.registry)
        self.flags = Counter(
            "cadx_flags", "Flags on answered predictions by flag code.", ("flag",), registry=self.registry
        )
        self.probability = Histogram(
            "cadx_probability",
            "Predicted probabilities by model and method; compare with the training cohort's to see drift.",
            ("model", "digest", "method"),
            buckets=PROBABILITY,
            registry=self.registry,
        )
        self.jobs_running = Gauge("cadx_jobs_running", "Predictions being computed.", registry=self.registry)
        self.jobs_waiting = Gauge("cadx_jobs_waiting", "Predictions in the queue.", registry=self.registry)
        self.queue_capacity = Gauge("cadx_queue_capacity", "Slots in the queue.", registry=self.registry)
        self.workers = Gauge("cadx_workers", "Predictions computed at the same time.", registry=self.registry)
        self.upload_bytes = Gauge("cadx_upload_bytes", "Bytes of request bodies in flight.", registry=self.registry)
        self.image_cache_bytes = Gauge(
            "cadx_image_cache_bytes", "Bytes of images that are kept between requests.", registry=self.registry
        )
        self.models = Gauge(
            "cadx_model_info",
            "Loaded models; always 1.",
            ("model", "version", "digest", "demonstration_only"),
            registry=self.registry,
        )
        self.drift = DriftMonitor()
        self.registry.register(self.drift)
        self.reloads = Counter("cadx_reloads", "Reloads of a model by outcome.", ("outcome",), registry=self.registry)

    def observe_stages(self, seconds: Mapping[str, float]) -> None:
        """Count the time of each stage of one prediction."""
        for stage, value in seconds.items():
            self.stage_seconds.labels(stage).observe(value)

    def observe_probabilities(self, model: str, digest: str, probabilities: Mapping[str, float]) -> None:
        """Count one prediction's probabilities by method."""
        for method, value in probabilities.items():
            self.probability.labels(model, digest[:12], method).observe(value)

    def set_models(self, models: Iterable[tuple[str, str, str, bool]]) -> None:
        """State which models are loaded: name, version, digest, demonstration only."""
        self.models.clear()
        for name, version, digest, demonstration in models:
            self.models.labels(name, version, digest[:12], str(demonstration).lower()).set(1)

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
