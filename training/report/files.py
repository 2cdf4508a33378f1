"""A study's files for other programs: ``study.json`` and the out-of-fold probabilities as CSV."""

import csv
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cadx.branches import PAPER_LABELS
from training.analysis.scored import Scored
from training.analysis.subgroups import diameters_mm
from training.cohort.marks import Outline
from training.report.study_record import Study

STUDY_JSON = "study.json"
PROBABILITIES_CSV = "probabilities.csv"


def write_study_json(path: Path, study: Study) -> None:
    """Write every fact of a study; numbers in full, no NaN."""
    path.write_text(json.dumps(plain(study), indent=1, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")


def write_probabilities(path: Path, scored: Scored) -> None:
    """Write one line a row: label, groups, fold and the probabilities in full, from which every AUC can be had again.

    The patient is a number, not the manifest's identifier; lesion and image are as in the manifest. Where readers
    gave outlines or diameters, a last column tells where each outline comes from.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        marked = any(case.outline is not Outline.AUTOMATIC for case in scored.cases)
        probabilities = [*(f"p_{name}" for name in PAPER_LABELS), "p_calibrated"]
        writer.writerow(
            ["row", "lesion_id", "group", "view", "malignant", "fold", *probabilities, "diameter_mm", "image"]
            + (["outline"] if marked else [])
        )
        diameters = diameters_mm(scored)
        for row, case in enumerate(scored.cases):
            writer.writerow(
                [
                    row,
                    case.lesion_id,
                    int(scored.groups[row]),
                    case.view or "",
                    int(scored.labels[row]),
                    "" if scored.folds is None else int(scored.folds[row]),
                    *(repr(float(scored.probabilities[name][row])) for name in PAPER_LABELS),
                    repr(float(scored.calibrated[row])),
                    repr(float(diameters[row])),
                    case.image.name,
                    *([case.outline.value] if marked else []),
                ]
            )


def plain(value: Any) -> Any:
    """Turn records into what JSON can hold; an infinite statistic becomes text."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | np.ndarray):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and np.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    return value
