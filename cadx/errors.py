"""Every refusal of the product, in one tree.

::

    CadxError
    ├── MammogramError      the image file cannot be used
    ├── CentreError         the marked centre cannot be used
    ├── LesionError         the lesion cannot be described
    ├── BackboneError       the CNN cannot be built or does not fit its weights
    ├── ClassifierError     a classifier cannot be fitted to this data
    ├── BundleError         a model bundle cannot be trusted or loaded
    └── CohortError         a manifest or data set cannot be used for training

A leaf states what is wrong (`summary`, filled in with the error's own facts), what to do about it (`remedy`) and
a stable `code` that clients may branch on. Facts are typed attributes. No fact ever carries a patient's data.
"""

from dataclasses import dataclass, fields
from typing import ClassVar


@dataclass(eq=False)
class CadxError(Exception):
    """Base of every error that a user of the product can cause or mend.

    Attributes
    ----------
    code
        Stable, lower-case, underscore-separated name of the problem.
    summary
        What is wrong: a format string over the error's fields.
    remedy
        What the user can do about it.
    """

    code: ClassVar[str] = "cadx_error"
    summary: ClassVar[str] = ""
    remedy: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Hand the facts to `Exception`, so that pickling and repr work."""
        super().__init__(*self.facts.values())

    @property
    def facts(self) -> dict[str, object]:
        """The error's own fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def detail(self) -> str:
        """The summary with the facts filled in."""
        return self.summary.format(**self.facts)

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}".strip()


# --- the image file -------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class MammogramError(CadxError):
    """The image file cannot be used."""

    code: ClassVar[str] = "mammogram_error"


@dataclass(eq=False)
class ImageFileNotFound(MammogramError):
    """There is no file to read. The path is not told: it may bear a patient's name."""

    code: ClassVar[str] = "image_file_not_found"
    summary: ClassVar[str] = "The image file does not exist or cannot be opened."
    remedy: ClassVar[str] = "Check the path and the right to read it."


@dataclass(eq=False)
class UnknownImageFormat(MammogramError):
    """The bytes are not an image of a kind that is read."""

    code: ClassVar[str] = "unknown_image_format"
    summary: ClassVar[str] = "The file is not an image of a known kind."
    remedy: ClassVar[str] = "Give a DICOM file (with its 128-byte preamble), or a gray PNG, TIFF or binary PGM."


@dataclass(eq=False)
class UnreadableImage(MammogramError):
    """The file is of a known kind and broken."""

    file_format: str
    reason: str

    code: ClassVar[str] = "unreadable_image"
    summary: ClassVar[str] = "The {file_format} file cannot be read: {reason}."
    remedy: ClassVar[str] = "Export the image again."


@dataclass(eq=False)
class TruncatedImage(MammogramError):
    """The file ends before its pixels do."""

    file_format: str
    expected_bytes: int
    found_bytes: int

    code: ClassVar[str] = "truncated_image"
    summary: ClassVar[str] = (
        "The {file_format} file is cut short: {expected_bytes} bytes are declared, {found_bytes} are there."
    )
    remedy: ClassVar[str] = "Send the whole file again."


@dataclass(eq=False)
class FileTooLarge(MammogramError):
    """The file is over the size limit."""

    limit_bytes: int

    code: ClassVar[str] = "file_too_large"
    summary: ClassVar[str] = "The file holds, or inflates to, more than {limit_bytes} bytes."
    remedy: ClassVar[str] = "Send one mammogram a file."


@dataclass(eq=False)
class ImageTooLarge(MammogramError):
    """The declared image is over the pixel limit; nothing was decoded."""

    rows: int
    columns: int
    limit_pixels: int

    code: ClassVar[str] = "image_too_large"
    summary: ClassVar[str] = (
        "The file declares {rows} rows x {columns} columns, over the limit of {limit_pixels} pixels."
    )
    remedy: ClassVar[str] = "Check that the file is one mammogram."


@dataclass(eq=False)
class PixelDataMismatch(MammogramError):
    """The header and the pixel data contradict each other."""

    declared: str
    found: str

    code: ClassVar[str] = "pixel_data_mismatch"
    summary: ClassVar[str] = "The header declares {declared}, the pixel data hold {found}."
    remedy: ClassVar[str] = "Export the image again; its header is wrong."


@dataclass(eq=False)
class UnsupportedPixels(MammogramError):
    """The pixels are of a kind that a mammogram does not have."""

    reason: str

    code: ClassVar[str] = "unsupported_pixels"
    summary: ClassVar[str] = "The pixels cannot be used: {reason}."
    remedy: ClassVar[str] = "Give one gray channel of 8 to 16 bits."


@dataclass(eq=False)
class InvalidHeaderValue(MammogramError):
    """A DICOM attribute is missing or has no usable value. Text values are not told."""

    tag: str
    keyword: str
    reason: str

    code: ClassVar[str] = "invalid_header_value"
    summary: ClassVar[str] = "The DICOM attribute {keyword} {tag} {reason}."
    remedy: ClassVar[str] = "Correct the attribute or export the image again."


@dataclass(eq=False)
class UnsupportedTransferSyntax(MammogramError):
    """The DICOM transfer syntax is not among the readable ones."""

    transfer_syntax: str

    code: ClassVar[str] = "unsupported_transfer_syntax"
    summary: ClassVar[str] = "The transfer syntax (0002,0010) {transfer_syntax} is not readable."
    remedy: ClassVar[str] = "Convert the file to Explicit VR Little Endian (1.2.840.10008.1.2.1)."


@dataclass(eq=False)
class NotAMammogram(MammogramError):
    """The DICOM file is of another modality or holds no image."""

    tag: str
    keyword: str
    value: str

    code: ClassVar[str] = "not_a_mammogram"
    summary: ClassVar[str] = "The file is not a mammogram: {keyword} {tag} is {value}."
    remedy: ClassVar[str] = "Give an image with Modality MG."


@dataclass(eq=False)
class ForProcessingImage(MammogramError):
    """Raw detector data, which look nothing like the images a model was trained on."""

    tag: str
    keyword: str
    value: str

    code: ClassVar[str] = "for_processing_image"
    summary: ClassVar[str] = "The file holds raw detector data ({keyword} {tag} is {value})."
    remedy: ClassVar[str] = "Give the FOR PRESENTATION image, or use a model trained on FOR PROCESSING images."


@dataclass(eq=False)
class FrameNeeded(MammogramError):
    """A multi-frame file, such as tomosynthesis, without a chosen frame."""

    frames: int

    code: ClassVar[str] = "frame_needed"
    summary: ClassVar[str] = "The file holds {frames} frames and none was chosen."
    remedy: ClassVar[str] = "Name a frame, from 1."


@dataclass(eq=False)
class FrameNotInFile(MammogramError):
    """The chosen frame does not exist."""

    frame: int
    frames: int

    code: ClassVar[str] = "frame_not_in_file"
    summary: ClassVar[str] = "Frame {frame} was asked for; the file holds {frames}."
    remedy: ClassVar[str] = "Name a frame from 1 to the number of frames."


@dataclass(eq=False)
class MissingSpacing(MammogramError):
    """Neither the file nor the caller tells the pixel size."""

    code: ClassVar[str] = "missing_spacing"
    summary: ClassVar[str] = "The pixel spacing is unknown: the file does not tell it and the caller gave none."
    remedy: ClassVar[str] = "Give the pixel spacing of the detector or of the digitised film in millimetres."


@dataclass(eq=False)
class ImplausibleSpacing(MammogramError):
    """A pixel spacing that no mammogram has."""

    row_mm: float
    column_mm: float
    source: str
    smallest_mm: float
    largest_mm: float

    code: ClassVar[str] = "implausible_spacing"
    summary: ClassVar[str] = (
        "The pixel spacing {row_mm:g} x {column_mm:g} mm ({source}) is outside {smallest_mm:g} to {largest_mm:g} mm."
    )
    remedy: ClassVar[str] = "Correct the spacing; mammograms have 0.04 to 0.2 mm."


@dataclass(eq=False)
class SpacingConflict(MammogramError):
    """The caller's spacing contradicts the file's."""

    file_mm: float
    caller_mm: float

    code: ClassVar[str] = "spacing_conflict"
    summary: ClassVar[str] = "The file says {file_mm:g} mm a pixel, the caller {caller_mm:g} mm."
    remedy: ClassVar[str] = "Leave the spacing out to use the file's, or correct the file."


@dataclass(eq=False)
class UnknownMagnification(MammogramError):
    """The lesion plane was asked for and the file does not tell the magnification."""

    code: ClassVar[str] = "unknown_magnification"
    summary: ClassVar[str] = (
        "The spacing in the lesion's plane was asked for; the file does not tell the magnification."
    )
    remedy: ClassVar[str] = "Use a model that measures in the detector plane."


@dataclass(eq=False)
class PixelsOutOfRange(MammogramError):
    """Decoded values do not fit the declared number of bits."""

    bits_stored: int
    smallest: int
    largest: int

    code: ClassVar[str] = "pixels_out_of_range"
    summary: ClassVar[str] = (
        "Pixel values from {smallest} to {largest} do not fit the {bits_stored} bits that BitsStored declares."
    )
    remedy: ClassVar[str] = "Export the image again; its header or its pixels are wrong."


# --- the centre -----------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class CentreError(CadxError):
    """The marked centre cannot be used."""

    code: ClassVar[str] = "centre_error"


@dataclass(eq=False)
class CentreOutsideImage(CentreError):
    """The centre is not on the image."""

    x: float
    y: float
    columns: int
    rows: int

    code: ClassVar[str] = "centre_outside_image"
    summary: ClassVar[str] = "The centre (x={x:g}, y={y:g}) lies outside the image of {columns} columns x {rows} rows."
    remedy: ClassVar[str] = (
        "Give x (column) and y (row) in pixels of the stored image, with (0, 0) at its top-left corner."
    )


@dataclass(eq=False)
class CentreInPadding(CentreError):
    """The centre lies where the file holds padding and no image."""

    x: float
    y: float

    code: ClassVar[str] = "centre_in_padding"
    summary: ClassVar[str] = "The centre (x={x:g}, y={y:g}) lies in the padding about the image."
    remedy: ClassVar[str] = "Mark the middle of the lesion; x is the column and y the row of the stored image."


@dataclass(eq=False)
class CentreInAir(CentreError):
    """The centre lies on constant background, not on tissue."""

    x: float
    y: float

    code: ClassVar[str] = "centre_in_air"
    summary: ClassVar[str] = "The centre (x={x:g}, y={y:g}) lies on empty background."
    remedy: ClassVar[str] = "Mark the middle of the lesion; x is the column and y the row of the stored image."


# --- the lesion -----------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class LesionError(CadxError):
    """The lesion cannot be described."""

    code: ClassVar[str] = "lesion_error"


@dataclass(eq=False)
class FeatureNotComputable(LesionError):
    """A lesion feature has no value for this region."""

    feature: str
    reason: str

    code: ClassVar[str] = "feature_not_computable"
    summary: ClassVar[str] = "The lesion feature {feature} cannot be computed: {reason}."
    remedy: ClassVar[str] = "Check that the centre is marked on the lesion and that the image holds its surroundings."


# --- the CNN --------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class BackboneError(CadxError):
    """The CNN cannot be built or does not fit its weights."""

    code: ClassVar[str] = "backbone_error"


@dataclass(eq=False)
class UnknownBackbone(BackboneError):
    """No architecture has this name."""

    architecture: str
    similar: str

    code: ClassVar[str] = "unknown_backbone"
    summary: ClassVar[str] = "There is no backbone named {architecture!r}; similar names: {similar}."
    remedy: ClassVar[str] = "Use alexnet, alexnet2012 or the name of a torchvision classification model."


@dataclass(eq=False)
class UnknownLayer(BackboneError):
    """The architecture has no layer of this name."""

    architecture: str
    layer: str
    choices: str

    code: ClassVar[str] = "unknown_layer"
    summary: ClassVar[str] = "The backbone {architecture} has no layer {layer!r}; choices: {choices}."
    remedy: ClassVar[str] = (
        "AlexNet's layers are conv1 to fc8; other backbones use the node names that "
        "torchvision.models.feature_extraction.get_graph_node_names prints."
    )


@dataclass(eq=False)
class InvalidBackboneSetting(BackboneError):
    """A setting of the backbone has a value that means nothing."""

    setting: str
    value: str
    expected: str

    code: ClassVar[str] = "invalid_backbone_setting"
    summary: ClassVar[str] = "The backbone's {setting} cannot be {value!r}; it may be {expected}."
    remedy: ClassVar[str] = "Correct this setting."


@dataclass(eq=False)
class UnusableArchitecture(BackboneError):
    """The network does not take ROIs of 256 x 256 pixels, or a layer gives no plain array."""

    architecture: str
    reason: str

    code: ClassVar[str] = "unusable_architecture"
    summary: ClassVar[str] = "The backbone {architecture} cannot be used on 256 x 256 pixels: {reason}."
    remedy: ClassVar[str] = "Use a convolutional architecture, such as alexnet, vgg19, resnet50 or squeezenet1_1."


@dataclass(eq=False)
class WeightsMissing(BackboneError):
    """The backbone's weights are not there and cannot be fetched."""

    weights: str
    reason: str

    code: ClassVar[str] = "weights_missing"
    summary: ClassVar[str] = "The backbone's weights {weights!r} cannot be had: {reason}."
    remedy: ClassVar[str] = (
        "Set the weights to one of three: imagenet (downloaded by torchvision into TORCH_HOME, or put there by hand); "
        "the path of a state dict; random:SEED (not pretrained, demonstration only)."
    )


@dataclass(eq=False)
class WeightsUnreadable(BackboneError):
    """The weights file does not hold weights."""

    path: str
    reason: str

    code: ClassVar[str] = "weights_unreadable"
    summary: ClassVar[str] = "The weights file {path} cannot be read: {reason}."
    remedy: ClassVar[str] = "Give a state dict saved by torch.save, a .npz of arrays, or an .onnx model."


@dataclass(eq=False)
class WeightsMismatch(BackboneError):
    """The weights belong to another architecture."""

    architecture: str
    weights: str
    problem: str

    code: ClassVar[str] = "weights_mismatch"
    summary: ClassVar[str] = "The weights {weights!r} do not fit the architecture {architecture}: {problem}."
    remedy: ClassVar[str] = "Give the weights of this architecture, or the architecture of these weights."


@dataclass(eq=False)
class BackboneNotExportable(BackboneError):
    """A network cannot be written as an ONNX file."""

    architecture: str
    reason: str

    code: ClassVar[str] = "backbone_not_exportable"
    summary: ClassVar[str] = "The backbone {architecture} cannot be exported: {reason}."
    remedy: ClassVar[str] = (
        "Use another layer or architecture, in float32; alexnet, vgg19 and resnet50 can be exported."
    )


@dataclass(eq=False)
class ExportedBackboneUnreadable(BackboneError):
    """An exported backbone is damaged or was written by something else."""

    reason: str

    code: ClassVar[str] = "exported_backbone_unreadable"
    summary: ClassVar[str] = "The exported backbone cannot be read: {reason}."
    remedy: ClassVar[str] = "Fit the model again, or fetch its folder again."


@dataclass(eq=False)
class InvalidRoiBatch(BackboneError):
    """What was given to the CNN is not a batch of ROIs."""

    shape: tuple[int, ...]
    reason: str

    code: ClassVar[str] = "invalid_roi_batch"
    summary: ClassVar[str] = "An array of shape {shape} is not a batch of ROIs: {reason}."
    remedy: ClassVar[str] = "Give gray levels from 0 to 1 in an array of shape (n, 512, 512)."


# --- classifiers ----------------------------------------------------------------------------------------------------


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
class LesionOfBothClasses(ClassifierError):
    """A figure per lesion was asked for, and a lesion's rows have different labels."""

    lesions: int

    code: ClassVar[str] = "lesion_of_both_classes"
    summary: ClassVar[str] = "{lesions} lesion(s) hold rows of both classes, so that they have no label of their own."
    remedy: ClassVar[str] = "Group by lesion, not by patient, for figures per lesion."


@dataclass(eq=False)
class UnusableSetting(ClassifierError):
    """A setting of the classifier or of its search grid cannot be used."""

    parameter: str
    value: str
    rule: str

    code: ClassVar[str] = "unusable_setting"
    summary: ClassVar[str] = "The classifier's {parameter} {rule}; it was given {value}."
    remedy: ClassVar[str] = "Correct the setting."


# --- bundles --------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class BundleError(CadxError):
    """A model bundle cannot be trusted or loaded."""

    code: ClassVar[str] = "bundle_error"


@dataclass(eq=False)
class BundleNotFound(BundleError):
    """There is no bundle in that folder."""

    folder: str

    code: ClassVar[str] = "bundle_not_found"
    summary: ClassVar[str] = "There is no model bundle (bundle.json) in {folder}."
    remedy: ClassVar[str] = "Run `make demo` for a demonstration model or `cadx-train fit` for your own."


@dataclass(eq=False)
class BundleUnreadable(BundleError):
    """The operating system does not let the bundle be read."""

    bundle: str
    reason: str

    code: ClassVar[str] = "bundle_unreadable"
    summary: ClassVar[str] = "Bundle {bundle} cannot be read: {reason}."
    remedy: ClassVar[str] = (
        "Let the user of this process (in the container: 10001) read the folder and its files: `chmod -R a+rX FOLDER`."
    )


@dataclass(eq=False)
class BundleManifestInvalid(BundleError):
    """bundle.json cannot be understood."""

    bundle: str
    reason: str

    code: ClassVar[str] = "bundle_manifest_invalid"
    summary: ClassVar[str] = "bundle.json of bundle {bundle} is invalid: {reason}."
    remedy: ClassVar[str] = "Fetch or fit the bundle again; do not edit it by hand."


@dataclass(eq=False)
class BundleFormatUnknown(BundleError):
    """The bundle's format number is not one this version reads."""

    bundle: str
    found: str
    known: int

    code: ClassVar[str] = "bundle_format_unknown"
    summary: ClassVar[str] = "Bundle {bundle} has format {found}; this version reads format {known}."
    remedy: ClassVar[str] = "Use the version of mammo-cadx that wrote it, or fit it again."


@dataclass(eq=False)
class BundleFileMissing(BundleError):
    """A file of the bundle is missing."""

    bundle: str
    file: str

    code: ClassVar[str] = "bundle_file_missing"
    summary: ClassVar[str] = "Bundle {bundle} lacks its file {file}."
    remedy: ClassVar[str] = "Copy the whole folder again, or fit it again."


@dataclass(eq=False)
class BundleTampered(BundleError):
    """A file of the bundle is not the one its manifest describes."""

    bundle: str
    file: str

    code: ClassVar[str] = "bundle_tampered"
    summary: ClassVar[str] = "File {file} of bundle {bundle} is not the one its manifest describes; nothing was loaded."
    remedy: ClassVar[str] = "Copy the bundle again from where you trust it, or fit it again."


@dataclass(eq=False)
class BundleNotPinned(BundleError):
    """The bundle is not the pinned one."""

    bundle: str
    digest: str
    pinned_digest: str

    code: ClassVar[str] = "bundle_not_pinned"
    summary: ClassVar[str] = "Bundle {bundle} has digest {digest}, not the pinned {pinned_digest}."
    remedy: ClassVar[str] = "Install the pinned bundle, or change the pin after checking where this one comes from."


@dataclass(eq=False)
class BundleLibraryMismatch(BundleError):
    """The bundle was made with another version of a library."""

    bundle: str
    library: str
    wanted: str
    found: str

    code: ClassVar[str] = "bundle_library_mismatch"
    summary: ClassVar[str] = "Bundle {bundle} was made with {library} {wanted}; this environment has {found}."
    remedy: ClassVar[str] = "Install with the constraints file of the bundle's version, or fit the bundle again here."


@dataclass(eq=False)
class BundleIncompatible(BundleError):
    """The bundle does not fit this code or these weights."""

    bundle: str
    reason: str

    code: ClassVar[str] = "bundle_incompatible"
    summary: ClassVar[str] = "Bundle {bundle} cannot be used: {reason}."
    remedy: ClassVar[str] = "Fit the bundle again with this version."


# --- cohorts --------------------------------------------------------------------------------------------------------


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
    """A case's image, centre or lesion was refused."""

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
        "{rows} rows of the test set match cases that bundle {bundle} was fitted on (by image file: {same_image}; by "
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
