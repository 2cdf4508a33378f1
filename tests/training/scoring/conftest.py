"""A small bundle that needs no fit, a few phantoms, and a run of it all."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from training.phantoms import write_phantom_cohort
from training.scheduling import InProcess
from training.scoring.marks import manifest_source
from training.scoring.run import ScoringOutcome, ScoringSettings, score_source

BUNDLE = Path(__file__).parents[2] / "data" / "bundles" / "format-2"
SALT = "0" * 32

RunScore = Callable[..., ScoringOutcome]


@pytest.fixture(scope="session")
def scored_manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three lesions, some views each."""
    return write_phantom_cohort(tmp_path_factory.mktemp("scored"), 3, seed=41)


def score_into(folder: Path, manifest: Path, runner: Any = None, **more: Any) -> ScoringOutcome:
    """Score a manifest, two lesions a part."""
    progress, do_part = more.pop("progress", None), more.pop("do_part", None)
    settings = ScoringSettings(**{"lesions_a_part": 2, "salt": SALT, **more})
    extra = {} if do_part is None else {"do_part": do_part}
    told = {} if progress is None else {"progress": progress}
    return score_source(BUNDLE, manifest_source(manifest), folder, runner or InProcess(), settings, **told, **extra)


def rows_of(folder: Path) -> pd.DataFrame:
    """The results as a user reads them, in an order of their own."""
    return pd.read_parquet(folder).sort_values("input_key", ignore_index=True)


@pytest.fixture(scope="session")
def scored(scored_manifest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results in which nothing was stopped. Do not write into them."""
    folder = tmp_path_factory.mktemp("whole") / "results"
    score_into(folder, scored_manifest)
    return folder
