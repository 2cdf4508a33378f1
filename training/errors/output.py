"""Refusals: what a command would write cannot be written."""

from dataclasses import dataclass
from typing import ClassVar

from training.errors.cohort import CohortError


@dataclass(eq=False)
class FeatureTableFormatUnknown(CohortError):
    """A feature table is asked for in a format that is not written."""

    name: str
    formats: str

    code: ClassVar[str] = "feature_table_format_unknown"
    summary: ClassVar[str] = "The feature table {name} cannot be written: its name must end in {formats}."
    remedy: ClassVar[str] = "Give --out a name with one of these endings."


@dataclass(eq=False)
class OutputInTheWay(CohortError):
    """Something that a command made earlier lies where it would write."""

    path: str
    found: str
    kind: str

    code: ClassVar[str] = "output_in_the_way"
    summary: ClassVar[str] = "{path} already holds {kind} ({found}); nothing was computed, nothing was changed."
    remedy: ClassVar[str] = "Name another --out, or pass --replace to put the new one in its place."


@dataclass(eq=False)
class OutputNotOurs(CohortError):
    """Something that is not the command's own lies where it would write; it is never replaced."""

    path: str
    found: str
    kind: str

    code: ClassVar[str] = "output_not_ours"
    summary: ClassVar[str] = (
        "At {path} lies something that is not {kind} of this product ({found}); nothing was computed, nothing was "
        "changed."
    )
    remedy: ClassVar[str] = "Name another --out: only what cadx-train wrote itself is ever replaced."


@dataclass(eq=False)
class OutputNotWritable(CohortError):
    """Nothing can be written at a place."""

    path: str
    reason: str

    code: ClassVar[str] = "output_not_writable"
    summary: ClassVar[str] = "{path} cannot be written: {reason}; nothing was computed."
    remedy: ClassVar[str] = "Name another --out, or make room and permission there."


@dataclass(eq=False)
class BundleNameInvalid(CohortError):
    """A model cannot bear this name."""

    name: str

    code: ClassVar[str] = "bundle_name_invalid"
    summary: ClassVar[str] = "A model cannot be named {name!r}; nothing was computed."
    remedy: ClassVar[str] = (
        "Use 1 to 64 ASCII letters, digits, dots, dashes and underscores, a letter or digit first: the last part of "
        "--out, or --name where there is one."
    )
