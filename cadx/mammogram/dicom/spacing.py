"""The spacing of a DICOM mammogram: the attribute it is taken from, and the plane it holds in.

Projection images measure on the detector: Imager Pixel Spacing (0018,1164). Pixel Spacing (0028,0030) is the same, or
was calibrated to the patient (PS3.3 10.7.1.3), or says something else without telling what. Digitized film has
Nominal Scanned Pixel Spacing (0018,2010). See docs/decisions/spacing-plane.md.
"""

import math
from types import MappingProxyType

from cadx.errors import InvalidHeaderValue, SpacingConflict, UnknownMagnification
from cadx.flags import Flag, FlagCode
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag
from cadx.mammogram.policy import SpacingPlane
from cadx.mammogram.spacing import caller_spacing, plausible
from cadx.records import Spacing, SpacingSource

TOLERANCE = 0.01
SMALLEST_MAGNIFICATION, LARGEST_MAGNIFICATION = 0.9, 4.0
_TOMOSYNTHESIS = "1.2.840.10008.5.1.4.1.1.13.1.3"
_CALIBRATIONS = frozenset({"GEOMETRY", "FIDUCIAL"})
_SOURCES = MappingProxyType(
    {
        SpacingSource.IMAGER_PIXEL_SPACING: Tag.ImagerPixelSpacing,
        SpacingSource.PIXEL_SPACING: Tag.PixelSpacing,
        SpacingSource.NOMINAL_SCANNED_PIXEL_SPACING: Tag.NominalScannedPixelSpacing,
    }
)


def header_spacing(
    header: Header, plane: SpacingPlane, pixel_spacing_mm: float | None
) -> tuple[Spacing, tuple[Flag, ...]]:
    """Decide the spacing.

    Parameters
    ----------
    header
        Of the frame.
    plane
        The plane that the policy names.
    pixel_spacing_mm
        The caller's, taken to hold in that plane; used only where the header tells none.

    Returns
    -------
    Spacing
        With its source, its plane and the magnification that was divided out.
    tuple of Flag
        What is doubtful about it.

    Raises
    ------
    MissingSpacing, ImplausibleSpacing, SpacingConflict, UnknownMagnification, InvalidHeaderValue
        When there is none that can be believed.
    """
    for source, tag in _SOURCES.items():
        pair = _pair(header, tag)
        if pair is not None:
            plausible(Spacing(*pair, source))
            spacing = plausible(_in_plane(header, pair, source, plane))
            _check_caller(spacing, pixel_spacing_mm)
            return spacing, _contradiction(header, pair, source)
    return caller_spacing(pixel_spacing_mm, plane), ()


def magnification(header: Header) -> float | None:
    """Estimated Radiographic Magnification Factor (0018,1114), else source-detector over source-patient distance.

    Raises
    ------
    InvalidHeaderValue
        When it is not between 0.9 and 4.
    """
    tag = Tag.EstimatedRadiographicMagnificationFactor
    factor = header.decimal(tag)
    if factor is None:
        detector_mm = header.decimal(Tag.DistanceSourceToDetector)
        patient_mm = header.decimal(Tag.DistanceSourceToPatient)
        if not detector_mm or not patient_mm:
            return None
        factor, tag = detector_mm / patient_mm, Tag.DistanceSourceToPatient
    if not SMALLEST_MAGNIFICATION <= factor <= LARGEST_MAGNIFICATION:
        raise InvalidHeaderValue(tag.number, tag.name, "gives a magnification that is not believable")
    return factor


def _in_plane(header: Header, pair: tuple[float, float], source: SpacingSource, plane: SpacingPlane) -> Spacing:
    row_mm, column_mm = pair
    if source is SpacingSource.PIXEL_SPACING and _is_calibrated(header):
        # Already in the patient. Brought back to the detector where the policy wants that and the factor is known.
        factor = magnification(header) if plane is SpacingPlane.DETECTOR else None
        if factor is None:
            return Spacing(row_mm, column_mm, source, SpacingPlane.LESION)
        return Spacing(row_mm * factor, column_mm * factor, source, SpacingPlane.DETECTOR, 1.0 / factor)
    if plane is SpacingPlane.DETECTOR:
        return Spacing(row_mm, column_mm, source, SpacingPlane.DETECTOR)
    factor = magnification(header)
    if factor is None:
        raise UnknownMagnification
    return Spacing(row_mm / factor, column_mm / factor, source, SpacingPlane.LESION, factor)


def _is_calibrated(header: Header) -> bool:
    calibrated = header.term(Tag.PixelSpacingCalibrationType) in _CALIBRATIONS
    return calibrated or header.term(Tag.SOPClassUID) == _TOMOSYNTHESIS


def _check_caller(spacing: Spacing, pixel_spacing_mm: float | None) -> None:
    if pixel_spacing_mm is None:
        return
    for file_mm in (spacing.row_mm, spacing.column_mm):
        if not math.isclose(file_mm, pixel_spacing_mm, rel_tol=TOLERANCE):
            raise SpacingConflict(file_mm, pixel_spacing_mm)


def _contradiction(header: Header, pair: tuple[float, float], source: SpacingSource) -> tuple[Flag, ...]:
    """Flag a Pixel Spacing that neither equals Imager Pixel Spacing nor follows from the magnification."""
    other = _pair(header, Tag.PixelSpacing)
    if source is not SpacingSource.IMAGER_PIXEL_SPACING or other is None:
        return ()
    explained = (1.0, magnification(header) or 1.0)
    agrees = any(
        all(
            math.isclose(imager_mm, pixel_mm * factor, rel_tol=TOLERANCE)
            for imager_mm, pixel_mm in zip(pair, other, strict=True)
        )
        for factor in explained
    )
    if agrees or _is_calibrated(header):
        return ()
    message = "Imager Pixel Spacing and Pixel Spacing disagree and no calibration explains it; the former was used."
    return (Flag(FlagCode.SPACING_CONTRADICTION, message, {"imager_mm": pair[0], "pixel_mm": other[0]}),)


def _pair(header: Header, tag: Tag) -> tuple[float, float] | None:
    """Row and column spacing in millimeters, or None where the attribute is absent."""
    values = header.decimals(tag)
    if not values:
        return None
    if len(values) != 2:
        raise InvalidHeaderValue(tag.number, tag.name, "does not hold two numbers")
    return values[0], values[1]
