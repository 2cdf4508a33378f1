"""The DICOM attributes that reading needs. Nothing else is ever taken out of a header.

Names are the standard's keywords (PS3.6), so that an error can tell which attribute is wrong. No attribute here holds
a name, an identifier, a date or free text about a person.
"""

from enum import IntEnum


class Tag(IntEnum):
    """An attribute by keyword; the value is ``group << 16 | element``."""

    TransferSyntaxUID = 0x0002_0010
    ImageType = 0x0008_0008
    SOPClassUID = 0x0008_0016
    Modality = 0x0008_0060
    PresentationIntentType = 0x0008_0068
    CodeValue = 0x0008_0100
    AnatomicRegionSequence = 0x0008_2218
    BodyPartExamined = 0x0018_0015
    DistanceSourceToDetector = 0x0018_1110
    DistanceSourceToPatient = 0x0018_1111
    EstimatedRadiographicMagnificationFactor = 0x0018_1114
    ImagerPixelSpacing = 0x0018_1164
    PaddleDescription = 0x0018_11A4
    NominalScannedPixelSpacing = 0x0018_2010
    ViewPosition = 0x0018_5101
    Laterality = 0x0020_0060
    ImageLaterality = 0x0020_0062
    FrameLaterality = 0x0020_9072
    SamplesPerPixel = 0x0028_0002
    PhotometricInterpretation = 0x0028_0004
    PlanarConfiguration = 0x0028_0006
    NumberOfFrames = 0x0028_0008
    Rows = 0x0028_0010
    Columns = 0x0028_0011
    PixelSpacing = 0x0028_0030
    PixelAspectRatio = 0x0028_0034
    BitsAllocated = 0x0028_0100
    BitsStored = 0x0028_0101
    HighBit = 0x0028_0102
    PixelRepresentation = 0x0028_0103
    PixelPaddingValue = 0x0028_0120
    PixelPaddingRangeLimit = 0x0028_0121
    BurnedInAnnotation = 0x0028_0301
    PixelSpacingCalibrationType = 0x0028_0A02
    WindowCenter = 0x0028_1050
    WindowWidth = 0x0028_1051
    RescaleIntercept = 0x0028_1052
    RescaleSlope = 0x0028_1053
    VOILUTFunction = 0x0028_1056
    RedPaletteColorLookupTableDescriptor = 0x0028_1101
    GreenPaletteColorLookupTableDescriptor = 0x0028_1102
    BluePaletteColorLookupTableDescriptor = 0x0028_1103
    RedPaletteColorLookupTableData = 0x0028_1201
    GreenPaletteColorLookupTableData = 0x0028_1202
    BluePaletteColorLookupTableData = 0x0028_1203
    BreastImplantPresent = 0x0028_1300
    LossyImageCompression = 0x0028_2110
    LossyImageCompressionRatio = 0x0028_2112
    ModalityLUTSequence = 0x0028_3000
    LUTDescriptor = 0x0028_3002
    LUTData = 0x0028_3006
    VOILUTSequence = 0x0028_3010
    PixelMeasuresSequence = 0x0028_9110
    FrameVOILUTSequence = 0x0028_9132
    PixelValueTransformationSequence = 0x0028_9145
    ViewCodeSequence = 0x0054_0220
    ViewModifierCodeSequence = 0x0054_0222
    FrameAnatomySequence = 0x0020_9071
    PresentationLUTShape = 0x2050_0020
    SharedFunctionalGroupsSequence = 0x5200_9229
    PerFrameFunctionalGroupsSequence = 0x5200_9230
    FloatPixelData = 0x7FE0_0008
    DoubleFloatPixelData = 0x7FE0_0009
    PixelData = 0x7FE0_0010

    @property
    def number(self) -> str:
        """As the standard prints it: ``(0028,0010)``."""
        return f"({self >> 16:04X},{self & 0xFFFF:04X})"


PIXEL_TAGS = frozenset({Tag.FloatPixelData, Tag.DoubleFloatPixelData, Tag.PixelData})
"""Where the parser stops."""

SEQUENCES = frozenset(tag for tag in Tag if tag.name.endswith("Sequence"))
"""Wanted attributes that hold items."""

OVERLAY_BIT_POSITIONS = frozenset(0x6000_0102 + (group << 16) for group in range(0, 0x20, 2))
"""Overlay Bit Position of each of the sixteen overlay groups (60xx): where in a pixel's word its plane is embedded."""

KEPT = frozenset(Tag) | OVERLAY_BIT_POSITIONS
"""Attributes that the parser keeps."""
