"""How far what is served has moved from what a model was fitted on, for Prometheus."""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from cadx.assessment import Assessment
from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.bundle import Bundle
from cadx.explain.drift import BINS, FEWEST, Drift, stability_index

RECENT = 1000
"""Predictions that the index looks back on."""
LABELS = ("model", "digest", "quantity")


@dataclass(slots=True)
class _Served:
    """What one model has been asked about.

    Attributes
    ----------
    counts
        (quantities, 10) since the start.
    recent
        The bins of the last predictions, (quantities,) each.
    """

    name: str
    cohort: Drift
    enough: bool
    counts: NDArray[np.int64]
    recent: deque[NDArray[np.intp]] = field(default_factory=lambda: deque(maxlen=RECENT))


class DriftMonitor(Collector):
    """Counts what is served in the cohort's own ten bins, beside the cohort's shares, and the index of both.

    The index, `cadx.explain.drift.stability_index`, is given from 200 predictions on, and for cohorts of at least 200
    ROIs: with fewer it is noise. It forgets what lies more than 1000 predictions back, or before the start.
    """

    def __init__(self) -> None:
        self._served: dict[str, _Served] = {}
        self._lock = threading.Lock()

    def set_models(self, bundles: Mapping[str, Bundle]) -> None:
        """Keep count of these models alone; a model that serves on keeps its counts."""
        with self._lock:
            self._served = {
                bundle.digest: self._served.get(bundle.digest)
                or _Served(
                    bundle.manifest.name,
                    bundle.reference.drift,
                    bundle.manifest.cohort.rois >= FEWEST,
                    np.zeros((len(bundle.reference.drift), BINS), dtype=np.int64),
                )
                for bundle in bundles.values()
                if bundle.reference is not None
            }

    def observe(self, digest: str, values: Mapping[str, float]) -> None:
        """Count one prediction; one of a model without a cohort's bins, or gone since, is not counted."""
        served = self._served.get(digest)
        if served is None or not values.keys() >= served.cohort.keys():
            return
        bins = np.array([binned.bin_of(values[name]) for name, binned in served.cohort.items()], dtype=np.intp)
        with self._lock:
            served.counts[np.arange(len(bins)), bins] += 1
            served.recent.append(bins)

    def collect(self) -> Iterator[Metric]:
        """Give the metrics."""
        shares = GaugeMetricFamily(
            "cadx_cohort_share", "Share of the training cohort's ROIs in each tenth.", labels=(*LABELS, "bin")
        )
        counts = CounterMetricFamily(
            "cadx_served", "Predictions in each tenth of the training cohort.", labels=(*LABELS, "bin")
        )
        index = GaugeMetricFamily(
            "cadx_stability_index",
            "Population stability index of the last 1000 predictions against the training cohort.",
            labels=LABELS,
        )
        with self._lock:
            for digest, served in self._served.items():
                recent = np.array(served.recent)
                for row, (quantity, binned) in enumerate(served.cohort.items()):
                    labels = (served.name, digest[:12], quantity)
                    for number in range(BINS):
                        shares.add_metric((*labels, str(number)), float(binned.shares[number]))
                        counts.add_metric((*labels, str(number)), float(served.counts[row, number]))
                    if served.enough and len(recent) >= FEWEST:
                        seen = np.bincount(recent[:, row], minlength=BINS).astype(np.float64)
                        index.add_metric(labels, stability_index(binned.shares, seen))
        yield from (shares, counts, index)


def drift_values(assessment: Assessment) -> dict[str, float]:
    """Everything of one answer that may drift, by the names of the cohort's bins."""
    return {
        CNN: assessment.cnn_probability,
        LESION: assessment.lesion_probability,
        ENSEMBLE: assessment.probability,
        **{feature.definition.name: feature.value for feature in assessment.features},
    }
