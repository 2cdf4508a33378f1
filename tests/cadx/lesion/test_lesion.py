"""The whole way from a ROI to features."""

import numpy as np
from scipy import ndimage

from cadx.lesion import FEATURES, SegmentationMethod, contour_polygon, lesion_features, segment
from cadx.records import LesionCentre, Roi, Spacing, SpacingSource


def disc_roi(radius_px: float) -> Roi:
    rng = np.random.default_rng(1)
    offsets = np.arange(512) - 255.5
    disc = np.add.outer(offsets**2, offsets**2) <= radius_px**2
    gray = 0.3 + 0.2 * ndimage.gaussian_filter(disc.astype(np.float32), 3) + 0.01 * rng.normal(size=(512, 512))
    spacing = Spacing(0.1, 0.1, SpacingSource.CALLER)
    return Roi(gray.astype(np.float32), np.ones((512, 512), bool), LesionCentre(256, 256), spacing, 0.0)


def test_a_bright_disc_is_found_and_measured() -> None:
    roi = disc_roi(60)
    found = segment(roi, SegmentationMethod.REGION_GROWING)
    values = dict(zip((f.name for f in FEATURES), lesion_features(roi, found), strict=True))
    assert abs(values["effective_diameter_mm"] - 12) < 0.6
    assert values["normalised_radial_gradient"] > 0.9
    assert contour_polygon(found.mask).shape[1] == 2
