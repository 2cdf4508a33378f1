"""Features computed elsewhere: workers fill the cache that they share, and whoever asked finds everything in it.

Nothing large passes through a scheduler, and what was computed stays when the run is stopped.
"""

import functools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from threadpoolctl import threadpool_limits

from cadx.cnn import Backbone, BackboneSpec, load_backbone
from cadx.lesion import SegmentationMethod
from cadx.mammogram import ReadingPolicy
from training.cohort.cases import Case
from training.errors import CaseUnusable, ProcessDied, WorkerDiffers
from training.features.cache import FeatureCache
from training.features.extraction import ExtractedCase, Extraction, FeatureTables, extract_features
from training.features.store import FeatureStore
from training.progress import ReportProgress, no_progress
from training.scheduling import Died, Runner

CASES_A_PART = 100


@dataclass(frozen=True, slots=True)
class ExtractionTask:
    """What workers need to be told; they load the weights once each.

    Attributes
    ----------
    spec, layers
        The backbone, as `cadx.cnn.load_backbone` takes it.
    weights_digest, version
        What the weights and the software must be.
    cache
        The folder that all share.
    """

    spec: BackboneSpec
    layers: tuple[str, ...]
    weights_digest: str
    version: str
    policy: ReadingPolicy
    method: SegmentationMethod | None
    marks: int
    cache: Path


def task_of(
    backbone: Backbone, policy: ReadingPolicy, method: SegmentationMethod | None, store: FeatureStore, marks: int = 1
) -> ExtractionTask:
    """Describe an extraction whose store has a cache."""
    if store.cache is None:
        raise ValueError("what is computed elsewhere needs a cache to come back by")
    path = backbone.spec.weights_path
    return ExtractionTask(
        spec=backbone.spec if path is None else replace(backbone.spec, weights=str(path.resolve())),
        layers=tuple(backbone.feature_counts),
        weights_digest=backbone.weights_digest,
        version=version("mammo-cadx"),
        policy=policy,
        method=method,
        marks=marks,
        cache=store.cache.folder.resolve(),
    )


def extract_part(task: ExtractionTask, part: Sequence[Case]) -> int:
    """Put the features of some cases into the cache; return how many had to be computed.

    Refused cases are passed over: whoever asked judges them anew, from the same files.

    Raises
    ------
    WorkerDiffers
        When this process has other weights, or another version of the software.
    FeatureCacheUnusable
        When the disk is full.
    """
    here = version("mammo-cadx")
    if here != task.version:
        raise WorkerDiffers("mammo-cadx", task.version, here)
    backbone = _backbone(task.spec, task.layers)
    if backbone.weights_digest != task.weights_digest:
        raise WorkerDiffers("weights", task.weights_digest, backbone.weights_digest)
    extraction = Extraction(backbone, task.policy, task.method, FeatureStore(FeatureCache(task.cache)), task.marks)
    with threadpool_limits(1, user_api="blas"):
        rows = extraction.rows(part, workers=1)
        return sum(row.computed for row in rows if isinstance(row, ExtractedCase))


def spread_extraction(
    cases: Sequence[Case], task: ExtractionTask, runner: Runner, progress: ReportProgress = no_progress
) -> tuple[tuple[Case, ...], tuple[CaseUnusable, ...], int]:
    """Let workers fill the cache.

    Returns
    -------
    tuple of Case
        The cases, without those that killed a worker, each alone.
    tuple of CaseUnusable
        Those.
    int
        How many cases anything was computed for.
    """
    here = {replace(case, image=case.image.resolve()): case for case in cases}
    absolute = tuple(here)
    starts = range(0, len(absolute), CASES_A_PART)
    parts = deque(absolute[start : start + CASES_A_PART] for start in starts)
    dead: dict[Case, CaseUnusable] = {}
    done = computed = 0

    def take() -> tuple[Case, ...] | None:
        return parts.popleft() if parts else None

    for outcome in runner.run(functools.partial(extract_part, task), take):
        part = outcome.part
        if not isinstance(outcome, Died):
            computed += outcome.result
        elif len(part) > 1:
            parts.extend((part[: len(part) // 2], part[len(part) // 2 :]))
            continue
        else:
            error = ProcessDied()
            dead[here[part[0]]] = CaseUnusable(str(part[0].image), part[0].lesion_id, error.code, str(error))
        done += len(part)
        progress(done, len(cases))
    return tuple(case for case in cases if case not in dead), tuple(dead.values()), computed


def extract_everywhere(
    cases: Sequence[Case],
    backbone: Backbone,
    policy: ReadingPolicy,
    method: SegmentationMethod,
    *,
    marks: int = 1,
    store: FeatureStore | None = None,
    skip_unusable: bool = False,
    progress: ReportProgress = no_progress,
    runner: Runner | None = None,
) -> FeatureTables:
    """Extract both feature tables as `extract_features` does, on a runner's workers where one is given.

    Raises
    ------
    CaseUnusable, FeatureCacheUnusable
        As `extract_features` does; a case that kills its worker is unusable.
    """
    if runner is None or store is None:
        return extract_features(
            cases, backbone, policy, method, marks=marks, store=store, skip_unusable=skip_unusable, progress=progress
        )
    task = task_of(backbone, policy, method, store, marks)
    alive, dead, computed = spread_extraction(cases, task, runner, progress)
    if dead and not skip_unusable:
        raise dead[0]
    tables = extract_features(alive, backbone, policy, method, marks=marks, store=store, skip_unusable=skip_unusable)
    return replace(tables, skipped=(*dead, *tables.skipped), extracted=computed)


@functools.lru_cache(maxsize=1)
def _backbone(spec: BackboneSpec, layers: tuple[str, ...]) -> Backbone:
    """Load the CNN once a process."""
    return load_backbone(spec, layers=layers, threads=1)
