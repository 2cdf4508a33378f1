"""Examples for the OpenAPI document; the tests hold each against its schema."""

from collections.abc import Mapping
from typing import Any

from app.schemas.forms import EXAMPLE_X, EXAMPLE_Y
from app.schemas.references import INSTANCE_EXAMPLE, SERIES_EXAMPLE, STUDY_EXAMPLE

Document = dict[str, Any]

DIGEST = "3f786850e387550fdab836ed7e6dc881de23001b3c5f0e1a2d4b6c8e9f0a1b2c"
IMAGE_DIGEST = "89e6c98d92887913cadf06b2adb97f26cde4849b7d1b5e0f3a2c4d6e8f0b1a3c"

METHOD_EXAMPLE: Document = {
    "preset": "paper",
    "cnn_part": "all",
    "lesion_marks": 1,
    "cnn_weight": 0.5,
    "svm": "polynomial",
    "differs_from_paper": ["Lesions are outlined by dual_stage, not by region growing."],
}
PREDICTION_EXAMPLE: Document = {
    "id": "p-5d41402abc4b2a76b9719d911017c592",
    "probability": 0.73,
    "cnn_probability": 0.69,
    "lesion_probability": 0.77,
    "calibrated_probability": 0.79,
    "model": {"name": "demo", "version": "1", "digest": DIGEST},
    "method": METHOD_EXAMPLE,
    "center": {"x": 1630.5, "y": 2112.0},
    "image": {
        "sha256": IMAGE_DIGEST,
        "file_format": "dicom",
        "rows": 4096,
        "columns": 3328,
        "spacing": {
            "row_mm": 0.07,
            "column_mm": 0.07,
            "source": "ImagerPixelSpacing",
            "plane": "detector",
            "magnification": 1.0,
        },
        "reading": {"photometric_interpretation": "MONOCHROME2", "bits_stored": 12},
    },
    "region": {
        "size_px": 512,
        "spacing_mm": 0.1,
        "center": {"x": 1631.0, "y": 2112.0},
        "padded_share": 0.0,
        "tissue_share": 0.94,
    },
    "segmentation": {"method": "dual_stage", "outcome": "found"},
    "features": [{"name": "effective_diameter_mm", "value": 13.4, "unit": "mm", "family": "size"}],
    "contour": [[1604.2, 2098.0], [1630.0, 2070.5], [1655.1, 2101.3], [1604.2, 2098.0]],
    "flags": [],
    "timings_ms": {"queue": 0.1, "read": 1.7, "roi": 4.1, "cnn_branch": 17.3, "lesion_branch": 31.5, "artifacts": 3.2},
    "research_use_only": True,
    "demonstration_only": False,
    "notices": ["Research use only. Not a medical device; not for diagnosis or treatment."],
}
LESIONS_EXAMPLE: Document = {
    "predictions": [
        PREDICTION_EXAMPLE,
        {**PREDICTION_EXAMPLE, "id": "p-7d793037a0760186574b0282f2f435e7", "center": {"x": 900.0, "y": 1500.0}},
    ]
}
VIEWS_EXAMPLE: Document = {
    "id": "v-9bf31c7ff062936a96d3c8bd1f8f2ff3",
    "probability": 0.73,
    "cnn_probability": 0.69,
    "lesion_probability": 0.77,
    "calibrated_probability": 0.79,
    "views": [PREDICTION_EXAMPLE, {**PREDICTION_EXAMPLE, "id": "p-7d793037a0760186574b0282f2f435e7"}],
    "flags": [],
    "research_use_only": True,
    "demonstration_only": False,
    "notices": PREDICTION_EXAMPLE["notices"],
}
_DICOMWEB: Document = {
    "pacs": "archive",
    "study": STUDY_EXAMPLE,
    "series": SERIES_EXAMPLE,
    "instance": INSTANCE_EXAMPLE,
}
LESION_JSON: Document = {"dicomweb": _DICOMWEB, "x": EXAMPLE_X, "y": EXAMPLE_Y}
LESIONS_JSON: Document = {"dicomweb": _DICOMWEB, "centers": [{"x": EXAMPLE_X, "y": EXAMPLE_Y}]}
VIEWS_JSON: Document = {"views": [LESION_JSON, {**LESION_JSON, "dicomweb": {**_DICOMWEB, "instance": "2.25.4"}}]}
VERDICT_JSON: Document = {
    "lesion": LESION_JSON,
    "prediction": {name: PREDICTION_EXAMPLE[name] for name in ("id", "probability", "model")},
    "verdict": "modify",
    "reader": "Reader 7",
    "unaided": {"category": "3"},
    "final": {"category": "4A"},
    "contour": [[300.0, 465.0], [338.0, 468.0], [335.0, 502.0], [302.0, 500.0]],
}
STORED_VERDICT_EXAMPLE: Document = {"series": "2.25.5", "instance": "2.25.6", "state": "stored", "reason": ""}
KEPT_IMAGE_EXAMPLE: Document = {
    "image_id": "kQ3v1mJb5o0vYtF4nq2ZsWcXaRpLhD8e",
    "sha256": IMAGE_DIGEST,
    "size_bytes": 27_264_214,
    "minutes": 15.0,
}
IMAGE_JSON: Document = {"dicomweb": _DICOMWEB}
IMAGE_DESCRIPTION_EXAMPLE: Document = {**PREDICTION_EXAMPLE["image"], "flags": [], "gray_max": 65535}
FOUND_STUDY: Document = {
    "study": STUDY_EXAMPLE,
    "date": "2026-01-31",
    "time": "09:15",
    "patient_name": "PHANTOM^ONE",
    "patient_id": "P-1",
    "birth_date": "1960-01-01",
    "sex": "F",
    "accession_number": "A-1",
    "description": "Mammography",
}
STUDIES_EXAMPLE: Document = {"studies": [FOUND_STUDY], "next_offset": 50}
STUDY_SEARCH: Document = {"date": "2026-01-31"}
IMAGES_EXAMPLE: Document = {
    "study": FOUND_STUDY,
    "images": [
        {
            "series": SERIES_EXAMPLE,
            "instance": INSTANCE_EXAMPLE,
            "laterality": "L",
            "view": "CC",
            "rows": 4096,
            "columns": 3328,
            "description": "L CC",
        }
    ],
}
IMAGE_SEARCH: Document = {"study": STUDY_EXAMPLE}
PACS_EXAMPLE: Document = {"pacs": [{"name": "archive", "answers": True, "stores": True}]}
MODEL_EXAMPLE: Document = {
    "name": "demo",
    "version": "1",
    "digest": DIGEST,
    "default": True,
    "created": "2026-01-31T12:00:00Z",
    "intended_use": "Research on computer-aided diagnosis of mammographic lesions.",
    "limits": ["One lesion at a center marked by a reader: it does not find lesions."],
    "research_use_only": True,
    "demonstration_only": True,
    "notices": ["not pretrained, demonstration only"],
    "backbone": {
        "architecture": "alexnet",
        "layer": "fc6",
        "weights": "random:0",
        "pooling": "none",
        "weights_sha256": DIGEST,
        "feature_count": 4096,
        "pretrained": False,
        "turns": 1,
        "scales_mm": [51.2],
    },
    "method": METHOD_EXAMPLE,
    "evidence": "Nested 5-fold cross validation by patient on 80 ROIs of 40 phantom lesions in 40 patients (phantoms): "
    "AUC A 0.810; B 0.810; C 0.860. No external test set.",
    "segmentation_method": "dual_stage",
    "reading_policy": {
        "voi": "file",
        "spacing_plane": "detector",
        "allow_for_processing": False,
        "allow_voi_override": False,
    },
    "features": [
        {
            "name": "effective_diameter_mm",
            "family": "size",
            "unit": "mm",
            "reads_as": "a larger lesion",
            "ibsi": "",
        }
    ],
    "cohort": {
        "source": "phantoms",
        "lesions": 40,
        "rois": 80,
        "benign_rois": 40,
        "malignant_rois": 40,
        "patients": 40,
        "synthetic": True,
    },
    "evaluation": {
        "folds": 5,
        "seed": 0,
        "grouped_by": "patient",
        "cnn": {"auc_mean": 0.81, "auc_sd": 0.04, "fold_aucs": [0.76, 0.79, 0.81, 0.83, 0.86]},
        "lesion": {"auc_mean": 0.81, "auc_sd": 0.03, "fold_aucs": [0.77, 0.8, 0.81, 0.82, 0.85]},
        "ensemble": {"auc_mean": 0.86, "auc_sd": 0.01, "fold_aucs": [0.85, 0.85, 0.86, 0.87, 0.87]},
    },
    "readable": {
        "file_formats": ["dicom", "png", "tiff", "pgm"],
        "transfer_syntaxes": {"1.2.840.10008.1.2.1": "Explicit VR Little Endian"},
        "max_pixels": 50_000_000,
        "max_body_mb": 128,
    },
    "parts": ["features", "contour", "timings", "thumbnail", "explanation", "map", "reliability"],
}
RELOAD_EXAMPLE: Document = {
    "models": [{"name": "demo", "outcome": "replaced", "digest": DIGEST, "code": "", "detail": ""}]
}

LESION_FORM: Document = {"image": "(the file)", "x": EXAMPLE_X, "y": EXAMPLE_Y}
LESIONS_FORM: Document = {"image": "(the file)", "x": [1630.5, 900.0], "y": [2112.0, 1500.0]}
VIEWS_FORM: Document = {"image": ["(CC)", "(MLO)"], "x": [1630.5, 1410.0], "y": [2112.0, 2250.0]}

# Facts of example errors by name; what is not here gets a placeholder of its type.
ERROR_FACTS: Mapping[str, object] = {
    "accepted": ("multipart/form-data", "application/dicom"),
    "allowed": ("POST",),
    "attribute": "Patient ID",
    "bits_stored": 12,
    "caller_mm": 0.07,
    "capacity": 16,
    "columns": 3328,
    "configured": ("archive",),
    "content_type": "text/plain",
    "declared": "4096 x 3328 pixels of 16 bits",
    "differing": ("side",),
    "encoding": "gzip",
    "expected_bytes": 27_262_976,
    "area_mm2": 2.5,
    "diameter_mm": 120.0,
    "feature": "spiculation",
    "file_format": "dicom",
    "file_mm": 0.1,
    "found": "12000000 bytes",
    "found_bytes": 12_000_000,
    "frame": 60,
    "frames": 50,
    "keyword": "Modality",
    "largest": 65535,
    "largest_mm": 1.0,
    "limit_bytes": 2**30,
    "limit_kb": 64,
    "limit_mb": 128,
    "limit_pixels": 50_000_000,
    "limit_seconds": 30.0,
    "loaded": ("demo",),
    "model": "paper",
    "name": "paper",
    "needs": "its cohort's cases, which `cadx-train fit --keep-cases` keeps",
    "offered": ("application/json", "application/dicom"),
    "pacs": "archive",
    "pacs_status": 401,
    "part": "similar",
    "path": "/v2/predictions",
    "per_minute": 60,
    "problems": ({"where": "body.x", "message": "Field required"},),
    "right": "read",
    "reason": "it ends too early",
    "retry_after_seconds": 2,
    "rows": 4096,
    "row_mm": 7.0,
    "column_mm": 7.0,
    "smallest": -3,
    "smallest_mm": 0.01,
    "source": "caller",
    "tag": "(0008,0060)",
    "transfer_syntax": "1.2.840.10008.1.2.4.100",
    "value": "CT",
    "x": 4000.0,
    "y": 100.0,
}
