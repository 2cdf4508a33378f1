"""Where reports go: a folder or a PACS, tried before any work, and how fast."""

from dataclasses import dataclass, replace
from pathlib import Path

from cadx.exchange import ReportClass
from training.errors import ReportTargetUnusable
from training.outputs import check_writable
from training.scoring.pacs import asked, connection_of

PACS_REPORTS_PER_SECOND = 5.0
"""Unless told otherwise: an archive has more to do than to take reports."""
LONGEST_WAITING_SECONDS = 600.0
"""Of a part, at its worker's share of the rate; parts are made small enough."""


@dataclass(frozen=True, slots=True)
class ReportTarget:
    """Where reports go, and how; small, for it travels with every part.

    Attributes
    ----------
    folder
        Where they are written; None: into a PACS.
    pacs
        File and name of the PACS that they are stored in; None: into a folder.
    sop_class
        Of the SRs.
    per_second
        Most reports a second; None: no limit.
    """

    folder: Path | None = None
    pacs: tuple[Path, str] | None = None
    sop_class: ReportClass = ReportClass.COMPREHENSIVE_3D
    per_second: float | None = None

    @property
    def place(self) -> str:
        """For messages."""
        return str(self.folder) if self.pacs is None else f"pacs:{self.pacs[1]}"

    def shared(self, workers: int) -> "ReportTarget":
        """Give one of several workers its share of the rate."""
        return self if self.per_second is None else replace(self, per_second=self.per_second / workers)

    def most_lesions(self, workers: int) -> int | None:
        """Give how many lesions a part may hold, so that no worker waits long within one; None: any number."""
        if self.per_second is None:
            return None
        return max(1, int(LONGEST_WAITING_SECONDS * self.per_second / workers))


def report_target(
    given: str, pacs_file: Path | None, results: Path, *, per_second: float | None = None, comprehensive: bool = False
) -> ReportTarget:
    """Understand where reports are to go, and try whether they can.

    Parameters
    ----------
    given
        A folder, made if it is not there, or ``pacs:NAME``.
    pacs_file
        Names the PACS.
    results
        Folder of the rows, which readers of Parquet must find no other files in.
    per_second
        Most reports a second; by default `PACS_REPORTS_PER_SECOND` for a PACS, and no limit for a folder.
    comprehensive
        Write Comprehensive SR, not Comprehensive 3D SR.

    Raises
    ------
    ReportTargetUnusable
        When the PACS is not named, or takes no results, or the folder lies in that of the rows.
    PacsError
        When the PACS is unknown, or does not answer.
    OutputNotWritable
        When nothing can be written into the folder.
    """
    sop_class = ReportClass.COMPREHENSIVE if comprehensive else ReportClass.COMPREHENSIVE_3D
    if given.startswith("pacs:"):
        if pacs_file is None:
            raise ReportTargetUnusable(given, "--pacs-file does not say which PACS that is")
        name = given.removeprefix("pacs:")
        connection = connection_of(pacs_file, name)
        if not connection.store:
            raise ReportTargetUnusable(given, f"{pacs_file} says that nothing is stored there")
        asked(connection, lambda client: client.ping())
        return ReportTarget(None, (pacs_file.resolve(), name), sop_class, per_second or PACS_REPORTS_PER_SECOND)
    folder = Path(given).resolve()
    if folder.is_relative_to(results.resolve()):
        raise ReportTargetUnusable(given, "it lies in the folder of results, which holds nothing but rows")
    check_writable(folder)
    folder.mkdir(parents=True, exist_ok=True)
    return ReportTarget(folder, None, sop_class, per_second)
