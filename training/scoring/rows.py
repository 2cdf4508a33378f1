"""One row of the results: what is said of one lesion on one view."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from cadx.assessment import Assessment
from cadx.errors import CadxError
from cadx.lesion import FEATURES
from training.scoring.inputs import Input, input_key, pseudonym

KEY, REFUSAL, FLAGS = "input_key", "refusal", "flags"
REPORT, REPORT_DETAIL = "report", "report_detail"
FAILED = "failed"
"""Of a report, as in `cadx.exchange.dicomweb.StoreState`."""
IMAGE_BYTES, IMAGE_MODIFIED = "image_bytes", "image_modified_ns"
PROBABILITIES = {
    "probability": "ensemble",
    "cnn_probability": "cnn",
    "lesion_probability": "lesion",
    "calibrated_probability": "",
}
"""Columns of probabilities, with the name of the classifier in a bundle's cohort reference."""
FEATURE_COLUMNS = {f"lesion_{feature.name}": feature.name for feature in FEATURES}
IDENTIFIERS = ("image", "lesion_id", "patient_id", "sop_instance_uid")
"""Columns that are written only when asked for."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """Of an image's file.

    Attributes
    ----------
    sha256
        Of its bytes; None where they were not read.
    size_bytes, modified_ns
        By which a file that was changed is noticed without reading it; None where there is none, or in a PACS.
    """

    sha256: str | None = None
    size_bytes: int | None = None
    modified_ns: int | None = None


def schema(*, identifiers: bool, facts: Mapping[str, str] | None = None) -> pa.Schema:
    """Give the columns and their types, the same in every file."""
    text, real, whole = pa.string(), pa.float64(), pa.int64()
    columns = [
        (KEY, text),
        ("prediction_id", text),
        ("lesion", text),
        ("view", text),
        ("x", real),
        ("y", real),
        ("frame", whole),
        *((name, real) for name in PROBABILITIES),
        (FLAGS, pa.list_(text)),
        (REFUSAL, text),
        ("refusal_detail", text),
        (REPORT, text),
        (REPORT_DETAIL, text),
        ("model_digest", text),
        ("image_sha256", text),
        (IMAGE_BYTES, whole),
        (IMAGE_MODIFIED, whole),
        *((name, real) for name in FEATURE_COLUMNS),
        *((name, text) for name in IDENTIFIERS if identifiers),
    ]
    return pa.schema(columns, metadata=dict(facts or {}))


def scored_row(
    salt: str, model_digest: str, item: Input, image: ImageFacts, prediction_id: str, assessment: Assessment
) -> Row:
    """Give the row of a lesion that was assessed."""
    row = _known(salt, model_digest, item, image)
    row |= {name: float(getattr(assessment, name)) for name in PROBABILITIES}
    row |= {f"lesion_{feature.definition.name}": feature.value for feature in assessment.features}
    row |= {"prediction_id": prediction_id, FLAGS: list(dict.fromkeys(flag.code.value for flag in assessment.flags))}
    return row


def refused_row(salt: str, model_digest: str, item: Input, image: ImageFacts, error: CadxError) -> Row:
    """Give the row of a lesion that was refused; details of refusals never quote a header or a path."""
    return _known(salt, model_digest, item, image) | {REFUSAL: error.code, "refusal_detail": error.detail}


def table(rows: Sequence[Row], columns: pa.Schema) -> pa.Table:
    """Lay rows in columns; what a row lacks is null."""
    return pa.Table.from_pylist(list(rows), schema=columns)


def _known(salt: str, model_digest: str, item: Input, image: ImageFacts) -> Row:
    return {
        KEY: input_key(salt, item),
        "lesion": pseudonym(salt, item),
        "view": item.view,
        "x": item.x,
        "y": item.y,
        "frame": item.frame,
        "model_digest": model_digest,
        "image_sha256": image.sha256,
        IMAGE_BYTES: image.size_bytes,
        IMAGE_MODIFIED: image.modified_ns,
        **{name: getattr(item, name) for name in IDENTIFIERS},
    }
