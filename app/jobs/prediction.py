"""The job of a worker: image bytes and marks in, predictions out. Everything here runs in a worker thread."""

import time
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from app.images.held import HeldImage
from app.jobs.queue import Ticket
from app.observability.drift import drift_values
from app.observability.metrics import Metrics
from app.observability.request_context import current_request
from app.representations.json import prediction_of
from app.representations.trust import asked_parts, robustness_of
from app.schemas.answers import Prediction
from app.schemas.base import Part
from cadx.assessment import Assessment, assess
from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.bundle import Bundle, prediction_id
from cadx.lesion import readers_contour
from cadx.mammogram import ReadingLimits, VoiPolicy
from cadx.records import LesionCenter, Mammogram
from cadx.robustness import DiscRobustness, click_robustness, unstable_flags

Corners = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """What a reader said of one lesion.

    Attributes
    ----------
    center
        None for a point inside the contour.
    contour
        The reader's outline: x, y in pixels of the stored image.
    diameter_mm
        The reader's measurement.
    """

    center: LesionCenter | None
    contour: Corners | None = None
    diameter_mm: float | None = None


@dataclass(frozen=True, slots=True)
class View:
    """One image with the lesions marked on it.

    Attributes
    ----------
    image
        The image.
    marks
        The lesions.
    pixel_spacing_mm
        Given by the caller, for files that carry none.
    frame
        Given by the caller, for files with several frames; the first is 1.
    voi
        Other gray levels than the model's, given by the caller.
    """

    image: HeldImage
    marks: tuple[Mark, ...]
    pixel_spacing_mm: float | None = None
    frame: int | None = None
    voi: VoiPolicy | None = None


@dataclass(frozen=True, slots=True)
class Assessed:
    """One lesion on one view: what is answered, and what it was made from."""

    view: View
    assessment: Assessment
    prediction: Prediction
    robustness: tuple[DiscRobustness, ...] = ()


@dataclass(frozen=True, slots=True)
class PredictionJob:
    """Everything needed to answer a request, handed to a worker."""

    bundle: Bundle
    views: Sequence[View]
    parts: AbstractSet[Part]
    limits: ReadingLimits
    metrics: Metrics
    prevalence: float | None = None

    def run(self, ticket: Ticket) -> tuple[Assessed, ...]:
        """Assess every lesion of every view, in order."""
        queued_seconds = ticket.started_at - ticket.queued_at
        self.metrics.observe_stages({"queue": queued_seconds})
        return tuple(assessed for view in self.views for assessed in self._view(view, ticket, 1000 * queued_seconds))

    def _view(self, view: View, ticket: Ticket, queue_ms: float) -> list[Assessed]:
        ticket.check()
        started = time.perf_counter()
        mammogram = view.image.read(self.bundle.policy, self.limits, view.pixel_spacing_mm, view.frame, view.voi)
        before_ms = {"queue": queue_ms, "read": 1000 * (time.perf_counter() - started)}
        self.metrics.observe_stages({"read": before_ms["read"] / 1000})
        return [self._lesion(view, mammogram, mark, ticket, before_ms) for mark in view.marks]

    def _lesion(
        self,
        view: View,
        mammogram: Mammogram,
        mark: Mark,
        ticket: Ticket,
        before_ms: Mapping[str, float],
    ) -> Assessed:
        ticket.check()
        assessment = assess(
            self.bundle,
            mammogram,
            mark.center,
            contour=mark.contour,
            diameter_mm=mark.diameter_mm,
        )
        asked, asked_ms = asked_parts(self.bundle, assessment, self.parts)
        discs: tuple[DiscRobustness, ...] = ()
        if Part.ROBUSTNESS in self.parts:
            started = time.perf_counter()
            discs = self._robustness(mammogram, assessment, mark, ticket)
            asked[Part.ROBUSTNESS.value] = robustness_of(discs)
            assessment = replace(assessment, flags=(*assessment.flags, *unstable_flags(self.bundle, discs)))
            asked_ms[Part.ROBUSTNESS.value] = 1000 * (time.perf_counter() - started)
        sha256 = view.image.file.sha256.result()
        prediction = prediction_of(
            self.bundle,
            mammogram,
            assessment,
            prediction_id=prediction_id(
                self.bundle,
                sha256,
                mammogram,
                mark.center,
                view.frame or 1,
                view.voi,
                contour=mark.contour,
                diameter_mm=mark.diameter_mm,
            ),
            image_sha256=sha256,
            origin=view.image.origin,
            parts=self.parts,
            asked=asked,
            prevalence=self.prevalence,
            timings_ms={**before_ms, **assessment.timings_ms, **asked_ms},
        )
        self._count(prediction, {**assessment.timings_ms, **asked_ms})
        self.metrics.drift.observe(prediction.model.digest, drift_values(assessment))
        return Assessed(view, assessment, prediction, discs)

    def _robustness(
        self, mammogram: Mammogram, assessment: Assessment, mark: Mark, ticket: Ticket
    ) -> tuple[DiscRobustness, ...]:
        contour = None if mark.contour is None else readers_contour(mark.contour, mammogram.rows, mammogram.columns)
        return click_robustness(
            self.bundle,
            mammogram,
            assessment,
            contour=contour,
            diameter_mm=mark.diameter_mm,
            check=ticket.check,
        )

    def _count(self, prediction: Prediction, timings_ms: Mapping[str, float]) -> None:
        current_request().facts.update({f"{stage}_ms": round(value, 1) for stage, value in timings_ms.items()})
        self.metrics.observe_stages({stage: value / 1000 for stage, value in timings_ms.items()})
        self.metrics.observe_probabilities(
            prediction.model.name,
            prediction.model.digest,
            {
                ENSEMBLE: prediction.probability,
                CNN: prediction.cnn_probability,
                LESION: prediction.lesion_probability,
            },
        )
        for flag in prediction.flags:
            self.metrics.flags.labels(flag.code).inc()
