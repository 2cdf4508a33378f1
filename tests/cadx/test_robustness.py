"""How far an assessment depends on the mark: the discs, the spread, what is refused, and that it can be ended."""

from pathlib import Path

import numpy as np
import pytest

from cadx.assessment import Assessment, assess
from cadx.bundle import Bundle, load_bundle
from cadx.lesion import readers_contour
from cadx.mammogram import read_mammogram
from cadx.records import LesionCenter, Mammogram
from cadx.robustness import POINTS, RADII_MM, click_robustness, outline_overlap, unit_disc_points
from training.cohort.cases import Case


@pytest.fixture(scope="module")
def bundle(bundle_folder: Path) -> Bundle:
    return load_bundle(bundle_folder)


@pytest.fixture(scope="module")
def mammogram(bundle: Bundle, unseen_phantom: Case) -> Mammogram:
    return read_mammogram(unseen_phantom.image, policy=bundle.policy)


@pytest.fixture(scope="module")
def assessment(bundle: Bundle, mammogram: Mammogram, unseen_phantom: Case) -> Assessment:
    return assess(bundle, mammogram, unseen_phantom.center)


def test_points_fill_the_disc_and_are_always_the_same() -> None:
    points = unit_disc_points()
    assert points.shape == (POINTS, 2)
    assert POINTS >= 12
    assert np.array_equal(points, unit_disc_points())
    distance = np.hypot(*points.T)
    assert distance.max() <= 1
    assert len(np.unique(np.floor(np.arctan2(points[:, 1], points[:, 0]) / (np.pi / 2)))) == 4, "all around the mark"


def test_it_is_what_single_assessments_say(bundle: Bundle, mammogram: Mammogram, assessment: Assessment) -> None:
    found = click_robustness(bundle, mammogram, assessment)
    assert [disc.radius_mm for disc in found] == list(RADII_MM)
    disc = found[1]
    assert (disc.points, disc.refused) == (POINTS, 0)
    mark, spacing = assessment.roi.mark, mammogram.spacing
    moved = [
        assess(bundle, mammogram, LesionCenter(mark.x + 2 * x / spacing.column_mm, mark.y + 2 * y / spacing.row_mm))
        for x, y in unit_disc_points().tolist()
    ]
    for spread, name in (
        (disc.probability, "probability"),
        (disc.cnn_probability, "cnn_probability"),
        (disc.lesion_probability, "lesion_probability"),
    ):
        values = [getattr(each, name) for each in (assessment, *moved)]
        assert (spread.lowest, spread.highest) == pytest.approx((min(values), max(values)), abs=1e-5)
        assert spread.sd == pytest.approx(np.std(values), abs=1e-5)
    own = assessment.segmentation.mask, assessment.roi
    overlaps = [outline_overlap(*own, each.segmentation.mask, each.roi) for each in moved]
    assert (disc.mean_overlap, disc.least_overlap) == pytest.approx((np.mean(overlaps), min(overlaps)), abs=1e-9)
    assert disc.mean_overlap > 0.8, "one phantom mass, one outline"


def test_overlap_follows_the_image_not_the_region(bundle: Bundle, mammogram: Mammogram, assessment: Assessment) -> None:
    contour = readers_contour(assessment.contour, mammogram.rows, mammogram.columns)
    mark = assessment.roi.mark
    for x, y in ((30.0, 0.0), (0.0, -20.0), (-15.0, 25.0)):
        moved = assess(bundle, mammogram, LesionCenter(mark.x + x, mark.y + y), contour=contour)
        overlap = outline_overlap(assessment.segmentation.mask, assessment.roi, moved.segmentation.mask, moved.roi)
        assert overlap > 0.985


def test_a_readers_outline_stays_where_it_is(bundle: Bundle, mammogram: Mammogram, assessment: Assessment) -> None:
    contour = readers_contour(assessment.contour, mammogram.rows, mammogram.columns)
    drawn = assess(bundle, mammogram, assessment.roi.mark, contour=contour)
    for disc in click_robustness(bundle, mammogram, drawn, contour=contour):
        assert disc.least_overlap > 0.985
        assert disc.cnn_probability.sd > 0


def test_marks_that_leave_the_image_are_counted(bundle: Bundle, mammogram: Mammogram, assessment: Assessment) -> None:
    rows, columns = mammogram.rows, mammogram.columns
    corner = next(
        (x, y)
        for x, y in ((1.0, rows / 2), (columns - 1.0, rows / 2))
        if mammogram.pixels.window(int(y) - 20, int(y) + 20, max(0, int(x) - 20), min(columns, int(x) + 20)).gray.any()
    )
    edge = assess(bundle, mammogram, LesionCenter(*corner))
    discs = click_robustness(bundle, mammogram, edge)
    assert discs[-1].refused > 0
    assert all(disc.points + disc.refused == POINTS for disc in discs)


def test_it_ends_where_nobody_waits(bundle: Bundle, mammogram: Mammogram, assessment: Assessment) -> None:
    asked = 0

    def gone() -> None:
        nonlocal asked
        asked += 1
        if asked > POINTS + 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        click_robustness(bundle, mammogram, assessment, check=gone)
    assert asked == POINTS + 4
