"""From cases to the two feature tables, through the very code that serves."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cadx.cnn import Backbone
from cadx.errors import CadxError, CaseUnusable
from cadx.lesion import SegmentationMethod, lesion_features, segment
from cadx.mammogram import ReadingPolicy, read_mammogram
from cadx.records import Roi
from cadx.roi import extract_roi
from training.cases import Case
from training.progress import ReportProgress, no_progress

CNN_BATCH = 16


@dataclass(frozen=True, slots=True)
class FeatureTables:
    """The features of the cases that could be used.

    Attributes
    ----------
    cases
        The n usable cases, in order.
    cnn
        float32, (n, d): Method A.
    lesion
        float64, (n, m): Method B, in the order of ``cadx.lesion.FEATURES``.
    skipped
        The cases that were left out, each with its reason.
    cnn_seconds, lesion_seconds
        Time spent on each table.
    """

    cases: tuple[Case, ...]
    cnn: NDArray[np.float32]
    lesion: NDArray[np.float64]
    skipped: tuple[CaseUnusable, ...]
    cnn_seconds: float
    lesion_seconds: float


def read_roi(case: Case, policy: ReadingPolicy) -> Roi:
    """Read a case's image and crop its ROI."""
    return extract_roi(read_mammogram(case.image, policy=policy, pixel_spacing_mm=case.pixel_spacing_mm), case.centre)


def extract_features(
    cases: Sequence[Case],
    backbone: Backbone,
    policy: ReadingPolicy,
    method: SegmentationMethod,
    *,
    skip_unusable: bool = False,
    progress: ReportProgress = no_progress,
) -> FeatureTables:
    """Extract both feature tables.

    Parameters
    ----------
    skip_unusable
        Leave refused cases out and report them, instead of raising at the first.
    progress
        Told (cases done, cases in all).

    Raises
    ------
    CaseUnusable
        When a case is refused and `skip_unusable` is false.
    """
    usable: list[Case] = []
    skipped: list[CaseUnusable] = []
    lesion_rows: list[NDArray[np.float64]] = []
    cnn_blocks: list[NDArray[np.float32]] = []
    batch: list[NDArray[np.float32]] = []
    seconds = {"cnn": 0.0, "lesion": 0.0}

    def run_cnn() -> None:
        if batch:
            started = time.perf_counter()
            cnn_blocks.append(backbone.features(np.stack(batch)))
            seconds["cnn"] += time.perf_counter() - started
            batch.clear()

    for done, (case, outcome) in enumerate(_described(cases, policy, method), start=1):
        progress(done, len(cases))
        if isinstance(outcome, CaseUnusable):
            if not skip_unusable:
                raise outcome
            skipped.append(outcome)
            continue
        gray, row, lesion_seconds = outcome
        usable.append(case)
        lesion_rows.append(row)
        seconds["lesion"] += lesion_seconds
        batch.append(gray)
        if len(batch) == CNN_BATCH:
            run_cnn()
    run_cnn()
    return FeatureTables(
        cases=tuple(usable),
        cnn=np.concatenate(cnn_blocks) if cnn_blocks else np.empty((0, backbone.feature_count), np.float32),
        lesion=np.array(lesion_rows, dtype=np.float64),
        skipped=tuple(skipped),
        cnn_seconds=seconds["cnn"],
        lesion_seconds=seconds["lesion"],
    )


Described = tuple[NDArray[np.float32], NDArray[np.float64], float]


def _described(
    cases: Sequence[Case], policy: ReadingPolicy, method: SegmentationMethod
) -> Iterator[tuple[Case, Described | CaseUnusable]]:
    for case in cases:
        try:
            roi = read_roi(case, policy)
            started = time.perf_counter()
            row = lesion_features(roi, segment(roi, method))
        except CadxError as error:
            yield case, CaseUnusable(str(case.image), case.lesion_id, error.code, str(error))
        else:
            yield case, (roi.gray, row, time.perf_counter() - started)
