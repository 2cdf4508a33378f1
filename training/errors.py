"""Refusals of the offline half; those of the science are in `cadx.errors`.

::

    CadxError
    ├── CohortError                a manifest, a data set or a cache cannot be used for training
    └── ClassifierError
        └── LesionOfBothClasses    a figure per lesion was asked for, and a lesion has two labels
"""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors import CadxError, ClassifierError


@dataclass(eq=False)
class CohortError(CadxError):
    """A manifest or data set cannot be used for training."""

    code: ClassVar[str] = "cohort_error"


@dataclass(eq=False)
class ManifestNotFound(CohortError):
    """There is no manifest at that path."""

    path: str

    code: ClassVar[str] = "manifest_not_found"
    summary: ClassVar[str] = "There is no manifest file at {path}."
    remedy: ClassVar[str] = "Give the path of a CSV file; `cadx-train phantoms` writes an example."


@dataclass(eq=False)
class ManifestUnreadable(CohortError):
    """The manifest is not UTF-8 CSV."""

    path: str
    reason: str

    code: ClassVar[str] = "manifest_unreadable"
    summary: ClassVar[str] = "The manifest {path} cannot be read as UTF-8 CSV: {reason}."
    remedy: ClassVar[str] = "Save it as comma-separated UTF-8 text."


@dataclass(eq=False)
class ManifestColumnMissing(CohortError):
    """The manifest's header lacks a required column."""

    path: str
    columns: str
    found: str

    code: ClassVar[str] = "manifest_column_missing"
    summary: ClassVar[str] = "The manifest {path} lacks the column(s) {columns}; it has: {found}."
    remedy: ClassVar[str] = "Its first line must name the columns image, x, y, label, lesion_id."


@dataclass(eq=False)
class ManifestEmpty(CohortError):
    """The manifest lists no case."""

    path: str

    code: ClassVar[str] = "manifest_empty"
    summary: ClassVar[str] = "The manifest {path} lists no case."
    remedy: ClassVar[str] = "Add one line for each view of each lesion."


@dataclass(eq=False)
class ManifestValueInvalid(CohortError):
    """A cell of the manifest cannot be understood."""

    line: int
    column: str
    value: str
    expected: str

    code: ClassVar[str] = "manifest_value_invalid"
    summary: ClassVar[str] = "Manifest line {line}, column {column}: {value!r} is not {expected}."
    remedy: ClassVar[str] = "Correct that cell."


@dataclass(eq=False)
class ManifestImageMissing(CohortError):
    """A manifest line names a file that does not exist."""

    line: int
    column: str
    image: str

    code: ClassVar[str] = "manifest_image_missing"
    summary: ClassVar[str] = "Manifest line {line}, column {column}: there is no file {image}."
    remedy: ClassVar[str] = "Image paths are relative to the manifest's own folder."


@dataclass(eq=False)
class ManifestLesionInconsistent(CohortError):
    """Two lines of one lesion contradict each other."""

    line: int
    column: str
    lesion_id: str
    first_line: int

    code: ClassVar[str] = "manifest_lesion_inconsistent"
    summary: ClassVar[str] = (
        "Manifest line {line}, column {column}: lesion {lesion_id} has another value on line {first_line}."
    )
    remedy: ClassVar[str] = "All views of a lesion share its label and its patient."


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
class ImportSourceMissing(CohortError):
    """A data set lacks a file that its importer needs."""

    dataset: str
    path: str

    code: ClassVar[str] = "import_source_missing"
    summary: ClassVar[str] = "{dataset}: there is no {path}."
    remedy: ClassVar[str] = "Give the folder as the data set is distributed; the command's --help shows its layout."


@dataclass(eq=False)
class ImportFileUnreadable(CohortError):
    """A file of a data set is not in the format that its distributor describes."""

    dataset: str
    path: str
    reason: str

    code: ClassVar[str] = "import_file_unreadable"
    summary: ClassVar[str] = "{dataset}: {path} cannot be read: {reason}."
    remedy: ClassVar[str] = "Fetch that file again from the data set's own site."


@dataclass(eq=False)
class ImportColumnMissing(CohortError):
    """A table of a data set lacks a column."""

    dataset: str
    path: str
    columns: str
    found: str

    code: ClassVar[str] = "import_column_missing"
    summary: ClassVar[str] = "{dataset}: {path} lacks the column(s) {columns}; it has: {found}."
    remedy: ClassVar[str] = "Use the table as distributed, with its header and its own separator."


@dataclass(eq=False)
class ImportValueInvalid(CohortError):
    """A cell of a data set's table cannot be understood."""

    dataset: str
    path: str
    line: int
    column: str
    value: str
    expected: str

    code: ClassVar[str] = "import_value_invalid"
    summary: ClassVar[str] = "{dataset}: {path}, line {line}, column {column}: {value!r} is not {expected}."
    remedy: ClassVar[str] = "Mend or remove that line."


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
class ImportSettingInvalid(CohortError):
    """An importer's setting has no meaning."""

    setting: str
    value: str
    expected: str

    code: ClassVar[str] = "import_setting_invalid"
    summary: ClassVar[str] = "{setting}: {value!r} is not {expected}."
    remedy: ClassVar[str] = "See the command's --help."


@dataclass(eq=False)
class ImportEmpty(CohortError):
    """A data set gave no case at all."""

    dataset: str
    skipped: int
    commonest_reason: str

    code: ClassVar[str] = "import_empty"
    summary: ClassVar[str] = "{dataset}: no case could be used; {skipped} were left out, mostly: {commonest_reason}."
    remedy: ClassVar[str] = "Check that the images lie where the command's --help says."


@dataclass(eq=False)
class FeatureCacheUnusable(CohortError):
    """The folder of remembered features cannot be read or written, such as when the disk is full."""

    folder: str
    reason: str

    code: ClassVar[str] = "feature_cache_unusable"
    summary: ClassVar[str] = "The feature cache {folder} cannot be used: {reason}."
    remedy: ClassVar[str] = "Free space there or name another folder by --cache; what was kept before is intact."


@dataclass(eq=False)
class FeatureTableFormatUnknown(CohortError):
    """A feature table is asked for in a format that is not written."""

    name: str
    formats: str

    code: ClassVar[str] = "feature_table_format_unknown"
    summary: ClassVar[str] = "The feature table {name} cannot be written: its name must end in {formats}."
    remedy: ClassVar[str] = "Give --out a name with one of these endings."


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
