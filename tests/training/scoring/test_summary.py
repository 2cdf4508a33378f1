"""What is told at the end: counts, flags, and drift against the model's cohort."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cadx.bundle import load_bundle
from cadx.explain.drift import FEWEST
from training.progress import rate_text
from training.scoring.results import Results
from training.scoring.rows import FEATURE_COLUMNS, schema
from training.scoring.summary import summarize


def made(number: int, **values: Any) -> dict[str, Any]:
    return {"input_key": f"{number:032x}", "flags": [], **values}


def test_drift_is_that_of_the_cohorts_own_bins(tmp_path: Path, bundle_folder: Path) -> None:
    bundle = load_bundle(bundle_folder)
    assert bundle.reference is not None
    results = Results(tmp_path, "00")
    rng = np.random.default_rng(0)
    cohort = bundle.reference.drift
    rows = []
    for number in range(FEWEST):
        as_cohort = {
            column: float(rng.choice([cohort[name].edges[0] - 1, *(cohort[name].edges + 1e-9)], p=cohort[name].shares))
            for column, name in FEATURE_COLUMNS.items()
        }
        values = as_cohort | {"lesion_area_mm2": 1e6, "probability": 0.5, "cnn_probability": 0.5}
        rows.append(made(number, lesion_probability=0.5, flags=["implant"] if number < 3 else [], **values))
    results.write(rows[:50], schema(identifiers=False))
    few = summarize(results, bundle)
    assert (few.drift, few.assessed) == ({}, 50)
    assert "fewer than 200" in few.drift_note
    results.write(rows[50:], schema(identifiers=False))
    results.write([made(999, refusal="no_tissue")], schema(identifiers=False))
    summary = summarize(results, bundle)
    assert (summary.rows, summary.assessed, summary.mean_probability) == (FEWEST + 1, FEWEST, 0.5)
    assert (summary.refusals, summary.flags) == ({"no_tissue": 1}, {"implant": 3})
    assert max(index for name, index in summary.drift.items() if name in {"circularity", "contrast"}) < 0.25
    assert next(iter(summary.shifted)) in {"area_mm2", "cnn", "lesion", "ensemble"}
    assert summary.drift["area_mm2"] > 1


@pytest.mark.parametrize(
    ("done", "left", "seconds", "text"),
    [(0, 10, 5, ""), (100, 900, 10, "10.0 lesions/s, 0:01:30 left"), (5, 86_400, 5, "1.0 lesions/s, 24:00:00 left")],
)
def test_throughput_and_time_left(done: int, left: int, seconds: float, text: str) -> None:
    assert rate_text(done, left, seconds, "lesions") == text
