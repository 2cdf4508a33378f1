"""The ways to treat an overlap of test and training cases; apart from the rest, so that the command line loads fast."""

from enum import StrEnum


class OverlapPolicy(StrEnum):
    """What to do with test cases that match the training cohort."""

    REFUSE = "refuse"
    DROP = "drop"
    ALLOW = "allow"
