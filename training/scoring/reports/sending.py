"""Making an assessment's report and handing it over; what became of it is told in the row."""

import functools
import time
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from pydicom.dataset import Dataset

from cadx import exchange
from cadx.assessment import Assessment
from cadx.bundle import Bundle
from cadx.errors import CadxError, PacsError, PacsRefused, PacsTooSlow, PacsUnreachable
from cadx.exchange.dicomweb import InstanceName, StoreOutcome, StoreState
from cadx.exchange.dicomweb.storing import SOP_CLASS_UNSUPPORTED
from training.errors import ReportFailed, ReportTargetUnusable
from training.outputs import write_whole
from training.scoring.pacs import asked, kept_connection
from training.scoring.reports.pace import Pace
from training.scoring.reports.target import ReportTarget
from training.scoring.rows import FAILED, REPORT, REPORT_DETAIL, Row

WRITTEN = "written"
MOST_REFUSALS = 20
"""Reports that a PACS may refuse one after another, when it took none yet, before it is no longer their fault."""
PAUSES_SECONDS = (1.0, 5.0, 20.0)
"""Before a PACS that does not answer is asked again."""
_MAY_PASS = frozenset({429, 502, 503, 504})
_OF_THIS_OBJECT = frozenset({400, 409, 413, 415, 422, 500})
"""HTTP statuses that another object may not meet."""
_OUT_OF_RESOURCES = 0xA7


def report(target: ReportTarget, model: Bundle, content: bytes, frame: int | None, assessment: Assessment) -> Row:
    """Report one assessment; give the columns of its row that say what became of the report.

    Parameters
    ----------
    content
        The image's file, whose header says whose it is.
    frame
        From 1; None for an image of one frame.

    Raises
    ------
    PacsError, ReportTargetUnusable
        When reports cannot be taken, whatever they say. What is wrong with this one stands in the row.
    """
    try:
        dataset = _document(target, model, content, frame, assessment)
        file = exchange.file_bytes(dataset)
    except CadxError as error:
        return _failed(f"{error.code}: {error.detail}")
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - as for an assessment; the message may quote the file
        failed = ReportFailed(type(error).__name__)
        return _failed(f"{failed.code}: {failed.detail}")
    dealings = _dealings(target.folder, target.pacs)
    dealings.pace.wait(target.per_second)
    if target.pacs is None:
        return _written(target, dataset, file)
    return _stored(target, target.pacs, dealings, dataset, file)


@dataclass
class _Dealings:
    """What this process has had with a target."""

    pace: Pace = field(default_factory=Pace)
    took_one: bool = False
    refusals: int = 0


@functools.lru_cache(maxsize=8)
def _dealings(folder: Path | None, pacs: tuple[Path, str] | None) -> _Dealings:
    return _Dealings()


def _document(
    target: ReportTarget, model: Bundle, content: bytes, frame: int | None, assessment: Assessment
) -> Dataset:
    view = exchange.ViewResult(exchange.read_source(content, frame), assessment)
    algorithm = exchange.algorithm_of(model, version("mammo-cadx"))
    results = exchange.Results((exchange.LesionResult((view,)),), algorithm, datetime.now().astimezone())
    return exchange.structured_report(results, sop_class=target.sop_class)


def _written(target: ReportTarget, dataset: Dataset, content: bytes) -> Row:
    def write(draft: Path) -> None:
        draft.write_bytes(content)

    path = Path(str(target.folder)) / f"{dataset.SOPInstanceUID}.dcm"
    try:
        if not path.exists():
            write_whole(path, write)
    except OSError as error:
        raise ReportTargetUnusable(target.place, error.strerror or type(error).__name__) from error
    return {REPORT: WRITTEN}


def _stored(target: ReportTarget, pacs: tuple[Path, str], dealings: _Dealings, dataset: Dataset, content: bytes) -> Row:
    name = InstanceName(str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID), str(dataset.SOPInstanceUID))
    try:
        outcome = _sent(target, pacs, name, content)
    except PacsRefused as error:
        if error.pacs_status not in _OF_THIS_OBJECT:
            raise
        return _refused(target, dealings, f"{error.code}: {error.detail}")
    if outcome.state is StoreState.FAILED:
        return _refused(target, dealings, f"store_failed: {_reason(outcome)}")
    dealings.took_one = True
    return {REPORT: outcome.state.value, REPORT_DETAIL: outcome.text or None}


def _sent(target: ReportTarget, pacs: tuple[Path, str], name: InstanceName, content: bytes) -> StoreOutcome:
    """Send an object, again where the PACS does not answer or has no room: it is asked first what it has."""
    for pause in (*PAUSES_SECONDS, None):
        try:
            (outcome,) = asked(kept_connection(*pacs), lambda client: client.store(name.study, {name: content}))
        except PacsError as error:
            if pause is None or not _may_pass(error):
                raise
        else:
            if outcome.state is not StoreState.FAILED or (outcome.reason or 0) >> 8 != _OUT_OF_RESOURCES:
                return outcome
            if pause is None:
                raise ReportTargetUnusable(target.place, _reason(outcome))
        time.sleep(pause)
    raise AssertionError  # The last attempt returned or raised.


def _may_pass(error: PacsError) -> bool:
    if isinstance(error, PacsRefused):
        return error.pacs_status in _MAY_PASS
    return isinstance(error, PacsUnreachable | PacsTooSlow)


def _refused(target: ReportTarget, dealings: _Dealings, detail: str) -> Row:
    """Say that a report was refused, unless the PACS seems to take none at all."""
    if not dealings.took_one:
        dealings.refusals += 1
        if dealings.refusals >= MOST_REFUSALS:
            dealings.refusals = 0
            raise ReportTargetUnusable(target.place, f"it took none of {MOST_REFUSALS}, the last because of {detail}")
    return _failed(detail)


def _reason(outcome: StoreOutcome) -> str:
    """Say why an object was not stored, in this command's terms."""
    if outcome.reason == SOP_CLASS_UNSUPPORTED:
        return f"0x{outcome.reason:04X} SOP class not supported: more archives take Comprehensive SR (--comprehensive)"
    return outcome.text


def _failed(detail: str) -> Row:
    return {REPORT: FAILED, REPORT_DETAIL: detail}
