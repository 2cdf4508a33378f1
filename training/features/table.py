"""The feature tables as one file for other tools: parquet or CSV, a row a case."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet

from cadx.lesion import FEATURES
from training.errors import FeatureTableFormatUnknown
from training.features.extraction import FeatureTables
from training.outputs import FileOutput, begins_with

FORMATS = (".parquet", ".csv")
KNOWN = ("image", "x", "y", "label", "lesion_id", "patient_id", "view")
"""The columns before the features."""


def _is_feature_table(path: Path) -> bool:
    if path.suffix != ".parquet":
        return begins_with(path, KNOWN)
    try:
        return tuple(pyarrow.parquet.read_schema(path).names[: len(KNOWN)]) == KNOWN
    except (OSError, pyarrow.ArrowException):
        return False


FEATURE_TABLE = FileOutput("a feature table", _is_feature_table)


def feature_frame(tables: FeatureTables, *, cnn: bool, lesion: bool) -> pd.DataFrame:
    """Lay the features of every case beside what identifies it.

    Parameters
    ----------
    tables
        The extracted features.
    cnn, lesion
        Which of the two tables to include: columns ``cnn_0000`` and on, and the lesion features by name.

    Returns
    -------
    DataFrame
        One row a case, in the manifest's order.
    """
    known = pd.DataFrame(
        {
            "image": [case.image.name for case in tables.cases],
            "x": [case.center.x for case in tables.cases],
            "y": [case.center.y for case in tables.cases],
            "label": [case.label.name.lower() for case in tables.cases],
            "lesion_id": [case.lesion_id for case in tables.cases],
            "patient_id": pd.array([case.patient_id for case in tables.cases], dtype="string"),
            "view": pd.array([case.view for case in tables.cases], dtype="string"),
        }
    )
    parts = [known]
    if lesion:
        names = [f"lesion_{feature.name}" for feature in FEATURES]
        parts.append(pd.DataFrame(tables.lesion, columns=names))
    if cnn:
        width = max(4, len(str(tables.cnn.shape[1] - 1)))
        names = [f"cnn_{number:0{width}d}" for number in range(tables.cnn.shape[1])]
        parts.append(pd.DataFrame(tables.cnn, columns=names))
    return pd.concat(parts, axis=1)


def check_format(path: Path) -> None:
    """Refuse a file name whose ending names no known format.

    Raises
    ------
    FeatureTableFormatUnknown
        Naming the known ones.
    """
    if path.suffix not in FORMATS:
        raise FeatureTableFormatUnknown(path.name, " or ".join(FORMATS))


def write_frame(frame: pd.DataFrame, path: Path, facts: Mapping[str, str]) -> None:
    """Write a table atomically; parquet keeps the facts about its making in its own metadata.

    Raises
    ------
    FeatureTableFormatUnknown
        When the file's name does not end in .parquet or .csv.
    """
    check_format(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    try:
        if path.suffix == ".parquet":
            frame.attrs.update(facts)
            frame.to_parquet(draft, index=False)
        else:
            # Nine digits are enough to give every float32 back exactly, seventeen every float64.
            exact = {name: frame[name].map(repr) for name in frame.columns if frame[name].dtype == np.float64}
            frame.assign(**exact).to_csv(draft, index=False, float_format="%.9g")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
