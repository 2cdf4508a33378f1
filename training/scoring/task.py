"""A part of the work: some lesions in, a file of rows out. Pure, and importable without Dask."""

import functools
import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

import pyarrow as pa
from threadpoolctl import threadpool_limits

from cadx.assessment import assess
from cadx.bundle import Bundle, load_bundle, prediction_id
from cadx.errors import CadxError, FileTooLarge, ImageFileNotFound
from cadx.mammogram import ReadingLimits, read_mammogram
from cadx.records import LesionCenter, Mammogram
from training.cohort.marks import center_of
from training.errors import AssessmentFailed, WorkerDiffers
from training.scoring.inputs import Input
from training.scoring.pacs import fetch_instance, kept_connection
from training.scoring.reports import ReportTarget, report
from training.scoring.results import Results
from training.scoring.rows import REFUSAL, ImageFacts, Row, refused_row, schema, scored_row

LIMITS = ReadingLimits()


@dataclass(frozen=True, slots=True)
class ScoringTask:
    """What every part needs to be told; small, for it travels with each of them.

    Attributes
    ----------
    bundle, digest
        The model, where every worker finds it, and the digest of its manifest: any other is refused.
    version
        Of the software that gave the work out.
    root
        Where relative paths of images begin.
    pacs
        File and name of the PACS that the images lie in; None: they are files.
    results
        Where rows go.
    identifiers
        Whether rows bear paths and identifiers.
    report
        Where reports go; None: none are made.
    """

    bundle: Path
    digest: str
    version: str
    root: Path
    results: Results
    pacs: tuple[Path, str] | None = None
    identifiers: bool = False
    report: ReportTarget | None = None

    @property
    def columns(self) -> pa.Schema:
        """Of the rows."""
        return schema(identifiers=self.identifiers)

    def for_one_of(self, workers: int) -> "ScoringTask":
        """Give one of several workers its share of what may be done a second."""
        return self if self.report is None else replace(self, report=self.report.shared(workers))


@dataclass(frozen=True, slots=True)
class PartReport:
    """What became of a part.

    Attributes
    ----------
    refusals
        Refused lesions by code.
    """

    rows: int
    refusals: Counter[str]


def score_part(task: ScoringTask, part: Sequence[Input]) -> PartReport:
    """Assess lesions and write their rows as one file; lesions that follow each other on one image read it once.

    A report goes out before the row that tells of it: when this process dies between, the report is made again, and is
    the same object. Computes with one thread, and keeps the model for the next part.

    Raises
    ------
    WorkerDiffers
        When this process runs another version of the software.
    BundleError
        When the model here is another one, or cannot be used.
    ResultsNotWritable
        When the disk is full.
    PacsError, ReportTargetUnusable
        When reports cannot be taken; no row of the part is written.
    """
    here = version("mammo-cadx")
    if here != task.version:
        raise WorkerDiffers("mammo-cadx", task.version, here)
    model = _model(task.bundle, task.digest)
    with threadpool_limits(1, user_api="blas"):
        rows = [row for _, same in groupby(part, _image_of) for row in _rows(task, model, tuple(same))]
    task.results.write(rows, task.columns)
    return PartReport(len(rows), Counter(row[REFUSAL] for row in rows if row.get(REFUSAL)))


@functools.lru_cache(maxsize=1)
def _model(folder: Path, digest: str) -> Bundle:
    """Load the model once a process."""
    return load_bundle(folder, digest, threads=1)


def _image_of(item: Input) -> tuple[object, ...]:
    return item.image, item.frame, item.pixel_spacing_mm


def _rows(task: ScoringTask, model: Bundle, same: Sequence[Input]) -> Iterator[Row]:
    """Give the rows of lesions on one image."""
    image, content, mammogram = ImageFacts(), b"", None
    problem: CadxError | None = None
    first = same[0]
    try:
        image, content = _content(task, first.image)
        mammogram = read_mammogram(
            content, policy=model.policy, pixel_spacing_mm=first.pixel_spacing_mm, frame=first.frame
        )
    except CadxError as error:
        problem = error
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - of thousands of files, one that shows a fault must not stop the others
        problem = AssessmentFailed(type(error).__name__)
    for item in same:
        if mammogram is None or problem is not None:
            yield refused_row(task.results.salt, model.digest, item, image, problem or ImageFileNotFound())
        else:
            yield _row(task, model, item, image, content, mammogram)


def _row(task: ScoringTask, model: Bundle, item: Input, image: ImageFacts, content: bytes, mammogram: Mammogram) -> Row:
    center: LesionCenter | None = LesionCenter(item.x, item.y)
    if item.contour is not None and center == center_of(item.contour):
        center = None  # as the service is asked, so that the id is the service's
    salt = task.results.salt
    try:
        assessment = assess(model, mammogram, center, contour=item.contour, diameter_mm=item.diameter_mm)
    except CadxError as error:
        return refused_row(salt, model.digest, item, image, error)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - as above; the message may quote the file
        return refused_row(salt, model.digest, item, image, AssessmentFailed(type(error).__name__))
    known_as = prediction_id(
        model,
        str(image.sha256),
        mammogram,
        center,
        item.frame or 1,
        contour=item.contour,
        diameter_mm=item.diameter_mm,
    )
    row = scored_row(salt, model.digest, item, image, known_as, assessment)
    return row if task.report is None else row | report(task.report, model, content, item.frame, assessment)


def _content(task: ScoringTask, image: str) -> tuple[ImageFacts, bytes]:
    if task.pacs is None:
        return file_content(task.root / image)
    return fetch_instance(kept_connection(*task.pacs), image)


def file_content(path: Path) -> tuple[ImageFacts, bytes]:
    """Read a file, and give what it is known by beside its bytes.

    Raises
    ------
    ImageFileNotFound, FileTooLarge
        When it cannot be opened, or is larger than a mammogram may be.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LIMITS.max_file_bytes + 1)
            found = os.fstat(file.fileno())
    except OSError:
        raise ImageFileNotFound() from None
    if len(content) > LIMITS.max_file_bytes:
        raise FileTooLarge(LIMITS.max_file_bytes)
    return ImageFacts(hashlib.sha256(content).hexdigest(), found.st_size, found.st_mtime_ns), content


def file_stamp(path: Path) -> tuple[int, int]:
    """Give size and time of change of a file, without reading it; -1 where there is none."""
    try:
        found = path.stat()
    except OSError:
        return -1, -1
    return found.st_size, found.st_mtime_ns
