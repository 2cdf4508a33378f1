"""The self-test on its own; tests/cadx/test_bundle.py has what it does to a bundle on disk."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cadx.bundle import REFERENCE_FACTS, REFERENCE_IMAGE, Bundle, load_bundle
from cadx.bundle.reference import parse_reference
from cadx.bundle.reference_image import CENTER, SPACING_MM, draw_reference
from cadx.classify import SoftVote
from cadx.errors import BundleDefinitionChanged, BundleIncompatible
from cadx.lesion import SegmentationMethod, SegmentationOutcome, segment
from cadx.mammogram import read_mammogram
from cadx.roi import extract_roi
from cadx.self_test import Reference, self_test


@pytest.fixture(scope="module")
def bundle(bundle_folder: Path) -> Bundle:
    return load_bundle(bundle_folder)


@pytest.fixture(scope="module")
def reference(bundle: Bundle, bundle_folder: Path) -> Reference:
    picture, facts = ((bundle_folder / name).read_bytes() for name in (REFERENCE_IMAGE, REFERENCE_FACTS))
    return parse_reference("small", picture, facts, bundle.policy)


class _NotANumber:
    def predict_proba(self, _: object) -> Any:
        return np.array([[np.nan, np.nan]])


class _Raising:
    def predict_proba(self, _: object) -> Any:
        raise AttributeError("no such thing")


@pytest.mark.parametrize("classifier", [_NotANumber(), _Raising()])
def test_a_model_that_cannot_answer_is_refused(bundle: Bundle, reference: Reference, classifier: Any) -> None:
    broken = replace(bundle, classifiers=replace(bundle.classifiers, lesion=classifier))
    with pytest.raises(BundleIncompatible, match="reference image"):
        self_test("small", broken, reference)


class _FirstAlone(SoftVote):
    def __call__(self, p1: float, p2: float) -> float:
        return p1


def test_a_third_probability_that_is_not_the_vote_is_refused(bundle: Bundle, reference: Reference) -> None:
    broken = replace(bundle, classifiers=replace(bundle.classifiers, ensemble=_FirstAlone()))
    with pytest.raises(BundleIncompatible, match="its branches vote"):
        self_test("small", broken, reference)


def test_another_outline_is_refused_by_the_first_feature_that_it_changes(bundle: Bundle, reference: Reference) -> None:
    other = next(method for method in SegmentationMethod if method != bundle.segmentation_method)
    with pytest.raises(BundleDefinitionChanged, match="area_mm2 is"):
        self_test("small", replace(bundle, segmentation_method=other), reference)


@pytest.mark.parametrize("method", SegmentationMethod)
def test_every_method_outlines_the_lesion_that_is_drawn(method: SegmentationMethod) -> None:
    roi = extract_roi(read_mammogram(draw_reference(), pixel_spacing_mm=SPACING_MM), CENTER)
    found = segment(roi, method)
    assert found.outcome is SegmentationOutcome.FOUND
    assert 95 < found.mask.sum() * 0.01 < 135


def test_the_picture_has_padding_and_undeclared_black(bundle_folder: Path) -> None:
    roi = extract_roi(read_mammogram(draw_reference(), pixel_spacing_mm=SPACING_MM), CENTER)
    assert 0.1 < roi.padded_share < 0.4
    assert np.count_nonzero(roi.gray[roi.valid] == 0) > 5000
