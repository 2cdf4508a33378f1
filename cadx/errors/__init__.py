"""Every refusal of the product, in one tree.

::

    CadxError
    ├── MammogramError      the image file cannot be used
    ├── CenterError         the marked center cannot be used
    ├── LesionError         the lesion cannot be described
    ├── BackboneError       the CNN cannot be built or does not fit its weights
    ├── ClassifierError     a classifier cannot be fitted to this data
    ├── BundleError         a model bundle cannot be trusted or loaded
    ├── ExchangeError       an object of a hospital's systems cannot be written or read
    └── PacsError           a PACS cannot be asked, or did not give what was asked

A leaf states what is wrong (`summary`, filled in with the error's own facts), what to do about it (`remedy`) and
a stable `code` that clients may branch on. Facts are typed attributes. No fact ever carries a patient's data.

What only the service or only training refuses is in `app.errors` and `training.errors`. The imports below are the list
of what this package exports (pyproject.toml says so to mypy and ruff): no second list to keep.
"""

from cadx.errors.backbone import (
    BackboneError,
    BackboneNotExportable,
    ExportedBackboneUnreadable,
    InvalidBackboneSetting,
    InvalidRoiBatch,
    UnknownBackbone,
    UnknownLayer,
    UnusableArchitecture,
    WeightsMismatch,
    WeightsMissing,
    WeightsUnreadable,
)
from cadx.errors.base import (
    CadxError,
)
from cadx.errors.bundle import (
    BundleDefinitionChanged,
    BundleError,
    BundleFileInvalid,
    BundleFileMissing,
    BundleFormatUnknown,
    BundleIncompatible,
    BundleLibraryMismatch,
    BundleManifestInvalid,
    BundleNotFound,
    BundleNotPinned,
    BundleTampered,
    BundleUnreadable,
)
from cadx.errors.center import (
    CenterError,
    CenterInAir,
    CenterInPadding,
    CenterOutsideImage,
)
from cadx.errors.classifier import (
    ClassifierError,
    FeaturesNotFinite,
    MoreThanTwoClasses,
    NoVaryingFeature,
    OneClassOnly,
    TooFewGroups,
    UnusableSetting,
)
from cadx.errors.contour import (
    ContourError,
    ContourOutsideImage,
    ContourOutsideRegion,
    ContourSelfCrossing,
    ContourTooFewPoints,
    ContourTooLarge,
    ContourTooSmall,
    DiameterUnusable,
)
from cadx.errors.exchange import (
    AnnotationAmbiguous,
    AnnotationMissing,
    AnnotationUnreadable,
    DicomNeeded,
    ExchangeError,
    IdentityUnusable,
    SourcesMixed,
    TrackingUnusable,
    VerdictUnreadable,
)
from cadx.errors.lesion import (
    FeatureNotComputable,
    LesionError,
    LesionTooSmall,
)
from cadx.errors.mammogram import (
    FileTooLarge,
    ForProcessingImage,
    FrameNeeded,
    FrameNotInFile,
    ImageFileNotFound,
    ImageTooLarge,
    ImplausibleSpacing,
    InvalidHeaderValue,
    MammogramError,
    MissingSpacing,
    NoPixelData,
    NotAMammogram,
    OneGrayImage,
    PixelDataMismatch,
    PixelsOutOfRange,
    SpacingConflict,
    TruncatedImage,
    UnknownImageFormat,
    UnknownMagnification,
    UnreadableImage,
    UnsupportedPixels,
    UnsupportedTransferSyntax,
    VoiOverrideNotAllowed,
)
from cadx.errors.pacs import (
    InstanceNotInPacs,
    PacsAnswerUnreadable,
    PacsError,
    PacsFault,
    PacsFileInvalid,
    PacsInstanceTooLarge,
    PacsRefused,
    PacsSentAnotherInstance,
    PacsTooSlow,
    PacsUnknown,
    PacsUnreachable,
)
