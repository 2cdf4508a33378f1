"""Phantom views as DICOM files: Digital Mammography X-Ray Image Storage - For Presentation (PS3.3 A.27)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code
from pydicom.uid import UID, DigitalMammographyXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

from training.phantoms.projection import GANTRY_DEGREES, View
from training.phantoms.view import PhantomView

NOT_CLINICAL = "Synthetic phantom made by software. Not a patient. Never clinical evidence."

_VIEW_CODES = {
    View.CC: codes.cid4014.CranioCaudal,
    View.MLO: codes.cid4014.MedioLateralObliqueProjection,
    View.ML: codes.cid4014.MedioLateralProjection,
    View.LM: codes.cid4014.LateroMedial,
}
# Direction of the image's columns in PatientOrientation (0020,0020), for the left and the right breast.
_DOWNWARDS = {View.CC: ("R", "L"), View.MLO: ("FR", "FL"), View.ML: ("F", "F"), View.LM: ("F", "F")}


@dataclass(frozen=True, slots=True)
class Encoding:
    """How stored values represent gray levels; vendors differ, and so do the phantoms.

    Attributes
    ----------
    bits_stored
        12 or 14 in most mammography.
    inverted
        True for MONOCHROME1, where the smallest value is white.
    """

    bits_stored: int
    inverted: bool


ENCODINGS = (Encoding(12, False), Encoding(14, True), Encoding(12, True), Encoding(14, False))


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose image a phantom file pretends to be.

    Attributes
    ----------
    patient_id
        Such as ``PHANTOM-0001``.
    study
        Distinguishes studies; identifiers are derived from it, so that the same seed gives the same file.
    instance_number
        Number of the view in its study.
    """

    patient_id: str
    study: str
    instance_number: int

    def uid(self, *parts: str) -> UID:
        """Derive a unique identifier from the study and the parts."""
        return generate_uid(entropy_srcs=["mammo-cadx phantom", self.patient_id, self.study, *parts])


def write_dicom(path: Path, view: PhantomView, encoding: Encoding, identity: Identity) -> None:
    """Write a phantom view as an uncompressed DICOM MG file for presentation.

    The window covers all stored values, so that the displayed gray equals the phantom's to within one stored step.
    The phantom's truth (pathology, center, outline) is not written.

    Parameters
    ----------
    path
        File to write.
    view
        The image and its geometry.
    encoding
        Bits and polarity.
    identity
        Identifiers of patient, study and instance.
    """
    dataset = _identified_file(identity)
    _describe_acquisition(dataset, view)
    _describe_anatomy(dataset, view)
    _describe_display(dataset, encoding)
    _store_pixels(dataset, view, encoding)
    dataset.save_as(path, enforce_file_format=True)


def _identified_file(identity: Identity) -> FileDataset:
    """Start a file: SOP Common, Patient, General Study, General Series, DX Series, General Equipment, Frame of Ref."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = DigitalMammographyXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = identity.uid("instance", str(identity.instance_number))
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = identity.uid("study")
    dataset.SeriesInstanceUID = identity.uid("series")
    dataset.PatientName = "PHANTOM^"
    dataset.PatientID = identity.patient_id
    dataset.StudyID = "1"
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = identity.instance_number
    dataset.Modality = "MG"
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.Manufacturer = "mammo-cadx"
    dataset.ManufacturerModelName = "phantom"
    dataset.SyntheticData = "YES"
    dataset.ImageComments = NOT_CLINICAL
    for unknown in (
        "PatientBirthDate",
        "PatientSex",
        "AccessionNumber",
        "ReferringPhysicianName",
        "StudyDate",
        "StudyTime",
        "ContentDate",
        "ContentTime",
    ):
        setattr(dataset, unknown, "")
    return dataset


def _describe_acquisition(dataset: Dataset, view: PhantomView) -> None:
    """X-Ray acquisition: DX Detector, DX Positioning and Mammography Image modules."""
    dataset.ImageType = ["DERIVED", "PRIMARY", ""]
    dataset.AcquisitionContextSequence = []
    dataset.DetectorType = "SCINTILLATOR"
    dataset.DetectorConfiguration = "AREA"
    dataset.ImagerPixelSpacing = [view.spacing_mm, view.spacing_mm]
    dataset.PositionerType = "MAMMOGRAPHIC"
    dataset.PositionerPrimaryAngle = GANTRY_DEGREES[view.view]
    dataset.DistanceSourceToDetector = 660
    dataset.DistanceSourceToPatient = 660
    dataset.EstimatedRadiographicMagnificationFactor = 1
    dataset.DerivationDescription = "Simulated"
    dataset.AcquisitionDeviceProcessingDescription = "Simulated"


def _describe_anatomy(dataset: Dataset, view: PhantomView) -> None:
    """Anatomy: DX Anatomy Imaged and Mammography Image modules (PS3.3 C.8.11.2, C.8.11.7)."""
    dataset.OrganExposed = "BREAST"
    dataset.BodyPartExamined = "BREAST"
    dataset.BreastImplantPresent = "NO"
    dataset.ImageLaterality = "L" if view.left else "R"
    dataset.PatientOrientation = ["A" if view.left else "P", _DOWNWARDS[view.view][0 if view.left else 1]]
    dataset.AnatomicRegionSequence = [_coded(codes.SCT.Breast)]
    dataset.ViewPosition = view.view.value
    view_code = _coded(_VIEW_CODES[view.view])
    view_code.ViewModifierCodeSequence = []
    dataset.ViewCodeSequence = [view_code]


def _describe_display(dataset: Dataset, encoding: Encoding) -> None:
    """How values become gray: DX Image, VOI LUT modules. One linear window covers every stored value."""
    levels = 2**encoding.bits_stored
    dataset.PhotometricInterpretation = "MONOCHROME1" if encoding.inverted else "MONOCHROME2"
    dataset.PresentationLUTShape = "INVERSE" if encoding.inverted else "IDENTITY"
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1 if encoding.inverted else -1
    dataset.RescaleIntercept = 0
    dataset.RescaleSlope = 1
    dataset.RescaleType = "US"
    dataset.WindowCenter = levels // 2
    dataset.WindowWidth = levels
    dataset.VOILUTFunction = "LINEAR"
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"


def _store_pixels(dataset: Dataset, view: PhantomView, encoding: Encoding) -> None:
    highest = 2**encoding.bits_stored - 1
    stored = np.rint(view.gray * np.float32(highest)).astype(np.uint16)
    if encoding.inverted:
        np.subtract(highest, stored, out=stored)
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated = 16
    dataset.BitsStored = encoding.bits_stored
    dataset.HighBit = encoding.bits_stored - 1
    dataset.PixelRepresentation = 0
    dataset.PixelData = stored.tobytes()


def _coded(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue = code.value
    item.CodingSchemeDesignator = code.scheme_designator
    item.CodeMeaning = code.meaning
    return item
