"""Simple lesions with known outlines."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from cadx.records import FloatImage, LesionCenter, Mask, Roi, Spacing, SpacingSource

SPACING = Spacing(0.1, 0.1, SpacingSource.CALLER)
Grid = NDArray[np.float64]

MakeRoi = Callable[..., Roi]
Shape = Callable[..., Mask]


def roi_of(gray: FloatImage, valid: Mask | None = None) -> Roi:
    valid = np.ones(gray.shape, dtype=bool) if valid is None else valid
    gray = np.where(valid, gray, 0).astype(np.float32)
    middle = LesionCenter(256.0, 256.0)
    return Roi(gray, valid, middle, SPACING, float(1 - valid.mean()), valid, middle)


def star_shape(radius: Callable[[Grid], Grid], x: float = 256.0, y: float = 256.0) -> Mask:
    """Pixels whose middle is within radius(angle) of a center."""
    across = np.arange(512)[None, :] + 0.5 - x
    down = np.arange(512)[:, None] + 0.5 - y
    inside: Mask = np.hypot(across, down) <= radius(np.arctan2(down, across))
    return inside


def lesion_gray(mask: Mask, seed: int = 0, contrast: float = 0.2, noise: float = 0.02) -> FloatImage:
    """A bright mask with a margin of 0.4 mm on noise that is correlated over 0.2 mm."""
    rng = np.random.default_rng(seed)
    texture = ndimage.gaussian_filter(rng.normal(size=mask.shape), 2.0)
    gray = 0.35 + contrast * ndimage.gaussian_filter(mask.astype(float), 4.0) + noise * texture / texture.std()
    return np.asarray(gray, dtype=np.float32)


@pytest.fixture
def make_roi() -> MakeRoi:
    return roi_of


@pytest.fixture
def make_shape() -> Shape:
    return star_shape


@pytest.fixture
def make_gray() -> Callable[..., FloatImage]:
    return lesion_gray
