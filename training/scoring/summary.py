"""What a folder of results says in sum: counts, refusals, flags, and drift against the model's cohort."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cadx.bundle import Bundle, shown_notices
from cadx.explain.drift import ALERT, BINS, FEWEST, Drift, stability_index
from training.errors import ResultsNotWritable
from training.outputs import write_whole
from training.scoring.results import SUMMARY_JSON, Results
from training.scoring.rows import FEATURE_COLUMNS, FLAGS, PROBABILITIES, REFUSAL, REPORT

QUANTITIES = {column: name for column, name in (*PROBABILITIES.items(), *FEATURE_COLUMNS.items()) if name}
"""Columns that a cohort's drift knows, with their names there."""


@dataclass(frozen=True, slots=True)
class ScoringSummary:
    """A folder of results in numbers.

    Attributes
    ----------
    rows
        All of them, of earlier runs too.
    assessed
        Those with a probability.
    refusals, flags
        Rows by code, the most frequent first.
    reports
        Rows by what became of their report, the most frequent first; rows of which none was asked are not counted.
    mean_probability
        Of those assessed; None without any.
    drift
        By quantity, the population stability index against the model's cohort; empty where there are too few rows.
    drift_note
        Why there is none, or what it is.
    """

    model: Mapping[str, str]
    notices: tuple[str, ...]
    rows: int
    assessed: int
    refusals: Mapping[str, int]
    flags: Mapping[str, int]
    reports: Mapping[str, int]
    mean_probability: float | None
    drift: Mapping[str, float]
    drift_note: str

    @property
    def shifted(self) -> dict[str, float]:
        """Quantities whose index is called a shift, the largest first."""
        found = {name: index for name, index in self.drift.items() if index >= ALERT}
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def summarize(results: Results, bundle: Bundle) -> ScoringSummary:
    """Count a folder of results, a file at a time."""
    cohort: Drift = {} if bundle.reference is None else bundle.reference.drift
    quantities = {column: name for column, name in QUANTITIES.items() if name in cohort}
    counts = {name: np.zeros(BINS) for name in quantities.values()}
    refusals, flags, reports = Counter[str](), Counter[str](), Counter[str]()
    rows, assessed, total = 0, 0, 0.0
    for found in results.tables(list(dict.fromkeys(["probability", REFUSAL, FLAGS, REPORT, *quantities]))):
        rows += len(found)
        refusals.update(_counted(found[REFUSAL]))
        reports.update(_counted(found[REPORT]))
        flags.update(_counted(pc.list_flatten(found[FLAGS])))
        kept = found.filter(pc.is_valid(found["probability"]))
        assessed += len(kept)
        total += float(pc.sum(kept["probability"]).as_py() or 0.0)
        for column, name in quantities.items():
            counts[name] += _binned(cohort, name, kept[column].to_numpy())
    return ScoringSummary(
        model={"name": bundle.manifest.name, "version": bundle.manifest.version, "digest": bundle.digest},
        notices=shown_notices(bundle.manifest),
        rows=rows,
        assessed=assessed,
        refusals=dict(refusals.most_common()),
        flags=dict(flags.most_common()),
        reports=dict(reports.most_common()),
        mean_probability=total / assessed if assessed else None,
        drift=_indices(cohort, counts) if assessed >= FEWEST else {},
        drift_note=_note(cohort, assessed, bundle.manifest.cohort.rois),
    )


def write_summary(results: Results, summary: ScoringSummary) -> None:
    """Write the summary beside the rows.

    Raises
    ------
    ResultsNotWritable
        When the disk is full.
    """
    text = json.dumps(_plain(summary), indent=2) + "\n"

    def write(draft: Path) -> None:
        draft.write_text(text, encoding="utf-8")

    try:
        write_whole(results.folder / SUMMARY_JSON, write)
    except OSError as error:
        raise ResultsNotWritable(str(results.folder), error.strerror or str(error)) from error


def _plain(summary: ScoringSummary) -> dict[str, Any]:
    return {**asdict(summary), "shifted": list(summary.shifted)}


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    counted = pc.value_counts(column.drop_null()).to_pylist()
    return {pair["values"]: pair["counts"] for pair in counted}


def _binned(cohort: Drift, name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.bincount(np.searchsorted(cohort[name].edges, values, side="right"), minlength=BINS).astype(np.float64)


def _indices(cohort: Drift, counts: Mapping[str, NDArray[np.float64]]) -> dict[str, float]:
    return {name: stability_index(cohort[name].shares, found) for name, found in counts.items()}


def _note(cohort: Drift, assessed: int, rois: int) -> str:
    if not cohort:
        return "the model keeps no distributions of its cohort."
    if assessed < FEWEST:
        return f"not given: {assessed} assessed lesions are fewer than {FEWEST}, and the index would be noise."
    few = f" The cohort has {rois} ROIs, fewer than {FEWEST}: its own bins are noisy." if rois < FEWEST else ""
    return f"population stability index against the training cohort; a shift from {ALERT:g} on.{few}"
