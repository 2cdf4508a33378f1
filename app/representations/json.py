"""From the science's records to the documents of `app.schemas.answers`."""

import base64
import hashlib
import io
from collections.abc import Set as AbstractSet
from statistics import fmean

import numpy as np
from PIL import Image

from app.schemas.answers import (
    Center,
    FeatureFacts,
    FeatureValue,
    FlagFacts,
    ImageFacts,
    ModelFacts,
    ModelReference,
    Part,
    Prediction,
    ReadableFacts,
    RegionFacts,
    SegmentationFacts,
    SourceSpacing,
    ViewPredictions,
)
from cadx.assessment import Assessment
from cadx.bundle import Bundle
from cadx.lesion import FEATURES
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, LesionCenter, Mammogram, Roi

RESEARCH_USE = "research use only"
NOT_PRETRAINED = "not pretrained, demonstration only"
PHANTOMS = "fitted on synthetic phantoms, demonstration only"
LIMITS = (
    "One lesion at a center marked by a reader: it does not find lesions.",
    "Digitized film and digital mammograms; not tomosynthesis volumes, not ultrasound.",
    "A probability holds for lesions like those of the cohort; another site's prevalence and detectors shift it.",
)


def model_reference(bundle: Bundle) -> ModelReference:
    """Name, version and digest of a model."""
    return ModelReference(name=bundle.manifest.name, version=bundle.manifest.version, digest=bundle.digest)


def notices_of(bundle: Bundle) -> tuple[str, ...]:
    """What a reader must know before using this model's numbers; said here if the bundle does not say it."""
    manifest = bundle.manifest
    needed = [RESEARCH_USE]
    if not manifest.backbone.pretrained:
        needed.append(NOT_PRETRAINED)
    if manifest.cohort.synthetic:
        needed.append(PHANTOMS)
    said = " ".join(manifest.notices).lower()
    return (*manifest.notices, *(f"{phrase[0].upper()}{phrase[1:]}." for phrase in needed if phrase not in said))


def prediction_id(bundle: Bundle, image_sha256: str, mammogram: Mammogram, center: LesionCenter, frame: int) -> str:
    """Derive the id of a prediction from all that decides its numbers."""
    spacing = mammogram.spacing
    parts = (
        bundle.digest,
        image_sha256,
        str(frame),
        spacing.row_mm.hex(),
        spacing.column_mm.hex(),
        float(center.x).hex(),
        float(center.y).hex(),
    )
    return "p-" + hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def prediction_of(
    bundle: Bundle,
    mammogram: Mammogram,
    assessment: Assessment,
    *,
    prediction_id: str,
    image_sha256: str,
    parts: AbstractSet[Part],
    timings_ms: dict[str, float],
) -> Prediction:
    """Describe one assessment."""
    roi = assessment.roi
    return Prediction(
        id=prediction_id,
        probability=assessment.probability,
        cnn_probability=assessment.cnn_probability,
        lesion_probability=assessment.lesion_probability,
        model=model_reference(bundle),
        center=Center(x=roi.mark.x, y=roi.mark.y),
        image=_image_facts(mammogram, image_sha256),
        region=RegionFacts(
            size_px=ROI_SIZE_PX,
            spacing_mm=ROI_SPACING_MM,
            center=Center(x=roi.center.x, y=roi.center.y),
            padded_share=roi.padded_share,
            tissue_share=roi.tissue_share,
            thumbnail_png=_thumbnail(roi) if Part.THUMBNAIL in parts else None,
        ),
        segmentation=SegmentationFacts(
            method=assessment.segmentation.method.value, outcome=assessment.segmentation.outcome.value
        ),
        features=_feature_values(assessment) if Part.FEATURES in parts else None,
        contour=tuple(map(tuple, assessment.contour.tolist())) if Part.CONTOUR in parts else None,
        flags=tuple(
            FlagFacts(code=flag.code, message=flag.message, facts=dict(flag.facts)) for flag in assessment.flags
        ),
        timings_ms={name: round(value, 3) for name, value in timings_ms.items()} if Part.TIMINGS in parts else None,
        demonstration_only=bundle.manifest.demonstration_only,
        notices=notices_of(bundle),
    )


def views_of(predictions: tuple[Prediction, ...]) -> ViewPredictions:
    """Average the views of one lesion."""
    first = predictions[0]
    joined = "|".join(prediction.id for prediction in predictions)
    return ViewPredictions(
        id="v-" + hashlib.sha256(joined.encode()).hexdigest()[:32],
        probability=fmean(prediction.probability for prediction in predictions),
        cnn_probability=fmean(prediction.cnn_probability for prediction in predictions),
        lesion_probability=fmean(prediction.lesion_probability for prediction in predictions),
        views=predictions,
        demonstration_only=first.demonstration_only,
        notices=first.notices,
    )


def model_facts(bundle: Bundle, readable: ReadableFacts, *, default: bool) -> ModelFacts:
    """Describe a model."""
    manifest = bundle.manifest
    return ModelFacts(
        name=manifest.name,
        version=manifest.version,
        digest=bundle.digest,
        default=default,
        created=manifest.created,
        intended_use=manifest.intended_use,
        limits=LIMITS,
        demonstration_only=manifest.demonstration_only,
        notices=notices_of(bundle),
        backbone=manifest.backbone.model_dump(mode="json"),
        segmentation_method=manifest.segmentation_method,
        reading_policy=manifest.reading_policy,
        features=tuple(
            FeatureFacts(
                name=feature.name,
                family=str(feature.family),
                unit=feature.unit,
                reads_as=feature.reads_as,
                ibsi=feature.ibsi,
            )
            for feature in FEATURES
        ),
        cohort=manifest.cohort.model_dump(mode="json"),
        evaluation=manifest.evaluation.model_dump(mode="json"),
        readable=readable,
    )


def _image_facts(mammogram: Mammogram, image_sha256: str) -> ImageFacts:
    spacing = mammogram.spacing
    return ImageFacts(
        sha256=image_sha256,
        file_format=mammogram.file_format,
        rows=mammogram.rows,
        columns=mammogram.columns,
        spacing=SourceSpacing(
            row_mm=spacing.row_mm,
            column_mm=spacing.column_mm,
            source=spacing.source.value,
            plane=spacing.plane,
            magnification=spacing.magnification,
        ),
        reading=dict(mammogram.facts),
    )


def _feature_values(assessment: Assessment) -> tuple[FeatureValue, ...]:
    return tuple(
        FeatureValue(
            name=feature.definition.name,
            value=feature.value,
            unit=feature.definition.unit,
            family=str(feature.definition.family),
        )
        for feature in assessment.features
    )


def _thumbnail(roi: Roi) -> str:
    levels = np.round(roi.gray * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, format="PNG", compress_level=1)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
