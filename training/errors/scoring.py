"""Refusals: an archive or a cohort cannot be scored."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors import CadxError
from training.errors.cohort import CohortError


@dataclass(eq=False)
class ScoringSourceUnusable(CohortError):
    """What is to be scored cannot be found out."""

    source: str
    reason: str

    code: ClassVar[str] = "scoring_source_unusable"
    summary: ClassVar[str] = "{source} cannot be scored: {reason}."
    remedy: ClassVar[str] = (
        "Give a manifest (CSV), a folder of DICOM files with --marks, or pacs:NAME with --pacs-file and --query."
    )


@dataclass(eq=False)
class ResultsOfAnotherRun(CohortError):
    """The folder holds results that the new ones cannot stand beside."""

    folder: str
    difference: str

    code: ClassVar[str] = "results_of_another_run"
    summary: ClassVar[str] = "{folder} already holds results of another kind: {difference}; nothing was computed."
    remedy: ClassVar[str] = "Name another --out; the same command with the same model goes on where it stopped."


@dataclass(eq=False)
class ResultsNotWritable(CohortError):
    """Results cannot be written, such as when the disk is full."""

    folder: str
    reason: str

    code: ClassVar[str] = "results_not_writable"
    summary: ClassVar[str] = "Results cannot be written to {folder}: {reason}."
    remedy: ClassVar[str] = "Make room there and give the same command again: every result that was written is whole."


@dataclass(eq=False)
class WorkersKeepDying(CohortError):
    """Lesion after lesion ended the process that assessed it."""

    lesions: int

    code: ClassVar[str] = "workers_keep_dying"
    summary: ClassVar[str] = "{lesions} lesions one after another ended the process that assessed them; none passed."
    remedy: ClassVar[str] = (
        "Look at memory and at the workers' logs; then give the same command again, with --retry-refused."
    )


@dataclass(eq=False)
class ProcessDied(CohortError):
    """A lesion's image ended the process that assessed it. Stands in a row of the results."""

    code: ClassVar[str] = "process_died"
    summary: ClassVar[str] = "The process that assessed this lesion died, alone with it and again."
    remedy: ClassVar[str] = "Look at the file; --retry-refused tries it again."


@dataclass(eq=False)
class AssessmentFailed(CohortError):
    """An assessment ended in an error that is no refusal. Stands in a row of the results."""

    kind: str

    code: ClassVar[str] = "assessment_failed"
    summary: ClassVar[str] = "The assessment ended in {kind}, which is a fault of this software."
    remedy: ClassVar[str] = "Report it; --retry-refused tries it again."


@dataclass(eq=False)
class ReportTargetUnusable(CohortError):
    """Reports cannot go where they should."""

    target: str
    reason: str

    code: ClassVar[str] = "report_target_unusable"
    summary: ClassVar[str] = "Reports cannot go to {target}: {reason}."
    remedy: ClassVar[str] = "Mend it, or name another --report; the same command goes on with what is left."


@dataclass(eq=False)
class ReportFailed(CohortError):
    """A report ended in an error that is no refusal. Stands in a row of the results."""

    kind: str

    code: ClassVar[str] = "report_failed"
    summary: ClassVar[str] = "The report ended in {kind}, which is a fault of this software."
    remedy: ClassVar[str] = "Tell its makers; --retry-refused tries it again."


@dataclass(eq=False)
class SchedulingError(CadxError):
    """Work cannot be given to other processes or machines."""

    code: ClassVar[str] = "scheduling_error"


@dataclass(eq=False)
class SchedulerUnknown(SchedulingError):
    """What --scheduler says is understood as nothing."""

    given: str
    reason: str

    code: ClassVar[str] = "scheduler_unknown"
    summary: ClassVar[str] = "--scheduler {given!r}: {reason}."
    remedy: ClassVar[str] = (
        "Give an address such as tcp://host:8786, local, local:4, slurm, or slurm:FILE.toml; leave it out to work here."
    )


@dataclass(eq=False)
class ClusterNotInstalled(SchedulingError):
    """Dask is not installed."""

    code: ClassVar[str] = "cluster_not_installed"
    summary: ClassVar[str] = "--scheduler needs Dask, which is not installed here."
    remedy: ClassVar[str] = "pip install 'mammo-cadx[training,cluster]', on every machine that works."


@dataclass(eq=False)
class SchedulerUnreachable(SchedulingError):
    """A scheduler does not answer, or has no workers."""

    address: str
    reason: str

    code: ClassVar[str] = "scheduler_unreachable"
    summary: ClassVar[str] = "The scheduler {address} cannot be used: {reason}."
    remedy: ClassVar[str] = "Start scheduler and workers, and give the same command again: it goes on where it stopped."


@dataclass(eq=False)
class WorkerDiffers(SchedulingError):
    """A worker has other software, or other weights, than whoever gives it work."""

    what: str
    here: str
    there: str

    code: ClassVar[str] = "worker_differs"
    summary: ClassVar[str] = "A worker has {what} {there}; this is {here}."
    remedy: ClassVar[str] = "Install the same everywhere and give the same command again."


@dataclass(eq=False)
class TaskFailed(SchedulingError):
    """A task ended in an error that is no refusal."""

    kind: str

    code: ClassVar[str] = "task_failed"
    summary: ClassVar[str] = "A task ended in {kind}, which is a fault of this software or of its installation."
    remedy: ClassVar[str] = "Look at the workers' logs; what was written is whole, and the same command goes on."
