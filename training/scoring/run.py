"""`cadx-train score`: everything that a source lists, each input exactly once, however often the run is stopped."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

from cadx.bundle import Bundle, load_bundle
from training.errors import ProcessDied, WorkersKeepDying
from training.progress import ReportProgress, no_progress
from training.scheduling import Died, Runner
from training.scoring.inputs import Source
from training.scoring.reports import ReportTarget
from training.scoring.results import open_results
from training.scoring.rows import ImageFacts, refused_row
from training.scoring.summary import ScoringSummary, summarize, write_summary
from training.scoring.task import PartReport, ScoringTask, score_part
from training.scoring.work import Part, Work, part_size, to_redo

MOST_DEATHS = 20
"""Lesions that may end their process one after another before it is no longer believed to be their fault."""

PART_SECONDS, LESION_SECONDS = 1200.0, 20.0
"""Far above what a part takes: so many for itself, and for each lesion."""

ScorePart = Callable[[ScoringTask, Part], PartReport]


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """The choices of a run.

    Attributes
    ----------
    identifiers
        Whether rows bear paths and identifiers.
    retry_refused
        Whether lesions that were refused before are tried again, and reports that failed.
    report
        Where reports go; None: none are made, and rows that tell of one stay.
    lesions_a_part
        By default chosen by the number of lesions and workers, 100 to 1,000.
    salt
        Of a new folder's keys; by default drawn at random.
    """

    identifiers: bool = False
    retry_refused: bool = False
    report: ReportTarget | None = None
    lesions_a_part: int | None = None
    salt: str | None = None


@dataclass(frozen=True, slots=True)
class GivenPart:
    """A part, as it is given to a worker.

    Attributes
    ----------
    lesions
        What is to be done.
    workers
        Among how many a rate is to be shared, as far as they had come.
    limit_seconds
        When a worker of a cluster gives up: a file that hangs is then found as one that kills (`_do`).
    """

    lesions: Part
    workers: int
    limit_seconds: float


@dataclass(frozen=True, slots=True)
class ScoringOutcome:
    """What a run did.

    Attributes
    ----------
    now
        Inputs that were scored or refused by this run.
    before
        Those that had their rows already.
    summary
        Of the whole folder.
    """

    now: int
    before: int
    summary: ScoringSummary


def score_source(
    bundle_folder: Path,
    source: Source,
    folder: Path,
    runner: Runner,
    settings: ScoringSettings | None = None,
    progress: ReportProgress = no_progress,
    *,
    do_part: ScorePart = score_part,
) -> ScoringOutcome:
    """Score what a source lists into a folder of Parquet files.

    Parameters
    ----------
    bundle_folder
        Where this process and every worker finds the model.
    folder
        Made, or gone on in; every worker writes there.
    runner
        Does the parts.
    progress
        Told (inputs done, inputs in all).
    do_part
        What does a part.

    Raises
    ------
    ResultsOfAnotherRun, OutputNotOurs, OutputNotWritable
        Before any work, when results cannot go into the folder.
    ResultsNotWritable
        When the disk is full; what was written is whole, and the same call goes on.
    BundleError
        When the model cannot be used, here or by a worker.
    PacsError, ReportTargetUnusable
        When reports cannot be taken; what was written is whole, and the same call goes on.
    SchedulingError
        When work cannot be given to anyone.
    WorkersKeepDying
        When nothing but the workers themselves can be the fault.
    """
    settings = settings or ScoringSettings()
    bundle = load_bundle(bundle_folder, threads=1)
    results = open_results(folder.resolve(), _facts(bundle, settings), settings.salt)
    recorded = results.recorded()
    again = to_redo(source, recorded, results.salt, refused=settings.retry_refused)
    results.drop(again)
    recorded = recorded.without(again)
    if settings.report is not None:  # their rows stay until there are better ones
        recorded = recorded.without_reports_to_make(failed=settings.retry_refused)
    task = ScoringTask(
        bundle=bundle_folder.resolve(),
        digest=bundle.digest,
        version=version("mammo-cadx"),
        root=source.root,
        pacs=source.pacs,
        results=results,
        identifiers=settings.identifiers,
        report=settings.report,
    )
    work = Work(source, recorded, results.salt, _part_size(settings, source.count, runner.workers))
    now = _do(task, work, runner, do_part, source.count, progress)
    results.settle()
    summary = summarize(results, bundle)
    write_summary(results, summary)
    return ScoringOutcome(now, source.count - now, summary)


def _facts(bundle: Bundle, settings: ScoringSettings) -> dict[str, object]:
    """Give what rows of one folder have in common."""
    return {
        "model": bundle.manifest.name,
        "model_version": bundle.manifest.version,
        "model_digest": bundle.digest,
        "identifiers": settings.identifiers,
    }


def _part_size(settings: ScoringSettings, count: int, workers: int) -> int:
    size = settings.lesions_a_part or part_size(count, workers)
    most = None if settings.report is None else settings.report.most_lesions(workers)
    return size if most is None else min(size, most)


def limit_seconds(task: ScoringTask, part: Part, workers: int) -> float:
    """Give how long a worker may take, with the waiting for its share of a rate."""
    per_second = None if task.report is None else task.report.shared(workers).per_second
    waiting = 0.0 if per_second is None else (len(part) + 1) / per_second
    return PART_SECONDS + len(part) * LESION_SECONDS + waiting


def score_given(do_part: ScorePart, task: ScoringTask, given: GivenPart) -> PartReport:
    """Do a part with the worker's share of what may be done a second."""
    return do_part(task.for_one_of(given.workers), given.lesions)


def _do(task: ScoringTask, work: Work, runner: Runner, do_part: ScorePart, total: int, progress: ReportProgress) -> int:
    """Do all parts; return how many inputs were done. A part that died is halved until the lesion stands alone."""
    done = deaths = 0
    progress(0, total)

    def take() -> GivenPart | None:
        part = work.take()
        return None if part is None else GivenPart(part, runner.workers, limit_seconds(task, part, runner.workers))

    for outcome in runner.run(partial(score_given, do_part, task), take):
        part = outcome.part.lesions
        if not isinstance(outcome, Died):
            deaths = 0
        elif len(part) > 1:
            work.halve(part)
            continue
        else:
            deaths += 1
            if deaths >= MOST_DEATHS:
                raise WorkersKeepDying(deaths)
            row = refused_row(task.results.salt, task.digest, part[0], ImageFacts(), ProcessDied())
            task.results.write([row], task.columns)
        done += len(part)
        progress(done + work.passed_over, total)
    return done
