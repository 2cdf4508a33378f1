"""The paper's own method: its transitions decide."""

from collections.abc import Callable

import numpy as np
import pytest

from cadx.lesion import SegmentationMethod, SegmentationOutcome, segment
from cadx.lesion.segmentation import region_growing
from cadx.lesion.segmentation.candidates import Candidates
from cadx.records import FloatImage, Mask, Roi

GROWING = SegmentationMethod.REGION_GROWING


@pytest.fixture
def noisy_lesions(
    make_roi: Callable[..., Roi], make_shape: Callable[..., Mask], make_gray: Callable[..., FloatImage]
) -> list[tuple[Roi, Mask]]:
    lesions = []
    for number, radius in enumerate((40, 55, 70, 90, 110)):
        mask = make_shape(lambda angle, radius=radius: radius * (1 + 0.15 * np.cos(5 * angle)))
        lesions.append((make_roi(make_gray(mask, seed=number, noise=0.02)), mask))
    return lesions


def test_the_choice_is_the_first_plausible_transition(noisy_lesions: list[tuple[Roi, Mask]]) -> None:
    overlaps = []
    for roi, truth in noisy_lesions:
        found = segment(roi, GROWING)
        assert found.outcome is SegmentationOutcome.FOUND
        plausible = [k for k in found.trace.transitions if found.trace.area_mm2[k] >= 7.0]
        assert found.trace.chosen == plausible[0]
        overlaps.append((found.mask & truth).sum() / (found.mask | truth).sum())
    assert np.median(overlaps) > 0.6


def test_without_its_transitions_it_answers_otherwise(
    noisy_lesions: list[tuple[Roi, Mask]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [segment(roi, GROWING) for roi, _ in noisy_lesions]
    monkeypatch.setattr(region_growing, "transition_points", lambda candidates: ())
    for (roi, _), was in zip(noisy_lesions, before, strict=True):
        now = segment(roi, GROWING)
        assert now.outcome is SegmentationOutcome.TOUCHES_BORDER
        assert now.trace.chosen > was.trace.chosen
        assert not np.array_equal(now.mask, was.mask)


def test_another_transition_is_another_answer(
    noisy_lesions: list[tuple[Roi, Mask]], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = region_growing.transition_points

    def without_the_first(candidates: Candidates) -> tuple[int, ...]:
        first = next(k for k in honest(candidates) if candidates.area_mm2[k] >= 7.0)
        return (first + 1, *honest(candidates)[honest(candidates).index(first) + 1 :])

    chosen = [segment(roi, GROWING).trace.chosen for roi, _ in noisy_lesions]
    monkeypatch.setattr(region_growing, "transition_points", without_the_first)
    assert [segment(roi, GROWING).trace.chosen for roi, _ in noisy_lesions] == [k + 1 for k in chosen]
