"""What is said of a lesion by people, not found out by the algorithm."""

from enum import StrEnum


class FindingKind(StrEnum):
    """What the caller says the lesion is; the algorithm does not find out."""

    SELECTED_REGION = "selected_region"
    MASS = "mass"
    CALCIFICATION = "calcification"


class OutlinedBy(StrEnum):
    """Who drew the outline: the algorithm about a reader's mark, or a reader."""

    ALGORITHM = "algorithm"
    READER = "reader"
