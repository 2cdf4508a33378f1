"""Official splits of data sets, which are kept: what was published on the test part stays comparable."""

from enum import StrEnum


class Split(StrEnum):
    """Part of a data set as its authors divided it."""

    TRAINING = "training"
    TEST = "test"
