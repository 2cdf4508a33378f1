"""docs/python-api.md is one script that runs."""

import re
from pathlib import Path

import numpy as np
import pytest

from cadx import Assessment
from training.cohort.cases import Case

PAGE = Path(__file__).parents[2] / "docs" / "python-api.md"


def test_its_blocks_run_one_after_the_other(
    bundle_folder: Path,
    unseen_phantom: Case,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "demo").symlink_to(bundle_folder)
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "unseen").symlink_to(unseen_phantom.image.parent)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 5
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, PAGE.name, "exec"), names)
    assessment = names["assessment"]
    assert isinstance(assessment, Assessment)
    assert names["values"] == pytest.approx([feature.value for feature in assessment.features], abs=0)
    assert np.array_equal(np.asarray(names["outline"]), assessment.contour)
    shown = capsys.readouterr().out
    assert "center_outside_image {'x': -1" in shown
    assert "area_mm2" in shown
