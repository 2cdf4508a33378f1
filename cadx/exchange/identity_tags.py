"""The attributes that tell whose and what an image is; reading a mammogram takes none of them (parser/tags.py)."""

from enum import IntEnum

from cadx.mammogram.parser.tags import Tag


class IdentityTag(IntEnum):
    """An attribute by keyword; the value is ``group << 16 | element``."""

    SpecificCharacterSet = 0x0008_0005
    SOPClassUID = 0x0008_0016
    SOPInstanceUID = 0x0008_0018
    SyntheticData = 0x0008_001C
    StudyDate = 0x0008_0020
    StudyTime = 0x0008_0030
    AccessionNumber = 0x0008_0050
    ReferringPhysicianName = 0x0008_0090
    CodingSchemeDesignator = 0x0008_0102
    CodeMeaning = 0x0008_0104
    TimezoneOffsetFromUTC = 0x0008_0201
    StudyDescription = 0x0008_1030
    PatientName = 0x0010_0010
    PatientID = 0x0010_0020
    IssuerOfPatientID = 0x0010_0021
    PatientBirthDate = 0x0010_0030
    PatientSex = 0x0010_0040
    StudyInstanceUID = 0x0020_000D
    SeriesInstanceUID = 0x0020_000E
    StudyID = 0x0020_0010
    PatientOrientation = 0x0020_0020
    LossyImageCompressionMethod = 0x0028_2114
    RescaleType = 0x0028_1054
    ModalityLUTType = 0x0028_3004

    @property
    def number(self) -> str:
        """As the standard prints it: ``(0010,0020)``."""
        return f"({self >> 16:04X},{self & 0xFFFF:04X})"


WANTED: frozenset[int] = frozenset(IdentityTag) | {
    Tag.TransferSyntaxUID,
    Tag.CodeValue,
    Tag.ImagerPixelSpacing,
    Tag.ViewPosition,
    Tag.Laterality,
    Tag.ImageLaterality,
    Tag.FrameLaterality,
    Tag.FrameAnatomySequence,
    Tag.NumberOfFrames,
    Tag.Rows,
    Tag.Columns,
    Tag.PhotometricInterpretation,
    Tag.PixelRepresentation,
    Tag.RescaleIntercept,
    Tag.RescaleSlope,
    Tag.ModalityLUTSequence,
    Tag.WindowCenter,
    Tag.WindowWidth,
    Tag.VOILUTFunction,
    Tag.VOILUTSequence,
    Tag.LUTDescriptor,
    Tag.LUTData,
    Tag.FrameVOILUTSequence,
    Tag.PixelValueTransformationSequence,
    Tag.LossyImageCompression,
    Tag.LossyImageCompressionRatio,
    Tag.ViewCodeSequence,
    Tag.ViewModifierCodeSequence,
    Tag.SharedFunctionalGroupsSequence,
    Tag.PerFrameFunctionalGroupsSequence,
}
"""Everything that `read_source` asks of a header."""
