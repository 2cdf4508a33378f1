"""Phantom images and what the science says of them, for every shape of result that is written.

Outlines, features and flags are the product's own; the probabilities are given, so that no model is needed.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from cadx.assessment import Assessment, FeatureValue
from cadx.exchange import Algorithm, FindingKind, LesionResult, OutlinedBy, Results, ViewResult, read_source
from cadx.lesion import FEATURES, SegmentationMethod, describe_lesion
from cadx.mammogram import read_mammogram
from cadx.records import LesionCenter
from cadx.robustness import DiscRobustness, Spread
from cadx.roi import extract_roi
from training.phantoms.dicom_file import Encoding, Identity, write_dicom
from training.phantoms.mass import random_mass
from training.phantoms.projection import View
from training.phantoms.view import PhantomView, phantom_view

Edit = Callable[[Dataset], None]

PATIENT_NAME = "Planted^Patient Q"
PATIENT_ID = "PLANTED-ID-4711"
ACCESSION_NUMBER = "PLANTED-ACC-0815"
STUDY_DATE = "20210304"
CREATED = datetime(2026, 5, 4, 13, 14, 15, tzinfo=timezone(timedelta(hours=2)))
ALGORITHM = Algorithm(
    software_version="9.9.9",
    model_name="sample",
    model_version="1.2.3",
    model_digest="ab" * 32,
    notices=(
        "Research use only. Not a medical device; not for diagnosis or any clinical decision.",
        "A phantom said so.",
    ),
    demonstration_only=True,
)


@dataclass(frozen=True)
class Sample:
    """An image as a file, and where its lesion was marked."""

    content: bytes
    center: LesionCenter

    @property
    def header(self) -> Dataset:
        return pydicom.dcmread(io.BytesIO(self.content), stop_before_pixels=True)


def plant_identity(dataset: Dataset) -> None:
    """Give a phantom a patient and a study that can be found again."""
    dataset.PatientName = PATIENT_NAME
    dataset.PatientID = PATIENT_ID
    dataset.PatientBirthDate = "19610203"
    dataset.PatientSex = "F"
    dataset.AccessionNumber = ACCESSION_NUMBER
    dataset.StudyDate = STUDY_DATE
    dataset.StudyTime = "101112.5"
    dataset.StudyDescription = "Planted description"
    dataset.ReferringPhysicianName = "Planted^Referrer"
    dataset.pop("SyntheticData", None)


def sample(
    view: View = View.CC,
    *,
    seed: int = 3,
    left: bool = True,
    spacing_mm: float = 0.1,
    inverted: bool = False,
    striped: bool = False,
    edit: Edit = plant_identity,
) -> Sample:
    """Draw one view of the lesion of a seed; `striped` draws stripes instead, which no outline fits."""
    mass = random_mass(np.random.default_rng(seed), True, 14.0)
    drawn = phantom_view(np.random.default_rng([seed, 1]), mass, view, left=left, spacing_mm=spacing_mm)
    if striped:
        drawn = _striped(drawn)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "view.dcm"
        number = list(View).index(view) + 1
        write_dicom(path, drawn, Encoding(12, inverted), Identity("PHANTOM-EXCHANGE", f"seed {seed}", number))
        dataset = pydicom.dcmread(path)
    edit(dataset)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return Sample(buffer.getvalue(), drawn.center)


def assessment_of(
    image: Sample,
    center: LesionCenter | None = None,
    *,
    probability: float = 1 / 3,
    method: SegmentationMethod = SegmentationMethod.DUAL_STAGE,
    frame: int | None = None,
) -> Assessment:
    """What the product finds at a mark, with a probability of our choosing."""
    mammogram = read_mammogram(image.content, frame=frame)
    roi = extract_roi(mammogram, center or image.center)
    lesion = describe_lesion(roi, method)
    return Assessment(
        probability=probability,
        cnn_probability=probability * 0.7,
        lesion_probability=probability * 1.3,
        calibrated_probability=probability * 0.9,
        features=tuple(
            FeatureValue(definition, float(value)) for definition, value in zip(FEATURES, lesion.features, strict=True)
        ),
        contour=roi.to_image(lesion.contour),
        roi=roi,
        segmentation=lesion.segmentation,
        flags=(*mammogram.flags, *roi.flags, *lesion.segmentation.flags),
        timings_ms={},
        lesion_features=lesion.features,
    )


def view_result(image: Sample, center: LesionCenter | None = None, *, probability: float = 1 / 3) -> ViewResult:
    """An assessment beside the image it was made on."""
    return ViewResult(read_source(image.content), assessment_of(image, center, probability=probability))


def results_of(*lesions: LesionResult) -> Results:
    """Results of the sample algorithm."""
    return Results(lesions, ALGORITHM, CREATED)


def one_lesion(image: Sample, finding: FindingKind = FindingKind.SELECTED_REGION) -> Results:
    """One lesion on one view."""
    return results_of(LesionResult((view_result(image),), finding))


def two_lesions() -> Results:
    """Two lesions on one image: the mass, which the caller names, and a place beside it, outlined by a reader."""
    image = sample()
    beside = LesionCenter(image.center.x + 60.0, image.center.y - 150.0)
    return results_of(
        LesionResult((view_result(image),), FindingKind.MASS, tracking_identifier="upper lesion"),
        LesionResult((view_result(image, beside, probability=0.875),), outlined_by=OutlinedBy.READER),
    )


def two_views() -> Results:
    """One lesion on two views."""
    views = (view_result(sample(View.CC)), view_result(sample(View.MLO), probability=0.7123456789))
    return results_of(LesionResult(views, FindingKind.CALCIFICATION))


def moved_mark() -> Results:
    """One lesion whose mark was moved."""
    discs = tuple(
        DiscRobustness(float(mm), 12 - mm, mm, spread, spread, spread, mean_overlap=0.9, least_overlap=0.8)
        for mm, spread in ((mm, Spread(0.3 - mm / 100, 0.35 + mm / 90, mm / 70)) for mm in (1, 2, 3))
    )
    return results_of(LesionResult((replace(view_result(sample()), robustness=discs),)))


def variants() -> dict[str, Callable[[], Results]]:
    """Every variant that the validators are shown, by name."""
    return {
        "cc-left": lambda: one_lesion(sample(View.CC)),
        "cc-right": lambda: one_lesion(sample(View.CC, left=False), FindingKind.CALCIFICATION),
        "mlo-left": lambda: one_lesion(sample(View.MLO), FindingKind.MASS),
        "mlo-right": lambda: one_lesion(sample(View.MLO, left=False)),
        "fine-0.05": lambda: one_lesion(sample(spacing_mm=0.05)),
        "coarse-0.2": lambda: one_lesion(sample(spacing_mm=0.2)),
        "odd-0.07": lambda: one_lesion(sample(spacing_mm=0.07, left=False)),
        "monochrome1": lambda: one_lesion(sample(inverted=True)),
        "no-lesion-found": lambda: one_lesion(sample(striped=True)),
        "several-lesions": two_lesions,
        "several-views": two_views,
        "moved-mark": moved_mark,
        "study-date-absent": lambda: one_lesion(sample(edit=_without_dates)),
        "study-date-empty": lambda: one_lesion(sample(edit=_with_empty_dates)),
        "iso-2022-ir-87": lambda: one_lesion(sample(edit=_in_japanese)),
        "synthetic": lambda: one_lesion(sample(edit=_nothing)),
        "lossy-sigmoid": lambda: one_lesion(sample(edit=_lossy_sigmoid)),
        "little-is-told": lambda: one_lesion(sample(edit=_tell_little)),
    }


def _striped(drawn: PhantomView) -> PhantomView:
    rows = np.arange(drawn.gray.shape[0])[:, None]
    noise = 0.002 * np.random.default_rng(0).standard_normal(drawn.gray.shape)
    return replace(drawn, gray=(0.5 + 0.1 * np.sin(0.1 * rows) + noise).astype(np.float32))


def _nothing(dataset: Dataset) -> None:
    """Leave a phantom a phantom."""


def _lossy_sigmoid(dataset: Dataset) -> None:
    plant_identity(dataset)
    dataset.LossyImageCompression = "01"
    dataset.LossyImageCompressionRatio = 12.5
    dataset.LossyImageCompressionMethod = "ISO_15444_1"
    dataset.VOILUTFunction = "SIGMOID"
    dataset.WindowCenter, dataset.WindowWidth = [2000, 1800], [3000, 2000]


def _without_dates(dataset: Dataset) -> None:
    plant_identity(dataset)
    for keyword in ("StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "StudyID", "PatientSex"):
        delattr(dataset, keyword)


def _with_empty_dates(dataset: Dataset) -> None:
    plant_identity(dataset)
    dataset.StudyDate = dataset.StudyTime = dataset.PatientBirthDate = ""


def _in_japanese(dataset: Dataset) -> None:
    plant_identity(dataset)
    dataset.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    dataset.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    dataset.StudyDescription = "乳房撮影"


def _tell_little(dataset: Dataset) -> None:
    """As much as a careless archive leaves."""
    plant_identity(dataset)
    for keyword in ("ImageLaterality", "PatientOrientation", "ViewCodeSequence", "ViewPosition", "PatientBirthDate"):
        if keyword in dataset:
            delattr(dataset, keyword)
