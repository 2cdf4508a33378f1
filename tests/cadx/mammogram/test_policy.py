"""The policy that a bundle keeps."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from cadx.errors import OneGrayImage, VoiOverrideNotAllowed
from cadx.mammogram import ReadingPolicy, SpacingPlane, VoiPolicy, read_mammogram

POLICIES = [ReadingPolicy(), ReadingPolicy(VoiPolicy.FULL_RANGE, SpacingPlane.LESION, True, True)]


@pytest.mark.parametrize("policy", POLICIES)
def test_it_survives_json(policy: ReadingPolicy) -> None:
    assert ReadingPolicy(**json.loads(json.dumps(dataclasses.asdict(policy)))) == policy


def test_an_unknown_choice_is_no_policy() -> None:
    with pytest.raises(ValueError, match="brightest"):
        ReadingPolicy(voi="brightest")  # type: ignore[arg-type]


def test_a_caller_chooses_gray_levels_only_where_the_policy_allows_it(make_dicom: Any, textured: Any) -> None:
    content = make_dicom(textured(12), 12, WindowCenter=2400, WindowWidth=5000)
    full_range = read_mammogram(content, policy=ReadingPolicy(VoiPolicy.FULL_RANGE))
    allowed = ReadingPolicy(allow_voi_override=True)
    chosen = read_mammogram(content, policy=allowed, voi=VoiPolicy.FULL_RANGE)
    np.testing.assert_array_equal(chosen.pixels.window(0, 64, 0, 50).gray, full_range.pixels.window(0, 64, 0, 50).gray)
    assert [flag.code for flag in chosen.flags] == ["voi_overridden"]
    assert read_mammogram(content, policy=allowed, voi=VoiPolicy.FILE).flags == ()
    assert read_mammogram(content, voi=VoiPolicy.FILE).flags == ()
    with pytest.raises(VoiOverrideNotAllowed) as caught:
        read_mammogram(content, voi=VoiPolicy.FULL_RANGE)
    assert (caught.value.policy_voi, caught.value.asked_voi) == ("file", "full_range")


def test_a_window_that_blacks_the_image_is_named_and_can_be_overridden(make_dicom: Any, textured: Any) -> None:
    policy = ReadingPolicy(allow_voi_override=True)
    for center in (9000, -9000):
        content = make_dicom(textured(12), 12, WindowCenter=center, WindowWidth=100)
        with pytest.raises(OneGrayImage) as caught:
            read_mammogram(content, policy=policy)
        assert f"center {center}" in caught.value.voi
        assert read_mammogram(content, policy=policy, voi=VoiPolicy.FULL_RANGE).rows == 64


def test_an_image_of_one_value_and_a_narrow_window_are_read(make_dicom: Any, textured: Any) -> None:
    assert read_mammogram(make_dicom(textured(12) * 0 + 7, 12, WindowCenter=2000, WindowWidth=100)).rows == 64
    stored = textured(12).clip(0, 2000)
    stored[33, 20] = 4000  # one bright pixel between the sampled rows
    assert read_mammogram(make_dicom(stored, 12, WindowCenter=3000, WindowWidth=10)).rows == 64
