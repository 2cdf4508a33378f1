"""SEG: the lesion's mask on the source's own pixel grid, as a binary segmentation (PS3.3 A.51)."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import SegmentationStorage

from cadx.exchange.codes import BREAST, CALCIFICATION, LATERALITY, Code, dcm, sct
from cadx.exchange.dicom.composite import (
    MODEL_NAME,
    RESEARCH_USE_SHORT,
    Kind,
    code_item,
    finished,
    new_object,
    series_references,
    sop_reference,
)
from cadx.exchange.dicom.document import lesion_name
from cadx.exchange.identity import SourceImage
from cadx.exchange.results import (
    MANUFACTURER,
    Algorithm,
    LesionResult,
    Results,
    ViewResult,
    tracking_uid,
    views_on,
)
from cadx.exchange.uids import named_uid
from cadx.findings import FindingKind, OutlinedBy
from cadx.lesion import mask_on_source
from cadx.records import Mask

KIND = Kind("seg", str(SegmentationStorage), "SEG", 9302, "CADx segmentation (research)")
_CATEGORY = sct("49755003", "Morphologically Abnormal Structure")
_TYPES = {
    FindingKind.SELECTED_REGION: sct("52988006", "Lesion"),
    FindingKind.MASS: sct("4147007", "Mass"),
    FindingKind.CALCIFICATION: CALCIFICATION,
}
_ALGORITHM_TYPES = {OutlinedBy.ALGORITHM: "SEMIAUTOMATIC", OutlinedBy.READER: "MANUAL"}
# CIELab of sRGB's yellow under D65, which is readable on grays; encoded as PS3.3 C.10.7.1.1 has it.
_YELLOW_LAB = (97.14, -21.55, 94.48)
_DEFORMABLE_MODELS = dcm("123111", "Deformable Models")
_SEGMENT_IDENTIFICATION, _SEGMENT_NUMBER = 0x0062_000A, 0x0062_000B


def segmentations(results: Results) -> tuple[Dataset, ...]:
    """Write the outlined lesions as segmentations: one an image, one segment a lesion.

    A mammogram has no place in space, but viewers need one: it is made up, an image of one's own plane under a frame
    of reference that nothing shares. Where no lesion was found the segment is empty and says so.
    """
    return tuple(_segmentation(results, source) for source in results.sources)


def source_mask(view: ViewResult) -> Mask:
    """The lesion's mask on the whole grid of its source: bool, (rows, columns); empty where no lesion was found."""
    full = np.zeros((view.source.rows, view.source.columns), dtype=np.bool_)
    if view.outlined:
        roi = view.assessment.roi
        part = mask_on_source(view.assessment.segmentation.mask, roi, view.source.rows, view.source.columns)
        rows, columns = part.mask.shape
        full[part.row : part.row + rows, part.column : part.column + columns] = part.mask
    return full


def _segmentation(results: Results, source: SourceImage) -> Dataset:
    seen = views_on(results, source)
    dataset = new_object(results, KIND)
    frame_of_reference = named_uid("frame of reference", source.sop_instance_uid, str(source.frame))
    dataset.FrameOfReferenceUID = frame_of_reference
    dataset.PositionReferenceIndicator = ""
    dataset.PatientOrientation = list(source.orientation) or None
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.ContentLabel = "CADX_RESEARCH"
    dataset.ContentDescription = RESEARCH_USE_SHORT
    dataset.ContentCreatorName = ""
    dataset.BurnedInAnnotation = "NO"
    _compression(dataset, source)
    dataset.SegmentationType = "BINARY"
    dataset.SegmentsOverlap = "UNDEFINED" if len(seen) > 1 else "NO"
    dataset.SegmentSequence = [
        _segment(results, number, index, lesion, view) for number, (index, lesion, view) in enumerate(seen, start=1)
    ]
    dataset.ReferencedSeriesSequence = series_references([source], "ReferencedInstanceSequence")
    _dimensions(dataset, frame_of_reference)
    dataset.SharedFunctionalGroupsSequence = [_shared_groups(seen[0][2])]
    dataset.PerFrameFunctionalGroupsSequence = [_frame_groups(source, number) for number in range(1, len(seen) + 1)]
    _pixels(dataset, source, [source_mask(view) for _, _, view in seen])
    return finished(dataset, results, KIND, [source])


def _segment(results: Results, number: int, index: int, lesion: LesionResult, view: ViewResult) -> Dataset:
    name = lesion_name(results, index)
    found = "" if view.outlined else " No lesion was found about the mark: nothing is outlined."
    item = Dataset()
    item.SegmentNumber = number
    item.SegmentLabel = name
    item.SegmentDescription = RESEARCH_USE_SHORT + found
    item.SegmentAlgorithmType = _ALGORITHM_TYPES[lesion.drawn_by(view)]
    if lesion.drawn_by(view) is OutlinedBy.ALGORITHM:
        item.SegmentAlgorithmName = MODEL_NAME
        item.SegmentationAlgorithmIdentificationSequence = [
            _algorithm(results.algorithm, view.assessment.segmentation.method.value)
        ]
    lightness, a, b = _YELLOW_LAB
    item.RecommendedDisplayCIELabValue = [
        round(share * 65535) for share in (lightness / 100, (a + 128) / 255, (b + 128) / 255)
    ]
    item.SegmentedPropertyCategoryCodeSequence = [code_item(_CATEGORY)]
    item.SegmentedPropertyTypeCodeSequence = [code_item(_TYPES[lesion.finding])]
    region = code_item(BREAST)
    side: Code | None = LATERALITY.get(view.source.laterality)
    if side is not None:
        region.AnatomicRegionModifierSequence = [code_item(side)]
    item.AnatomicRegionSequence = [region]
    item.TrackingID = name
    item.TrackingUID = tracking_uid(lesion)
    return item


def _algorithm(algorithm: Algorithm, method: str) -> Dataset:
    item = Dataset()
    item.AlgorithmFamilyCodeSequence = [code_item(_DEFORMABLE_MODELS)]
    item.AlgorithmName = f"{MODEL_NAME} {method}"
    item.AlgorithmVersion = algorithm.software_version
    item.AlgorithmParameters = f"bundle sha256 {algorithm.model_digest}"
    item.AlgorithmSource = MANUFACTURER
    return item


def _compression(dataset: Dataset, source: SourceImage) -> None:
    """An object that was derived from a lossy image is lossy itself (PS3.3 C.7.6.1.1.5)."""
    display = source.display
    dataset.LossyImageCompression = "01" if display.lossy else "00"
    if display.lossy_ratios:
        dataset.LossyImageCompressionRatio = list(display.lossy_ratios)
    if display.lossy_methods:
        dataset.LossyImageCompressionMethod = list(display.lossy_methods)


def _dimensions(dataset: Dataset, frame_of_reference: str) -> None:
    organization = Dataset()
    organization.DimensionOrganizationUID = named_uid("dimension organization", frame_of_reference)
    index = Dataset()
    index.DimensionOrganizationUID = organization.DimensionOrganizationUID
    index.DimensionIndexPointer = _SEGMENT_NUMBER
    index.FunctionalGroupPointer = _SEGMENT_IDENTIFICATION
    index.DimensionDescriptionLabel = "Segment Number"
    dataset.DimensionOrganizationSequence = [organization]
    dataset.DimensionIndexSequence = [index]


def _shared_groups(view: ViewResult) -> Dataset:
    """Pixel size as it was measured with, and the made-up plane."""
    spacing = view.assessment.roi.source_spacing
    measures = Dataset()
    measures.PixelSpacing = [_decimal(spacing.row_mm), _decimal(spacing.column_mm)]
    measures.SliceThickness = 1
    orientation, position, groups = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    position.ImagePositionPatient = [0, 0, 0]
    groups.PixelMeasuresSequence = [measures]
    groups.PlaneOrientationSequence = [orientation]
    groups.PlanePositionSequence = [position]
    return groups


def _frame_groups(source: SourceImage, number: int) -> Dataset:
    """Which segment a frame holds, and the image that it derives from."""
    content, identification, derivation, groups = Dataset(), Dataset(), Dataset(), Dataset()
    image = sop_reference(source)
    image.SpatialLocationsPreserved = "YES"
    image.PurposeOfReferenceCodeSequence = [code_item(dcm("121322", "Source image for image processing operation"))]
    derivation.DerivationCodeSequence = [code_item(dcm("113076", "Segmentation"))]
    derivation.SourceImageSequence = [image]
    content.DimensionIndexValues = number
    identification.ReferencedSegmentNumber = number
    groups.FrameContentSequence = [content]
    groups.DerivationImageSequence = [derivation]
    groups.SegmentIdentificationSequence = [identification]
    return groups


def _pixels(dataset: Dataset, source: SourceImage, masks: list[Mask]) -> None:
    """One bit a pixel, the frames one after the other without a gap (PS3.5 8.1.1)."""
    dataset.NumberOfFrames = len(masks)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = source.rows, source.columns
    dataset.BitsAllocated = dataset.BitsStored = 1
    dataset.HighBit = dataset.PixelRepresentation = 0
    packed = np.packbits(np.concatenate([mask.ravel() for mask in masks]), bitorder="little").tobytes()
    dataset.add_new("PixelData", "OB", packed + b"\0" * (len(packed) % 2))


def _decimal(value: float) -> str:
    """A decimal string: at most 16 characters."""
    return next(text for digits in range(16, 0, -1) if len(text := f"{value:.{digits}g}") <= 16)
