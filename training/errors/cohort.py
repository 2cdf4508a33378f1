"""Refusals: cases cannot be used for training, or a test set is none."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors import CadxError, ClassifierError


@dataclass(eq=False)
class CohortError(CadxError):
    """A manifest or data set cannot be used for training."""

    code: ClassVar[str] = "cohort_error"


@dataclass(eq=False)
class CaseUnusable(CohortError):
    """A case's image, center or lesion was refused."""

    image: str
    lesion_id: str
    reason_code: str
    reason: str

    code: ClassVar[str] = "case_unusable"
    summary: ClassVar[str] = "Lesion {lesion_id}, image {image} ({reason_code}): {reason}"
    remedy: ClassVar[str] = "Mend or remove that line of the manifest, or pass --skip-unusable to leave such cases out."


@dataclass(eq=False)
class RowsContradict(CohortError):
    """Rows call one place of one picture benign and malignant."""

    rows: str
    pairs: int
    within_mm: float

    code: ClassVar[str] = "rows_contradict"
    summary: ClassVar[str] = (
        "Marks within {within_mm:g} mm of each other on one picture, by its decoded pixels, are called benign and "
        "malignant, pairs of rows: {pairs} ({rows})."
    )
    remedy: ClassVar[str] = "One of the labels must be wrong: find out which, and keep one row of each place."


@dataclass(eq=False)
class RowsRepeated(CohortError):
    """Rows mark one place of one picture twice."""

    rows: str
    pairs: int
    within_mm: float

    code: ClassVar[str] = "rows_repeated"
    summary: ClassVar[str] = (
        "Marks within {within_mm:g} mm of each other on one picture, by its decoded pixels, are in the manifest more "
        "than once, pairs of rows: {pairs} ({rows})."
    )
    remedy: ClassVar[str] = "Keep one row of each place: repeated rows count as evidence that is not there."


@dataclass(eq=False)
class TestSetOverlaps(CohortError):
    """Cases of a test set are among those that the model was fitted on."""

    __test__: ClassVar[bool] = False

    bundle: str
    rows: int
    same_image: int
    same_patient: int
    same_lesion: int

    code: ClassVar[str] = "test_set_overlaps"
    summary: ClassVar[str] = (
        "{rows} rows of the test set match cases that bundle {bundle} was fitted on (by image: {same_image}; by "
        "patient identifier: {same_patient}; by lesion identifier: {same_lesion}), so its figures would be flattering."
    )
    remedy: ClassVar[str] = (
        "Pass --overlap drop to leave those rows out or, where identifiers coincide by chance, --overlap allow, which "
        "the report will say."
    )


@dataclass(eq=False)
class FeatureCacheUnusable(CohortError):
    """The folder of remembered features cannot be read or written, such as when the disk is full."""

    folder: str
    reason: str

    code: ClassVar[str] = "feature_cache_unusable"
    summary: ClassVar[str] = "The feature cache {folder} cannot be used: {reason}."
    remedy: ClassVar[str] = "Free space there or name another folder by --cache; what was kept before is intact."


@dataclass(eq=False)
class LayerTableUnreadable(CohortError):
    """A layer comparison is not a table that `cadx-train layers` wrote."""

    path: str
    reason: str

    code: ClassVar[str] = "layer_table_unreadable"
    summary: ClassVar[str] = "The layer comparison {path} cannot be read: {reason}."
    remedy: ClassVar[str] = "Write it with `cadx-train layers`, or leave it out."


@dataclass(eq=False)
class LesionOfBothClasses(ClassifierError):
    """A figure per lesion was asked for, and a lesion's rows have different labels."""

    lesions: int

    code: ClassVar[str] = "lesion_of_both_classes"
    summary: ClassVar[str] = "{lesions} lesion(s) hold rows of both classes, so that they have no label of their own."
    remedy: ClassVar[str] = "Group by lesion, not by patient, for figures per lesion."


@dataclass(eq=False)
class TooFewCases(ClassifierError):
    """The folds of a study, and those inside their training parts, cannot all hold both classes."""

    folds: int
    needed: int
    benign: str
    malignant: str
    possible: str

    code: ClassVar[str] = "too_few_cases"
    summary: ClassVar[str] = (
        "{folds} folds need at least {needed} benign and {needed} malignant lesions, each in a patient of its own "
        "where patients are named, because the training part of every fold is parted into {folds} again; there are "
        "{benign} and {malignant}, which allow {possible}."
    )
    remedy: ClassVar[str] = "Add lesions of other patients, or lower --folds."
