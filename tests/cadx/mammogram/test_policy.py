"""The policy that a bundle keeps."""

import dataclasses
import json

import pytest

from cadx.mammogram import ReadingPolicy, SpacingPlane, VoiPolicy


@pytest.mark.parametrize("policy", [ReadingPolicy(), ReadingPolicy(VoiPolicy.FULL_RANGE, SpacingPlane.LESION, True)])
def test_it_survives_json(policy: ReadingPolicy) -> None:
    assert ReadingPolicy(**json.loads(json.dumps(dataclasses.asdict(policy)))) == policy


def test_an_unknown_choice_is_no_policy() -> None:
    with pytest.raises(ValueError, match="brightest"):
        ReadingPolicy(voi="brightest")  # type: ignore[arg-type]
