"""Reports of what was scored: a TID 1500 SR a row, into a folder or a PACS, no faster than was asked for.

An SR's UIDs are derived from what it says, so that whoever does a part again makes the same object: a file that is
there already stays, and a PACS is not sent what it has.
"""

from training.scoring.reports.sending import report
from training.scoring.reports.target import ReportTarget, report_target

__all__ = ["ReportTarget", "report", "report_target"]
