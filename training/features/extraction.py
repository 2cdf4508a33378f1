"""From cases to the two feature tables, through the very code that serves.

Images are read and lesions measured on some threads, a bounded number of ROIs ahead. The CNN takes the ROIs in batches.
With a cache nothing that was computed before is computed again, images are not even decoded.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from cadx.cnn import Backbone
from cadx.errors import CadxError
from cadx.lesion import SegmentationMethod
from cadx.mammogram import ReadingPolicy, content_digest
from cadx.records import FloatImage, Roi
from cadx.roi import extract_roi
from cadx.runtime.machine import usable_cores
from training.cohort.cases import Case
from training.cohort.grouping import Picture
from training.cohort.outlining import LesionRow, contour_of, measured, read_image
from training.errors import CaseUnusable, FeatureCacheUnusable
from training.features.store import FeatureStore, Reading
from training.progress import ReportProgress, no_progress

CNN_BATCH = 16
WORKERS = max(2, min(8, usable_cores()))
"""Threads that read images and measure lesions."""

CnnRows = dict[str, NDArray[np.float32]]


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
    extracted
        Cases for which anything had to be computed; the others came from the cache.
    pictures
        What the image of each usable case shows.
    """

    cases: tuple[Case, ...]
    cnn: NDArray[np.float32]
    lesion: NDArray[np.float64]
    skipped: tuple[CaseUnusable, ...]
    cnn_seconds: float
    lesion_seconds: float
    extracted: int
    pictures: tuple[Picture, ...] = ()

    def take(self, rows: Sequence[int]) -> "FeatureTables":
        """Keep some of the cases."""
        return replace(
            self,
            cases=tuple(self.cases[row] for row in rows),
            cnn=self.cnn[list(rows)],
            lesion=self.lesion[list(rows)],
            pictures=tuple(self.pictures[row] for row in rows),
        )


@dataclass(frozen=True, slots=True)
class ExtractedCase:
    """One case on its way through the extraction.

    Attributes
    ----------
    gray
        The ROI; None when nothing of it is needed any more.
    reading
        Digests of the ROI and of the picture that it lies in.
    cnn
        CNN features by layer; empty until they are known.
    lesion
        Lesion features; None when they were not asked for.
    lesion_seconds, cnn_seconds
        What computing took.
    """

    case: Case
    reading: Reading
    gray: FloatImage | None
    cnn: CnnRows
    lesion: LesionRow | None
    lesion_seconds: float = 0.0
    cnn_seconds: float = 0.0
    computed: bool = False


@dataclass(frozen=True, slots=True)
class Extraction:
    """What to extract, and how.

    Attributes
    ----------
    backbone
        Gives the CNN features, all of its layers.
    policy
        How intensities are read.
    method
        How lesions are outlined; None: lesion features are not asked for.
    store
        Remembers what was extracted; by default nothing is remembered.
    marks
        Lesion features are means over outlines from so many marks (`cadx.lesion.marks`).
    """

    backbone: Backbone
    policy: ReadingPolicy
    method: SegmentationMethod | None = None
    store: FeatureStore = field(default_factory=FeatureStore)
    marks: int = 1

    def rows(self, cases: Sequence[Case], *, workers: int = WORKERS) -> Iterator[ExtractedCase | CaseUnusable]:
        """Give every case's features, or why it has none, in the order of the cases.

        Holds no more ROIs at a time than two batches and the workers need.
        """
        waiting: list[ExtractedCase | CaseUnusable] = []
        for outcome in _ahead(self._prepare, cases, workers, CNN_BATCH):
            waiting.append(outcome)
            full = sum(_needs_cnn(item) for item in waiting) == CNN_BATCH or len(waiting) == 2 * CNN_BATCH
            if full or not _needs_cnn(waiting[0]):
                yield from self._finish(waiting)
                waiting.clear()
        yield from self._finish(waiting)

    def _prepare(self, case: Case) -> ExtractedCase | CaseUnusable:
        """Do all but the CNN, for one case. Runs in the worker threads."""
        try:
            return self._remembered(case) or self._read(case)
        except FeatureCacheUnusable:
            raise
        except CadxError as error:
            return CaseUnusable(str(case.image), case.lesion_id, error.code, str(error))

    def _remembered(self, case: Case) -> ExtractedCase | None:
        """Give the case from the store, without opening its image, when all of it is there."""
        reading = self.store.reading(case, self.policy)
        if reading is None:
            return None
        cnn = self.store.cnn(reading.roi_digest, self.backbone)
        lesion = self.store.lesion(reading, self.method, self.marks, case) if self.method is not None else None
        if cnn is None or (self.method is not None and lesion is None):
            return None
        return ExtractedCase(case, reading, None, cnn, lesion)

    def _read(self, case: Case) -> ExtractedCase:
        mammogram = read_image(case, self.policy)
        contour = contour_of(case, mammogram)
        roi = extract_roi(mammogram, case.center)
        reading = self.store.remember_reading(case, self.policy, roi, content_digest(mammogram))
        digest = reading.roi_digest
        started = time.perf_counter()
        lesion = None
        if self.method is not None:
            lesion = self.store.lesion(reading, self.method, self.marks, case)
            if lesion is None:
                lesion = measured(mammogram, roi, self.method, self.marks, contour, case)
                self.store.remember_lesion(reading, self.method, self.marks, case, lesion)
        seconds = time.perf_counter() - started
        cnn = self.store.cnn(digest, self.backbone)
        gray = roi.gray if cnn is None else None
        return ExtractedCase(case, reading, gray, cnn or {}, lesion, seconds, computed=True)

    def _finish(self, items: Sequence[ExtractedCase | CaseUnusable]) -> Iterator[ExtractedCase | CaseUnusable]:
        """Run the CNN on those of the items that need it, and give all of them."""
        rois = [item.gray for item in items if isinstance(item, ExtractedCase) and item.gray is not None]
        started = time.perf_counter()
        features = self.backbone.layer_features(np.stack(rois)) if rois else {}
        share = (time.perf_counter() - started) / max(len(rois), 1)
        row = 0
        for item in items:
            if not isinstance(item, ExtractedCase) or item.gray is None:
                yield item
                continue
            cnn = {layer: matrix[row] for layer, matrix in features.items()}
            row += 1
            self.store.remember_cnn(item.reading.roi_digest, self.backbone, cnn)
            yield replace(item, gray=None, cnn=cnn, cnn_seconds=share)


def read_roi(case: Case, policy: ReadingPolicy) -> Roi:
    """Read a case's image and crop its ROI."""
    return extract_roi(read_image(case, policy), case.center)


def extract_features(
    cases: Sequence[Case],
    backbone: Backbone,
    policy: ReadingPolicy,
    method: SegmentationMethod,
    *,
    marks: int = 1,
    store: FeatureStore | None = None,
    skip_unusable: bool = False,
    progress: ReportProgress = no_progress,
) -> FeatureTables:
    """Extract both feature tables.

    Parameters
    ----------
    marks
        As in `Extraction`.
    store
        Where features are remembered from run to run; none: nowhere.
    skip_unusable
        Leave refused cases out and report them, instead of raising at the first.
    progress
        Told (cases done, cases in all).

    Raises
    ------
    CaseUnusable
        When a case is refused and `skip_unusable` is false.
    FeatureCacheUnusable
        When the disk is full or the store's folder cannot be used.
    """
    extraction = Extraction(backbone, policy, method, store or FeatureStore(), marks)
    done, skipped = usable_rows(extraction.rows(cases), len(cases), skip_unusable=skip_unusable, progress=progress)
    layer = backbone.spec.layer
    lesion_rows = [item.lesion for item in done if item.lesion is not None]
    return FeatureTables(
        cases=tuple(item.case for item in done),
        cnn=np.array([item.cnn[layer] for item in done], dtype=np.float32).reshape(len(done), backbone.feature_count),
        lesion=np.array(lesion_rows, dtype=np.float64),
        skipped=tuple(skipped),
        cnn_seconds=sum(item.cnn_seconds for item in done),
        lesion_seconds=sum(item.lesion_seconds for item in done),
        extracted=sum(item.computed for item in done),
        pictures=tuple(item.reading.picture for item in done),
    )


def usable_rows(
    rows: Iterator[ExtractedCase | CaseUnusable], total: int, *, skip_unusable: bool, progress: ReportProgress
) -> tuple[list[ExtractedCase], list[CaseUnusable]]:
    """Part the usable from the refused, telling progress.

    Raises
    ------
    CaseUnusable
        At the first refused case, when `skip_unusable` is false.
    """
    usable: list[ExtractedCase] = []
    skipped: list[CaseUnusable] = []
    for done, item in enumerate(rows, start=1):
        progress(done, total)
        if isinstance(item, ExtractedCase):
            usable.append(item)
        elif skip_unusable:
            skipped.append(item)
        else:
            raise item
    return usable, skipped


def _needs_cnn(item: ExtractedCase | CaseUnusable) -> bool:
    return isinstance(item, ExtractedCase) and item.gray is not None


Outcome = ExtractedCase | CaseUnusable


def _ahead(prepare: Callable[[Case], Outcome], cases: Sequence[Case], workers: int, ahead: int) -> Iterator[Outcome]:
    """Give prepare(case) in order, computed on threads at most `ahead` cases before it is taken."""
    with ThreadPoolExecutor(workers, thread_name_prefix="extraction") as pool:
        remaining = iter(cases)
        pending: deque[Future[Outcome]] = deque(pool.submit(prepare, case) for case in islice(remaining, ahead))
        try:
            while pending:
                yield pending.popleft().result()
                pending.extend(pool.submit(prepare, case) for case in islice(remaining, 1))
        finally:
            for future in pending:
                future.cancel()
