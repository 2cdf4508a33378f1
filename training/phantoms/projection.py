"""The shadow of a mass: how much of its tissue each ray crosses, for any view of the breast."""

import math
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from cadx.records import FloatImage
from training.phantoms.mass import Floats, PhantomMass

VOXELS = 48


class View(StrEnum):
    """Mammography views by their code in ViewPosition (0018,5101)."""

    CC = "CC"
    MLO = "MLO"
    ML = "ML"
    LM = "LM"


# Angle of the beam from the cranio-caudal direction, in the plane across the chest (gantry angle).
GANTRY_DEGREES = {View.CC: 0.0, View.MLO: 45.0, View.ML: 90.0, View.LM: -90.0}


def view_axes(gantry_degrees: float) -> Floats:
    """Unit vectors of the detector's rows (anterior), its columns (downwards) and of the beam.

    Parameters
    ----------
    gantry_degrees
        Rotation of the beam about the antero-posterior axis; 0 is cranio-caudal.

    Returns
    -------
    ndarray
        (3, 3), one axis a row, in the mass's own axes (left, anterior, cranial).
    """
    angle = math.radians(gantry_degrees)
    beam = np.array([math.sin(angle), 0.0, -math.cos(angle)])
    anterior = np.array([0.0, 1.0, 0.0])
    return np.stack([anterior, np.cross(beam, anterior), beam])


def projected_thickness(
    mass: PhantomMass, gantry_degrees: float, offset_mm: tuple[float, float], shape: tuple[int, int], spacing_mm: float
) -> FloatImage:
    """Thickness of mass tissue along the beam through each pixel of a patch about the mass.

    Parameters
    ----------
    mass
        What casts the shadow.
    gantry_degrees
        Direction of the beam, see `view_axes`.
    offset_mm
        (x, y) of the mass's center from the patch's top-left corner.
    shape
        Rows and columns of the patch.
    spacing_mm
        Pixel size of the patch.

    Returns
    -------
    ndarray
        float32, `shape`, in mm; not blurred.
    """
    axes = view_axes(gantry_degrees)
    column_mm = (np.arange(shape[1], dtype=np.float64) + 0.5) * spacing_mm - offset_mm[0]
    row_mm = (np.arange(shape[0], dtype=np.float64) + 0.5) * spacing_mm - offset_mm[1]
    thickness = _body_thickness(mass, axes, column_mm, row_mm)
    np.add(thickness, _spicule_thickness(mass, axes, column_mm, row_mm), out=thickness)
    return thickness


def _body_thickness(mass: PhantomMass, axes: Floats, column_mm: Floats, row_mm: Floats) -> FloatImage:
    """Sum soft voxels along the beam on a coarse grid, then interpolate to the pixels."""
    half_mm = 1.05 * float(mass.radius_mm.max())
    voxel_mm = 2 * half_mm / VOXELS
    line = ((np.arange(VOXELS) + 0.5) * voxel_mm - half_mm).astype(np.float32)
    across, down, along = np.meshgrid(line, line, line, indexing="ij")
    distance = np.sqrt(across**2 + down**2 + along**2)
    points = np.stack([across, down, along], axis=-1) / np.maximum(distance, 1e-6)[..., None]
    surface = mass.radius_towards(points @ axes.astype(np.float32))
    filled = np.clip((surface - distance) / voxel_mm + 0.5, 0.0, 1.0)
    shadow = filled.sum(axis=2).T * voxel_mm
    rows = (row_mm + half_mm) / voxel_mm - 0.5
    columns = (column_mm + half_mm) / voxel_mm - 0.5
    grid = np.broadcast_arrays(rows[:, None], columns[None, :])
    return np.asarray(map_coordinates(shadow.astype(np.float32), grid, order=1, output=np.float32))


def _spicule_thickness(mass: PhantomMass, axes: Floats, column_mm: Floats, row_mm: Floats) -> FloatImage:
    """Draw each piece as a ridge of Gaussian profile; where pieces meet, the thicker one counts."""
    drawn = np.zeros((len(row_mm), len(column_mm)), dtype=np.float32)
    flat = mass.spicule_ends_mm @ axes[:2].T
    share = mass.spicule_density * mass.diameter_mm / 2
    for ends, widths, depths in zip(flat, mass.spicule_width_mm, share, strict=True):
        reach = 1.5 * widths.max()
        columns = slice(*np.searchsorted(column_mm, (ends[:, 0].min() - reach, ends[:, 0].max() + reach)))
        rows = slice(*np.searchsorted(row_mm, (ends[:, 1].min() - reach, ends[:, 1].max() + reach)))
        ridge = _ridge(ends, widths, depths, column_mm[columns], row_mm[rows])
        np.maximum(drawn[rows, columns], ridge, out=drawn[rows, columns])
    return drawn


def _ridge(ends: Floats, widths: Floats, depths: Floats, column_mm: Floats, row_mm: Floats) -> NDArray[np.float64]:
    direction = ends[1] - ends[0]
    x = column_mm[None, :] - ends[0, 0]
    y = row_mm[:, None] - ends[0, 1]
    length_squared = max(float(direction @ direction), 1e-6)
    along = np.clip((x * direction[0] + y * direction[1]) / length_squared, 0.0, 1.0)
    squared = (x - along * direction[0]) ** 2 + (y - along * direction[1]) ** 2
    width = widths[0] + along * (widths[1] - widths[0])
    depth = depths[0] + along * (depths[1] - depths[0])
    return np.asarray(depth * np.exp(-2 * squared / width**2))
