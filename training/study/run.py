"""`cadx-train study`: the fit that `cadx-train fit` makes, with its statistics, report and bundle in one folder."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from cadx.branches import CNN, LESION
from cadx.bundle import BundleManifest, backbone_facts, model_notices
from training.cohort.cases import read_manifest
from training.cross_validation import BranchEvaluation
from training.features.store import FeatureStore
from training.fitting.bundle_facts import cohort_facts
from training.fitting.bundle_place import check_bundle
from training.fitting.fit import Fit, FitSettings, fit_models, save_fit
from training.layers.figures import LayerFigures
from training.outputs import check_folder
from training.report.study_record import BranchTimes, Study, StudyKind, provenance, skipped
from training.scheduling import Runner
from training.study.negative_control import shuffle_labels
from training.study.output import STUDY, write_study

NEGATIVE_CONTROL = "negative control: the labels were permuted; no number here says anything about the cases."
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
    store: FeatureStore | None = None,
    layers: Sequence[LayerFigures] = (),
    negative_control: bool = False,
    replace: bool = False,
    runner: Runner | None = None,
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
    store
        Where features are remembered from run to run; none: nowhere.
    layers
        A layer comparison to show as Figure 3.
    negative_control
        Permute the labels among the lesions; no bundle is written.
    replace
        Put report and bundle in the place of those of an earlier study.
    runner
        Does the long parts elsewhere; none: here.

    Raises
    ------
    CadxError
        What `training.fitting.fit.fit_models` raises, and before any work a place where something would be lost, or
        that cannot be written.
    """
    bundle = folder / MODELS / (name or folder.resolve().name)
    check_folder(folder, STUDY, replace=replace)
    if not negative_control:
        check_bundle(bundle, replace=replace)
    relabel = partial(shuffle_labels, seed=settings.seed) if negative_control else None
    fit = fit_models(read_manifest(manifest), settings, console, store=store, relabel=relabel, runner=runner)
    study = study_of(
        fit, manifest, title or f"Study of {manifest.parent.name}/{manifest.name}", layers, negative_control
    )
    write_study(folder, study, fit.scored, settings.policy, settings.segmentation_method, console)
    if negative_control:
        return StudyOutcome(study, fit, None, None)
    return StudyOutcome(study, fit, save_fit(fit, bundle, replace=replace), bundle)


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
    cohort = cohort_facts(fit.analysis, settings.source, synthetic=settings.synthetic)
    shown = model_notices(backbone, cohort, fit.classifiers.uninformative)
    return Study(
        title=title,
        kind=StudyKind.NEGATIVE_CONTROL if negative_control else StudyKind.CROSS_VALIDATION,
        notices=(*shown, NEGATIVE_CONTROL) if negative_control else shown,
        analysis=fit.analysis,
        times={
            CNN: _times(fit.tables.cnn_seconds, fit.evaluation.branches[CNN]),
            LESION: _times(fit.tables.lesion_seconds, fit.evaluation.branches[LESION]),
        },
        reference=None,
        layers=tuple(layers),
        skipped=skipped(fit.tables),
        provenance=provenance(manifest, _settings(settings), backbone.model_dump(mode="json"), fit.tables),
        trust=fit.trust,
    )


def _times(features_s: float, branch: BranchEvaluation) -> BranchTimes:
    return BranchTimes(features_s=features_s, cross_validation_s=branch.seconds)


def _settings(settings: FitSettings) -> dict[str, Any]:
    """Give the settings for people and JSON; of weights in a file, only that they are."""
    given = asdict(settings)
    weights = given["backbone"]["weights"]
    if weights != "imagenet" and not weights.startswith("random:"):
        given["backbone"]["weights"] = "file"
    return given
