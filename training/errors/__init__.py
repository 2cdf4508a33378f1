"""Refusals of the offline half; those of the science are in `cadx.errors`.

::

    CadxError
    ├── CohortError                a manifest, a data set, a cache or a place to write cannot be used
    ├── SchedulingError            work cannot be given to other processes or machines
    └── ClassifierError
        ├── TooFewCases            the folds of a study cannot be dealt
        └── LesionOfBothClasses    a figure per lesion was asked for, and a lesion has two labels
"""

from training.errors.cohort import (
    CaseUnusable,
    CohortError,
    FeatureCacheUnusable,
    LayerTableUnreadable,
    LesionOfBothClasses,
    RowsContradict,
    RowsRepeated,
    TestSetOverlaps,
    TooFewCases,
)
from training.errors.importing import (
    ImportColumnMissing,
    ImportEmpty,
    ImportFileUnreadable,
    ImportSettingInvalid,
    ImportSourceMissing,
    ImportValueInvalid,
)
from training.errors.manifest import (
    ManifestColumnMissing,
    ManifestEmpty,
    ManifestImageMissing,
    ManifestLesionInconsistent,
    ManifestNotFound,
    ManifestUnreadable,
    ManifestValueInvalid,
)
from training.errors.output import (
    BundleNameInvalid,
    FeatureTableFormatUnknown,
    OutputInTheWay,
    OutputNotOurs,
    OutputNotWritable,
)
from training.errors.scoring import (
    AssessmentFailed,
    ClusterNotInstalled,
    ProcessDied,
    ReportFailed,
    ReportTargetUnusable,
    ResultsNotWritable,
    ResultsOfAnotherRun,
    SchedulerUnknown,
    SchedulerUnreachable,
    SchedulingError,
    ScoringSourceUnusable,
    TaskFailed,
    WorkerDiffers,
    WorkersKeepDying,
)
from training.errors.table import ColumnMisspelled, SeparatorWrong, TableMalformed
from training.errors.verdicts import VerdictBroken, VerdictsMissing

__all__ = [
    "AssessmentFailed",
    "BundleNameInvalid",
    "CaseUnusable",
    "ClusterNotInstalled",
    "CohortError",
    "ColumnMisspelled",
    "FeatureCacheUnusable",
    "FeatureTableFormatUnknown",
    "ImportColumnMissing",
    "ImportEmpty",
    "ImportFileUnreadable",
    "ImportSettingInvalid",
    "ImportSourceMissing",
    "ImportValueInvalid",
    "LayerTableUnreadable",
    "LesionOfBothClasses",
    "ManifestColumnMissing",
    "ManifestEmpty",
    "ManifestImageMissing",
    "ManifestLesionInconsistent",
    "ManifestNotFound",
    "ManifestUnreadable",
    "ManifestValueInvalid",
    "OutputInTheWay",
    "OutputNotOurs",
    "OutputNotWritable",
    "ProcessDied",
    "ReportFailed",
    "ReportTargetUnusable",
    "ResultsNotWritable",
    "ResultsOfAnotherRun",
    "RowsContradict",
    "RowsRepeated",
    "SchedulerUnknown",
    "SchedulerUnreachable",
    "SchedulingError",
    "ScoringSourceUnusable",
    "SeparatorWrong",
    "TableMalformed",
    "TaskFailed",
    "TestSetOverlaps",
    "TooFewCases",
    "VerdictBroken",
    "VerdictsMissing",
    "WorkerDiffers",
    "WorkersKeepDying",
]
