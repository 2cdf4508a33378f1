"""One phantom mammogram: a breast-shaped field of power-law texture with the shadow of a mass in it."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from cadx.records import FloatImage, LesionCenter, Mask
from training.phantoms.background import power_law_texture, random_exponent
from training.phantoms.mass import PhantomMass
from training.phantoms.photons import photon_amplitude
from training.phantoms.projection import GANTRY_DEGREES, View, projected_thickness

HEIGHT_MM = 90.0
WIDTH_MM = 75.0
TISSUE_GRAY = 0.40
TEXTURE_GRAY = 0.07
SKIN_FADE_MM = 9.0
PHOTONS_PER_MM2 = 2.5e5
ATTENUATION = 1.2  # log-exposure range of the 0 to 1 gray scale
DETECTOR_BLUR_MM = 0.08
MARK_SCATTER_MM = 0.5
# A ray belongs to the outline when it crosses this share of the thickest part of the mass.
OUTLINE_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class PhantomView:
    """A phantom mammogram and the truth about it.

    Attributes
    ----------
    gray
        float32, (rows, columns), 0 to 1, bright = dense; 0 is air.
    center
        Where the reader's mark is: the outline's centroid with a scatter of 0.5 mm.
    mask
        bool, (rows, columns): the mass's true outline, spicules included where they are thick enough.
    spacing_mm
        Pixel size.
    view
        Which view it is.
    left
        True for the left breast; the chest wall is then at the image's left edge.
    exponent
        The b of the background's spectrum.
    """

    gray: FloatImage
    center: LesionCenter
    mask: Mask
    spacing_mm: float
    view: View
    left: bool
    exponent: float


def phantom_view(
    rng: np.random.Generator,
    mass: PhantomMass,
    view: View = View.CC,
    *,
    left: bool = True,
    depth_mm: float = 30.0,
    spacing_mm: float = 0.1,
) -> PhantomView:
    """Image a mass in a fresh compression of the breast.

    Parameters
    ----------
    rng
        Source of randomness: background, noise, exact position and angle.
    mass
        The mass; give the same one for every view of a lesion.
    view
        Direction of the beam.
    left
        The left breast, else the right one.
    depth_mm
        Distance of the mass from the chest wall, which the views of a lesion share.
    spacing_mm
        Pixel size.

    Returns
    -------
    PhantomView
        90 x 75 mm of image with its truth.
    """
    shape = (round(HEIGHT_MM / spacing_mm), round(WIDTH_MM / spacing_mm))
    exponent = random_exponent(rng)
    gray = power_law_texture(rng, shape, exponent)
    gray *= TEXTURE_GRAY
    gray += TISSUE_GRAY
    middle_mm = (depth_mm + rng.normal(0.0, 1.5), HEIGHT_MM / 2 + rng.normal(0.0, 6.0))
    mask = _add_shadow(gray, mass, GANTRY_DEGREES[view] + rng.normal(0.0, 5.0), middle_mm, spacing_mm)
    breast = _breast_profile(shape, spacing_mm)
    gray *= breast
    gray = _expose(rng, gray, spacing_mm)
    gray *= breast > 0
    rows, columns = np.nonzero(mask)
    scatter = rng.normal(0.0, MARK_SCATTER_MM / spacing_mm, 2)
    x, y = columns.mean() + 0.5 + scatter[0], rows.mean() + 0.5 + scatter[1]
    if not left:
        gray, mask, x = gray[:, ::-1], mask[:, ::-1], shape[1] - x
    return PhantomView(
        np.ascontiguousarray(gray),
        LesionCenter(round(float(x), 1), round(float(y), 1)),
        np.ascontiguousarray(mask),
        spacing_mm,
        view,
        left,
        exponent,
    )


def _add_shadow(
    gray: FloatImage, mass: PhantomMass, gantry_degrees: float, middle_mm: tuple[float, float], spacing_mm: float
) -> Mask:
    """Add the blurred shadow of the mass to the image in place; return its true outline."""
    reach_mm = mass.reach_mm + 4 * mass.margin_blur_mm
    start = [max(0, math.floor((middle - reach_mm) / spacing_mm)) for middle in middle_mm]
    stop = [
        min(length, math.ceil((middle + reach_mm) / spacing_mm))
        for middle, length in zip(middle_mm, gray.shape[::-1], strict=True)
    ]
    patch = (slice(start[1], stop[1]), slice(start[0], stop[0]))
    offset_mm = (middle_mm[0] - start[0] * spacing_mm, middle_mm[1] - start[1] * spacing_mm)
    thickness = projected_thickness(
        mass, gantry_degrees, offset_mm, (stop[1] - start[1], stop[0] - start[0]), spacing_mm
    )
    gray[patch] += gaussian_filter(thickness, mass.margin_blur_mm / spacing_mm, truncate=3.0) * np.float32(
        mass.contrast / mass.diameter_mm
    )
    mask = np.zeros(gray.shape, dtype=np.bool_)
    mask[patch] = thickness >= OUTLINE_SHARE * thickness.max()
    return mask


def _breast_profile(shape: tuple[int, int], spacing_mm: float) -> FloatImage:
    """1 inside the breast, falling to 0 at a half-elliptic skin line; the chest wall is the left edge."""
    x = (np.arange(shape[1]) + 0.5) * spacing_mm / (WIDTH_MM - 4.0)
    y = ((np.arange(shape[0]) + 0.5) * spacing_mm - HEIGHT_MM / 2) / (HEIGHT_MM / 2 - 1.0)
    radius = np.sqrt(x[None, :].astype(np.float32) ** 2 + y[:, None].astype(np.float32) ** 2)
    depth = np.clip((1 - radius) * np.float32(HEIGHT_MM / 2 / SKIN_FADE_MM), 0.0, 1.0)
    return np.asarray(np.sqrt(depth * (2 - depth)), dtype=np.float32)


def _expose(rng: np.random.Generator, gray: FloatImage, spacing_mm: float) -> FloatImage:
    """Count photons behind the breast, take the logarithm, and blur as a detector does."""
    entering = np.float32(math.sqrt(PHOTONS_PER_MM2) * spacing_mm)
    amplitude = photon_amplitude(rng, np.exp(gray * np.float32(-ATTENUATION / 2)) * entering)
    noisy = np.log(amplitude / entering) * np.float32(-2 / ATTENUATION)
    blurred = gaussian_filter(noisy, DETECTOR_BLUR_MM / spacing_mm, truncate=3.0)
    return np.clip(blurred, 0.0, 1.0, out=blurred)
