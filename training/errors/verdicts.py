"""Refusals: readers' verdicts cannot be counted."""

from dataclasses import dataclass
from typing import ClassVar

from training.errors.cohort import CohortError


@dataclass(eq=False)
class VerdictBroken(CohortError):
    """A reader's verdict is not whole."""

    path: str
    reason: str

    code: ClassVar[str] = "verdict_broken"
    summary: ClassVar[str] = "The verdict {path} cannot be counted: {reason}"
    remedy: ClassVar[str] = "Fetch it anew, or pass --skip-unusable to leave such verdicts out."


@dataclass(eq=False)
class VerdictsMissing(CohortError):
    """There is no reader's verdict in a folder."""

    folder: str
    files: int

    code: ClassVar[str] = "verdicts_missing"
    summary: ClassVar[str] = "None of the {files} files below {folder} is a reader's verdict."
    remedy: ClassVar[str] = "Give the folder of the reports that record what readers made of answers, in little endian."
