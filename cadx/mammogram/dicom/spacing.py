"""The spacing of a DICOM mammogram: the attribute it is taken from, and the plane it holds in.

Projection images measure on the detector: Imager Pixel Spacing (0018,1164). Pixel Spacing (0028,0030) is the same, or
was calibrated to the patient (PS3.3 10.7.1.3), or says something else without telling what. Digitized film has
Nominal Scanned Pixel Spacing (0018,2010). See docs/decisions/spacing-plane.md.
"""

import math
from dataclasses import replace
from types import MappingProxyType

from cadx.errors import (
    ImplausibleSpacing,
    InvalidHeaderValue,
    MammogramError,
    SpacingConflict,
    UnknownMagnification,
)
from cadx.flags import Flag, FlagCode
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag
from cadx.mammogram.policy import SpacingPlane
from cadx.mammogram.spacing import LARGEST_SPACING_MM, SMALLEST_SPACING_MM, caller_spacing, plausible
from cadx.records import Spacing, SpacingSource

TOLERANCE = 0.01
SMALLEST_MAGNIFICATION, LARGEST_MAGNIFICATION = 0.9, 4.0
LARGEST_ASPECT = 10.0
_MICROMETERS = 1000.0
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
        The caller's, taken to hold in that plane and between columns; used where the header tells none, or none that
        a mammogram can have.

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
    impossible: MammogramError | None = None
    for source, tag in _SOURCES.items():
        try:
            pair = _pair(header, tag)
            if pair is None:
                continue
            plausible(Spacing(*pair, source))
        except (InvalidHeaderValue, ImplausibleSpacing) as problem:
            header.ignored.note(tag, _reason(problem))
            _check_lone_value(header, tag, pixel_spacing_mm)
            impossible = impossible or problem
            continue
        spacing = plausible(_in_plane(header, pair, source, plane))
        _check_caller(spacing, pixel_spacing_mm)
        return spacing, (*_contradiction(header, pair, source), *_aspect_contradiction(header, pair))
    if pixel_spacing_mm is None and impossible is not None:
        raise impossible
    return _with_aspect(header, caller_spacing(pixel_spacing_mm, plane)), ()


def _reason(problem: InvalidHeaderValue | ImplausibleSpacing) -> str:
    if isinstance(problem, InvalidHeaderValue):
        return problem.reason
    smallest, largest = problem.smallest_mm, problem.largest_mm
    sizes = (problem.row_mm, problem.column_mm)
    if all(smallest <= size / _MICROMETERS <= largest for size in sizes):
        return "is no pixel size in millimeters, though it would be one in micrometers"
    return f"is outside {smallest:g} to {largest:g} mm"


def _check_lone_value(header: Header, tag: Tag, pixel_spacing_mm: float | None) -> None:
    """One number where two belong may well be the size of square pixels: then the caller's must agree with it."""
    values = header.decimals_if_sound(tag)
    if len(values) != 1 or pixel_spacing_mm is None:
        return
    possible = SMALLEST_SPACING_MM <= values[0] <= LARGEST_SPACING_MM
    if possible and not math.isclose(values[0], pixel_spacing_mm, rel_tol=TOLERANCE):
        raise SpacingConflict(values[0], pixel_spacing_mm)


def magnification(header: Header) -> float | None:
    """Estimated Radiographic Magnification Factor (0018,1114), else source-detector over source-patient distance.

    A factor that is not between 0.9 and 4 is none: it is passed over, and noted.
    """
    factors = header.decimals_if_sound(Tag.EstimatedRadiographicMagnificationFactor)
    if factors and _believable(header, factors[0], Tag.EstimatedRadiographicMagnificationFactor):
        return factors[0]
    detector_mm = header.decimals_if_sound(Tag.DistanceSourceToDetector)
    patient_mm = header.decimals_if_sound(Tag.DistanceSourceToPatient)
    if not detector_mm or not patient_mm or not detector_mm[0] or not patient_mm[0]:
        return None
    ratio = detector_mm[0] / patient_mm[0]
    return ratio if _believable(header, ratio, Tag.DistanceSourceToPatient) else None


def _believable(header: Header, factor: float, tag: Tag) -> bool:
    if SMALLEST_MAGNIFICATION <= factor <= LARGEST_MAGNIFICATION:
        return True
    header.ignored.note(tag, "gives a magnification that is not believable")
    return False


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
    if source is not SpacingSource.IMAGER_PIXEL_SPACING:
        return ()
    try:
        other = _pair(header, Tag.PixelSpacing)
    except InvalidHeaderValue as problem:
        header.ignored.note(Tag.PixelSpacing, problem.reason)
        return ()
    if other is None:
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


def _with_aspect(header: Header, spacing: Spacing) -> Spacing:
    """The caller's spacing, of columns, with that of rows by Pixel Aspect Ratio (0028,0034), vertical to horizontal."""
    ratio = _aspect(header)
    return spacing if ratio is None else plausible(replace(spacing, row_mm=spacing.column_mm * ratio))


def _aspect_contradiction(header: Header, pair: tuple[float, float]) -> tuple[Flag, ...]:
    ratio = _aspect(header)
    if ratio is None or math.isclose(pair[0], pair[1] * ratio, rel_tol=TOLERANCE):
        return ()
    message = "Pixel Aspect Ratio is not that of the pixel spacing, which was used."
    return (Flag(FlagCode.SPACING_CONTRADICTION, message, {"aspect_ratio": ratio, "spacing_ratio": pair[0] / pair[1]}),)


def _aspect(header: Header) -> float | None:
    """Vertical over horizontal size of a pixel; None where the file does not tell it or it makes no sense."""
    values = header.decimals_if_sound(Tag.PixelAspectRatio)
    if not values:
        return None
    if len(values) != 2 or min(values) <= 0.0 or not 1 / LARGEST_ASPECT <= values[0] / values[1] <= LARGEST_ASPECT:
        header.ignored.note(Tag.PixelAspectRatio, "is no believable ratio of two numbers")
        return None
    return values[0] / values[1]


def _pair(header: Header, tag: Tag) -> tuple[float, float] | None:
    """Row and column spacing in millimeters, or None where the attribute is absent."""
    values = header.decimals(tag)
    if not values:
        return None
    if len(values) != 2:
        raise InvalidHeaderValue(tag.number, tag.name, "does not hold two numbers")
    return values[0], values[1]
