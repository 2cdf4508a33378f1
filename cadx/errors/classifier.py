"""Refusals: a classifier cannot be fitted to this data."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors.base import CadxError


@dataclass(eq=False)
class ClassifierError(CadxError, ValueError):
    """A classifier cannot be fitted to this data; a ValueError too, as scikit-learn's tools expect of an estimator."""

    code: ClassVar[str] = "classifier_error"


@dataclass(eq=False)
class FeaturesNotFinite(ClassifierError):
    """The feature matrix holds NaN or infinity."""

    values: int
    row: int
    column: int

    code: ClassVar[str] = "features_not_finite"
    summary: ClassVar[str] = (
        "{values} value(s) of the feature matrix are NaN or inf, the first in row {row}, column {column} (from 0)."
    )
    remedy: ClassVar[str] = "Leave out the rows whose features could not be computed."


@dataclass(eq=False)
class NoVaryingFeature(ClassifierError):
    """Every column is constant over the training rows."""

    rows: int
    columns: int

    code: ClassVar[str] = "no_varying_feature"
    summary: ClassVar[str] = "None of the {columns} feature column(s) varies over the {rows} training rows."
    remedy: ClassVar[str] = "Check that the rows come from different images and that the features were computed."


@dataclass(eq=False)
class OneClassOnly(ClassifierError):
    """All rows bear the same label."""

    label: str
    rows: int

    code: ClassVar[str] = "one_class_only"
    summary: ClassVar[str] = "All {rows} rows are of one class, {label}."
    remedy: ClassVar[str] = "Give both benign and malignant cases."


@dataclass(eq=False)
class MoreThanTwoClasses(ClassifierError):
    """The labels name more than two classes."""

    target: str
    classes: int

    code: ClassVar[str] = "more_than_two_classes"
    summary: ClassVar[str] = (
        "Only binary classification is supported. The type of the target is {target}, with {classes} classes."
    )
    remedy: ClassVar[str] = "Give two labels, benign and malignant."


@dataclass(eq=False)
class TooFewGroups(ClassifierError):
    """There are not enough lesions (or patients) to give every fold both classes."""

    folds: int
    groups: int
    groups_by_class: str

    code: ClassVar[str] = "too_few_groups"
    summary: ClassVar[str] = (
        "{groups} lesions or patients ({groups_by_class}) cannot give {folds} folds that all hold both classes."
    )
    remedy: ClassVar[str] = (
        "Use at least 2 folds and no more than there are lesions of either class; add cases or lower the folds."
    )


@dataclass(eq=False)
class UnusableSetting(ClassifierError):
    """A setting of the classifier or of its search grid cannot be used."""

    parameter: str
    value: str
    rule: str

    code: ClassVar[str] = "unusable_setting"
    summary: ClassVar[str] = "The classifier's {parameter} {rule}; it was given {value}."
    remedy: ClassVar[str] = "Correct the setting."
