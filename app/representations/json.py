"""From the science's records to the documents of `app.schemas.answers`."""

import base64
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from statistics import fmean

import numpy as np
from PIL import Image

from app.images.held import Origin
from app.representations.trust import at_prevalence_of, parts_of
from app.schemas.answers import (
    Center,
    FeatureFacts,
    FeatureValue,
    FlagFacts,
    ImageFacts,
    ImageOrigin,
    MethodAnswer,
    ModelFacts,
    ModelReference,
    Prediction,
    ReadableFacts,
    RegionFacts,
    SegmentationFacts,
    SourceSpacing,
    ViewPredictions,
)
from app.schemas.base import Answer, Part
from app.schemas.images import GRAY_MAX, ImageDescription
from cadx.assessment import Assessment
from cadx.bundle import LIMITS, Bundle, differences_from_paper, evidence_of, shown_notices
from cadx.flags import Flag, FlagCode
from cadx.lesion import FEATURES
from cadx.records import ROI_SIZE_PX, ROI_SPACING_MM, Mammogram, Roi


def model_reference(bundle: Bundle) -> ModelReference:
    """Name, version and digest of a model."""
    return ModelReference(name=bundle.manifest.name, version=bundle.manifest.version, digest=bundle.digest)


def method_of(bundle: Bundle) -> MethodAnswer:
    """Preset of a model, what its search chose, and in what it differs from the paper."""
    manifest = bundle.manifest
    differences = differences_from_paper(manifest.backbone, manifest.segmentation_method, manifest.method)
    return MethodAnswer(**manifest.method.model_dump(), differs_from_paper=differences)


def prediction_of(
    bundle: Bundle,
    mammogram: Mammogram,
    assessment: Assessment,
    *,
    prediction_id: str,
    image_sha256: str,
    origin: Origin | None = None,
    parts: AbstractSet[Part],
    asked: Mapping[str, Answer] | None = None,
    prevalence: float | None = None,
    timings_ms: dict[str, float],
) -> Prediction:
    """Describe one assessment; `asked` are further parts, by name."""
    roi = assessment.roi
    return Prediction(
        id=prediction_id,
        probability=assessment.probability,
        cnn_probability=assessment.cnn_probability,
        lesion_probability=assessment.lesion_probability,
        calibrated_probability=assessment.calibrated_probability,
        model=model_reference(bundle),
        method=method_of(bundle),
        center=Center(x=roi.mark.x, y=roi.mark.y),
        image=_image_facts(mammogram, image_sha256, origin),
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
        flags=_flag_facts(assessment.flags),
        timings_ms={name: round(value, 3) for name, value in timings_ms.items()} if Part.TIMINGS in parts else None,
        at_prevalence=at_prevalence_of(bundle, assessment, prevalence),
        demonstration_only=bundle.manifest.demonstration_only,
        notices=shown_notices(bundle.manifest),
        **(asked or {}),
    )


def views_of(predictions: tuple[Prediction, ...], mixed: Sequence[str] = ()) -> ViewPredictions:
    """Average the views of one lesion.

    Parameters
    ----------
    predictions
        One a view.
    mixed
        Which of patient, study and side differ between the views.
    """
    first = predictions[0]
    joined = "|".join(prediction.id for prediction in predictions)
    return ViewPredictions(
        id="v-" + hashlib.sha256(joined.encode()).hexdigest()[:32],
        probability=fmean(prediction.probability for prediction in predictions),
        cnn_probability=fmean(prediction.cnn_probability for prediction in predictions),
        lesion_probability=fmean(prediction.lesion_probability for prediction in predictions),
        calibrated_probability=fmean(prediction.calibrated_probability for prediction in predictions),
        views=predictions,
        flags=(_views_mixed(mixed),) if mixed else (),
        demonstration_only=first.demonstration_only,
        notices=first.notices,
    )


def _views_mixed(mixed: Sequence[str]) -> FlagFacts:
    told = " and ".join(mixed)
    return FlagFacts(
        code=FlagCode.VIEWS_MIXED,
        message=f"The views' headers differ in {told}: they may not show one lesion.",
        facts=dict.fromkeys(mixed, "differs"),
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
        notices=shown_notices(bundle.manifest),
        backbone=manifest.backbone,
        method=method_of(bundle),
        evidence=evidence_of(manifest),
        segmentation_method=manifest.segmentation_method,
        reading_policy=bundle.policy,
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
        cohort=manifest.cohort,
        evaluation=manifest.evaluation,
        readable=readable,
        parts=parts_of(bundle),
    )


def image_description(mammogram: Mammogram, image_sha256: str, origin: Origin | None) -> ImageDescription:
    """Describe an image as it was read."""
    return ImageDescription(
        **dict(_image_facts(mammogram, image_sha256, origin)), flags=_flag_facts(mammogram.flags), gray_max=GRAY_MAX
    )


def _flag_facts(flags: Iterable[Flag]) -> tuple[FlagFacts, ...]:
    return tuple(FlagFacts(code=flag.code, message=flag.message, facts=dict(flag.facts)) for flag in flags)


def _image_facts(mammogram: Mammogram, image_sha256: str, origin: Origin | None) -> ImageFacts:
    spacing = mammogram.spacing
    return ImageFacts(
        sha256=image_sha256,
        dicomweb=origin
        and ImageOrigin(
            pacs=origin.pacs, study=origin.name.study, series=origin.name.series, instance=origin.name.instance
        ),
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
