"""`cadx-train study`: the fit that `cadx-train fit` makes, with its statistics, report and bundle in one folder."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from cadx.bundle import BundleManifest, backbone_facts
from training.bundle_facts import cohort_facts
from training.cases import read_manifest
from training.evaluation import BranchEvaluation
from training.extraction import FeatureTables
from training.fit import Fit, FitSettings, fit_models, save_fit
from training.model_card import notices
from training.progress import progress_bar
from training.report.content import make_report
from training.report.picture_section import rows_to_draw
from training.report.thumbnails import lesion_views
from training.report.write import write_report
from training.study.files import PROBABILITIES_CSV, STUDY_JSON, write_probabilities, write_study_json
from training.study.layers import LayerFigures
from training.study.negative_control import shuffle_labels
from training.study.scored import CNN, LESION
from training.study.study import (
    BranchTimes,
    Provenance,
    Skipped,
    Study,
    StudyKind,
    array_sha256,
    environment,
    file_sha256,
)

NEGATIVE_CONTROL = "negative control: the truths were shuffled; no number here says anything about the cases."
MODELS = "models"


@dataclass(frozen=True, slots=True)
class StudyOutcome:
    """What a study made; a negative control makes no bundle."""

    study: Study
    fit: Fit
    manifest: BundleManifest | None
    bundle: Path | None


def run_study(
    manifest: Path,
    folder: Path,
    settings: FitSettings,
    console: Console,
    *,
    title: str = "",
    name: str = "",
    layers: Sequence[LayerFigures] = (),
    negative_control: bool = False,
) -> StudyOutcome:
    """Run a study and write its folder.

    Parameters
    ----------
    manifest
        CSV of the cases.
    folder
        Gets ``report.html``, ``report.md``, ``figures/``, ``study.json``, ``probabilities.csv`` and ``models/NAME``.
    title
        Of the report; by default after the manifest.
    name
        Of the bundle; by default the folder's.
    layers
        A layer comparison to show as Figure 3.
    negative_control
        Shuffle the truths among the lesions; no bundle is written.

    Raises
    ------
    CadxError
        What `training.fit.fit_models` raises.
    """
    cases = read_manifest(manifest)
    if negative_control:
        cases = shuffle_labels(cases, settings.seed)
    fit = fit_models(cases, settings, console)
    study = study_of(
        fit, manifest, title or f"Study of {manifest.parent.name}/{manifest.name}", layers, negative_control
    )
    folder.mkdir(parents=True, exist_ok=True)
    write_study_json(folder / STUDY_JSON, study)
    write_probabilities(folder / PROBABILITIES_CSV, fit.scored)
    with progress_bar(console, "pictures of lesions") as progress:
        views = lesion_views(
            fit.tables.cases,
            settings.policy,
            settings.segmentation_method,
            rows_to_draw(fit.scored, fit.analysis),
            progress,
        )
    write_report(folder, make_report(study, fit.scored, views))
    if negative_control:
        return StudyOutcome(study, fit, None, None)
    bundle = folder / MODELS / (name or folder.resolve().name)
    return StudyOutcome(study, fit, save_fit(fit, bundle), bundle)


def study_of(
    fit: Fit,
    manifest: Path,
    title: str,
    layers: Sequence[LayerFigures],
    negative_control: bool,
) -> Study:
    """Put the facts of a fit together with where they come from."""
    settings = fit.settings
    backbone = backbone_facts(fit.backbone)
    shown = notices(backbone, cohort_facts(fit.analysis, settings.source, synthetic=settings.synthetic))
    return Study(
        title=title,
        kind=StudyKind.NEGATIVE_CONTROL if negative_control else StudyKind.CROSS_VALIDATION,
        notices=(*shown, NEGATIVE_CONTROL) if negative_control else shown,
        analysis=fit.analysis,
        times={
            CNN: _times(fit.tables.cnn_seconds, fit.evaluation.branches[CNN]),
            LESION: _times(fit.tables.lesion_seconds, fit.evaluation.branches[LESION]),
        },
        layers=tuple(layers),
        skipped=skipped(fit.tables),
        provenance=provenance(manifest, _settings(settings), backbone.model_dump(mode="json"), fit.tables),
    )


def provenance(
    manifest: Path,
    settings: dict[str, Any],
    backbone: dict[str, Any],
    tables: FeatureTables,
    bundle: dict[str, str] | None = None,
) -> Provenance:
    """Say where the numbers of a study come from."""
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        manifest=manifest.name,
        manifest_sha256=file_sha256(manifest),
        settings=settings,
        backbone=backbone,
        cnn_features_sha256=array_sha256(tables.cnn),
        lesion_features_sha256=array_sha256(tables.lesion),
        bundle=bundle,
        **environment(),
    )


def skipped(tables: FeatureTables) -> tuple[Skipped, ...]:
    """List the cases that were left out; never by file, whose name may hold a patient's."""
    return tuple(Skipped(case.lesion_id, case.reason_code, case.reason) for case in tables.skipped)


def _times(features_s: float, branch: BranchEvaluation) -> BranchTimes:
    return BranchTimes(features_s=features_s, cross_validation_s=branch.seconds)


def _settings(settings: FitSettings) -> dict[str, Any]:
    """Give the settings for people and JSON; of weights in a file, only that they are."""
    given = asdict(settings)
    weights = given["backbone"]["weights"]
    if weights != "imagenet" and not weights.startswith("random:"):
        given["backbone"]["weights"] = "file"
    return given
