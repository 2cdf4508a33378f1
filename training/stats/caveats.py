"""What makes a statistic doubtful, beside the statistic."""

from dataclasses import dataclass
from enum import StrEnum


class CaveatCode(StrEnum):
    """Stable names of the caveats in ``study.json``."""

    CALIBRATION_LINE_UNDEFINED = "calibration_line_undefined"
    DEGENERATE_FIT = "degenerate_fit"
    KAPPA_UNDEFINED = "kappa_undefined"
    NOT_CONVERGED = "not_converged"
    PERFECT_SEPARATION = "perfect_separation"
    TOO_FEW_CATEGORIES = "too_few_categories"


@dataclass(frozen=True, slots=True)
class Caveat:
    """Why a statistic says less than it seems to, or is missing.

    Attributes
    ----------
    code
        Which caveat.
    message
        One sentence for a person.
    """

    code: CaveatCode
    message: str
