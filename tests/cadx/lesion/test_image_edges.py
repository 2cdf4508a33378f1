"""The edge of the image is no outline: a lesion on a small image is found as on a large one."""

import numpy as np
import pytest

from cadx.lesion import SegmentationMethod, SegmentationOutcome, segment
from cadx.records import ROI_SIZE_PX, LesionCenter, Mask, Roi, Spacing, SpacingSource
from training.phantoms import phantom_view, random_mass


def roi_within(gray: np.ndarray, valid: Mask) -> Roi:
    spacing = Spacing(0.1, 0.1, SpacingSource.CALLER)
    middle = LesionCenter(ROI_SIZE_PX / 2, ROI_SIZE_PX / 2)
    return Roi(np.where(valid, gray, np.float32(0)), valid, middle, spacing, float(1 - valid.mean()))


@pytest.mark.parametrize(
    "method", [method for method in SegmentationMethod if method is not SegmentationMethod.REGION_GROWING]
)
@pytest.mark.parametrize("half_px", [120, 180, 250])
def test_the_edge_of_a_small_image_is_not_taken_for_the_lesion(method: SegmentationMethod, half_px: int) -> None:
    rng = np.random.default_rng(5)
    view = phantom_view(rng, random_mass(rng, malignant=True, diameter_mm=14.0))
    row, column = int(view.center.y) - ROI_SIZE_PX // 2, int(view.center.x) - ROI_SIZE_PX // 2
    box = np.s_[row : row + ROI_SIZE_PX, column : column + ROI_SIZE_PX]
    truth = view.mask[box]
    valid = np.zeros((ROI_SIZE_PX, ROI_SIZE_PX), dtype=np.bool_)
    image = slice(ROI_SIZE_PX // 2 - half_px, ROI_SIZE_PX // 2 + half_px)
    valid[image, image] = True
    found = segment(roi_within(view.gray[box], valid), method)
    assert found.outcome is SegmentationOutcome.FOUND
    overlap = np.count_nonzero(found.mask & truth) / np.count_nonzero(found.mask | truth)
    assert overlap > 0.6
