"""The promise that formats last: a tiny bundle of each released format is kept, and must be read for ever.

``python scripts/keep_bundle_format.py`` writes the present format's.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from cadx.bundle import CLASSIFIER_ARRAYS, CLASSIFIER_FACTS, FORMAT, load_bundle
from cadx.bundle.classifiers import parse_classifiers

BUNDLES = Path(__file__).parents[1] / "data" / "bundles"
FIRST_THAT_LASTS = 2
KEPT = [f"format-{number}" for number in range(FIRST_THAT_LASTS, FORMAT + 1)]


def test_every_format_is_kept() -> None:
    assert sorted(path.name for path in BUNDLES.iterdir() if path.is_dir()) == KEPT


@pytest.mark.parametrize("name", KEPT)
def test_a_bundle_of_it_loads_and_answers_as_when_it_was_written(name: str) -> None:
    """Loading recomputes features and probabilities of its reference image.

    Where a release changes a definition on purpose, that refusal is right, and belongs in this test.
    """
    assert load_bundle(BUNDLES / name).manifest.name == name


@pytest.mark.parametrize("name", KEPT)
def test_its_classifiers_answer_as_when_they_were_written(name: str) -> None:
    facts, arrays = ((BUNDLES / name / file).read_bytes() for file in (CLASSIFIER_FACTS, CLASSIFIER_ARRAYS))
    classifiers = parse_classifiers(name, facts, arrays)
    recorded = json.loads((BUNDLES / f"{name}.answers.json").read_text())
    for branch in ("cnn", "lesion"):
        found = getattr(classifiers, branch).predict_proba(np.array(recorded[branch]["features"]))
        assert np.abs(found - recorded[branch]["probabilities"]).max() < 1e-12
        assert np.ptp(found[:, 1]) > 0


@pytest.mark.parametrize("name", KEPT)
def test_it_is_small(name: str) -> None:
    assert sum(path.stat().st_size for path in (BUNDLES / name).iterdir()) < 300_000


def test_it_can_be_moved(tmp_path: Path) -> None:
    assert load_bundle(shutil.copytree(BUNDLES / KEPT[-1], tmp_path / "elsewhere")).manifest.name == KEPT[-1]
