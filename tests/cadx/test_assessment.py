"""The whole way, from a file and a center to probabilities, with a real bundle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cadx.assessment import Assessment, assess
from cadx.bundle import Bundle, load_bundle
from cadx.classify import SoftVote
from cadx.classify.platt import PlattSigmoid
from cadx.mammogram import read_mammogram
from cadx.records import ROI_SIZE_PX, LesionCenter
from training.cohort.cases import Case
from training.phantoms import PhantomView, phantom_view, random_mass
from training.phantoms.dicom_file import Encoding, Identity, write_dicom


@pytest.fixture(scope="module")
def bundle(bundle_folder: Path) -> Bundle:
    return load_bundle(bundle_folder)


@pytest.fixture(scope="module")
def view() -> PhantomView:
    rng = np.random.default_rng(5)
    return phantom_view(rng, random_mass(rng, malignant=True, diameter_mm=14.0))


def assess_file(bundle: Bundle, path: Path, center: LesionCenter, spacing_mm: float | None = None) -> Assessment:
    return assess(bundle, read_mammogram(path, policy=bundle.policy, pixel_spacing_mm=spacing_mm), center)


def save_png(path: Path, gray: np.ndarray) -> Path:
    Image.fromarray(np.rint(gray.astype(np.float64) * 65535).astype(np.uint16)).save(path)
    return path


def flag_codes(assessment: Assessment) -> set[str]:
    return {flag.code for flag in assessment.flags}


def test_the_answer_is_the_mean_of_the_two_branches(bundle: Bundle, unseen_phantom: Case) -> None:
    answer = assess_file(bundle, unseen_phantom.image, unseen_phantom.center)
    assert answer.probability == pytest.approx((answer.cnn_probability + answer.lesion_probability) / 2, abs=1e-12)
    assert 0 < answer.cnn_probability < 1
    assert 0 < answer.lesion_probability < 1


def test_beside_the_average_stands_its_calibrated_probability(bundle: Bundle, unseen_phantom: Case) -> None:
    answer = assess_file(bundle, unseen_phantom.image, unseen_phantom.center)
    vote = bundle.classifiers.ensemble
    expected = 1 / (1 + np.exp(-(vote.slope * answer.probability + vote.intercept)))
    assert answer.calibrated_probability == pytest.approx(expected, abs=1e-12)
    assert vote.slope >= 0


def test_a_branch_that_learnt_nothing_is_flagged_on_every_answer(bundle: Bundle, unseen_phantom: Case) -> None:
    lesion = replace(bundle.classifiers.lesion, sigmoid=PlattSigmoid(0.0, 0.4))
    classifiers = replace(bundle.classifiers, lesion=lesion, ensemble=SoftVote(0.0, 0.4))
    answer = assess_file(replace(bundle, classifiers=classifiers), unseen_phantom.image, unseen_phantom.center)
    branches = [flag.facts["branch"] for flag in answer.flags if flag.code == "branch_uninformative"]
    assert branches[-2:] == ["lesion", "ensemble"]
    assert answer.lesion_probability == answer.calibrated_probability == pytest.approx(1 / (1 + np.exp(-0.4)))
    manifest = bundle.manifest.evaluation
    assert manifest.cnn.branch_uninformative is not bundle.classifiers.cnn.sigmoid.informative


def test_the_same_question_gets_bit_identical_answers(bundle: Bundle, unseen_phantom: Case) -> None:
    first, second = (assess_file(bundle, unseen_phantom.image, unseen_phantom.center) for _ in range(2))
    assert (first.probability, first.cnn_probability) == (second.probability, second.cnn_probability)
    assert first.features == second.features
    assert np.array_equal(first.contour, second.contour)


def test_png_with_spacing_and_dicom_of_the_same_pixels_agree(bundle: Bundle, view: PhantomView, tmp_path: Path) -> None:
    write_dicom(tmp_path / "view.dcm", view, Encoding(16, inverted=False), Identity("P", "S", 1))
    dicom = assess_file(bundle, tmp_path / "view.dcm", view.center)
    rows, columns = view.gray.shape
    same = read_mammogram(tmp_path / "view.dcm", policy=bundle.policy).pixels.window(0, rows, 0, columns)
    png = assess_file(bundle, save_png(tmp_path / "view.png", same.gray), view.center, view.spacing_mm)
    for name in ("probability", "cnn_probability", "lesion_probability"):
        assert getattr(dicom, name) == pytest.approx(getattr(png, name), abs=1e-6)


def test_the_contour_lies_about_the_center_in_image_coordinates(bundle: Bundle, unseen_phantom: Case) -> None:
    answer = assess_file(bundle, unseen_phantom.image, unseen_phantom.center)
    marked = np.array([unseen_phantom.center.x, unseen_phantom.center.y])
    reach_px = np.linalg.norm(answer.contour - marked, axis=1) * answer.roi.source_spacing.row_mm / 0.1
    assert reach_px.max() < ROI_SIZE_PX / 2 * np.sqrt(2)
    low, high = answer.contour.min(axis=0), answer.contour.max(axis=0)
    assert np.all(low < marked)
    assert np.all(marked < high)


def test_an_image_smaller_than_the_roi_works_and_is_flagged(bundle: Bundle, view: PhantomView, tmp_path: Path) -> None:
    row, column = int(view.center.y), int(view.center.x)
    crop = view.gray[row - 120 : row + 120, column - 120 : column + 120]
    path = save_png(tmp_path / "small.png", crop)
    answer = assess_file(bundle, path, LesionCenter(120.0, 120.0), view.spacing_mm)
    assert answer.roi.padded_share == pytest.approx(1 - (240 / ROI_SIZE_PX) ** 2, abs=0.01)
    assert "roi_padded" in flag_codes(answer)


def test_a_lesion_at_the_border_works_and_tells_its_padded_share(
    bundle: Bundle, view: PhantomView, tmp_path: Path
) -> None:
    column = int(view.center.x)
    path = save_png(tmp_path / "border.png", view.gray[:, column - 10 :])
    answer = assess_file(bundle, path, LesionCenter(10.0, view.center.y), view.spacing_mm)
    assert answer.roi.padded_share == pytest.approx((ROI_SIZE_PX / 2 - 10) / ROI_SIZE_PX, abs=0.01)
    assert "roi_padded" in flag_codes(answer)
    assert 0 < answer.probability < 1


def test_a_marker_in_the_region_is_flagged(bundle: Bundle, view: PhantomView, tmp_path: Path) -> None:
    gray = view.gray.copy()
    row, column = round(view.center.y) - 150, round(view.center.x) + 100
    gray[row : row + 40, column : column + 15] = 1.0
    clean, marked = save_png(tmp_path / "clean.png", view.gray), save_png(tmp_path / "marked.png", gray)
    assert "bright_object" not in flag_codes(assess_file(bundle, clean, view.center, view.spacing_mm))
    assert "bright_object" in flag_codes(assess_file(bundle, marked, view.center, view.spacing_mm))
