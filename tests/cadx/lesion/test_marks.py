"""Features averaged over marks: where the marks lie, and what is averaged."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from cadx.errors import FeatureNotComputable
from cadx.lesion import DEFAULT_METHOD, describe_lesion, measure_lesion
from cadx.lesion.marks import RADIUS_MM, mean_features, moved_rois, moves_around
from cadx.mammogram import read_mammogram
from cadx.records import LesionCenter, Mammogram
from cadx.roi import extract_roi
from training.cohort.cases import Case


@pytest.fixture(scope="module")
def mammogram(unseen_phantom: Case) -> Mammogram:
    return read_mammogram(unseen_phantom.image)


def test_marks_lie_evenly_on_a_circle() -> None:
    assert moves_around(1) == []
    moves = np.array(moves_around(5))
    assert_allclose(np.hypot(*moves.T), RADIUS_MM)
    assert_allclose(moves.sum(axis=0), 0, atol=1e-12)
    assert_allclose(np.abs(moves), RADIUS_MM / np.sqrt(2))


def test_features_are_means_over_the_marks(mammogram: Mammogram, unseen_phantom: Case) -> None:
    mark = unseen_phantom.center
    own = describe_lesion(extract_roi(mammogram, mark), DEFAULT_METHOD).features
    spacing, shift = mammogram.spacing, RADIUS_MM / np.sqrt(2)
    places = [
        LesionCenter(mark.x + sx * shift / spacing.column_mm, mark.y + sy * shift / spacing.row_mm)
        for sx in (1, -1)
        for sy in (1, -1)
    ]
    rows = [own, *(measure_lesion(extract_roi(mammogram, place), DEFAULT_METHOD) for place in places)]
    assert_allclose(mean_features(mammogram, mark, own, DEFAULT_METHOD, 5), np.mean(rows, axis=0), rtol=1e-12)
    assert_array_equal(mean_features(mammogram, mark, own, DEFAULT_METHOD, 1), own)


def test_a_readers_outline_stays_and_a_readers_diameter_steers_each(mammogram: Mammogram, unseen_phantom: Case) -> None:
    mark = unseen_phantom.center
    roi = extract_roi(mammogram, mark)
    drawn = roi.to_image(describe_lesion(roi, DEFAULT_METHOD).contour)
    own = describe_lesion(roi, DEFAULT_METHOD, drawn).features
    assert mean_features(mammogram, mark, own, DEFAULT_METHOD, 5, contour=drawn) is own
    steered = measure_lesion(roi, DEFAULT_METHOD, 6.0)
    rows = [steered, *(measure_lesion(r, DEFAULT_METHOD, 6.0) for r in moved_rois(mammogram, mark, moves_around(5)))]
    found = mean_features(mammogram, mark, steered, DEFAULT_METHOD, 5, diameter_mm=6.0)
    assert_allclose(found, np.mean(rows, axis=0))


def test_a_mark_off_the_image_or_with_nothing_to_measure_is_left_out(
    mammogram: Mammogram, unseen_phantom: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    corner = LesionCenter(0.0, 0.0)
    assert len(list(moved_rois(mammogram, corner, [(-1.0, 0.0), (0.0, -1.0)]))) == 0
    own = np.arange(39.0)

    def nothing(*_: object) -> None:
        raise FeatureNotComputable("lesion_area_mm2", "nothing here")

    monkeypatch.setattr("cadx.lesion.marks.measure_lesion", nothing)
    assert_array_equal(mean_features(mammogram, unseen_phantom.center, own, DEFAULT_METHOD, 5), own)
