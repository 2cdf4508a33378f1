"""Fit the paper's three classifiers on a cohort, evaluate them by lesion, and write them as a bundle."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import numpy as np
from joblib import parallel_config
from numpy.typing import NDArray
from rich.console import Console
from sklearn.base import clone

from cadx.branches import CNN, LESION
from cadx.bundle import (
    INTENDED_USE,
    BundleManifest,
    Estimators,
    MethodFacts,
    backbone_facts,
    model_notices,
    write_bundle,
)
from cadx.classify import Grid, LinearGrid, PolynomialGrid, PolynomialSvm, SoftVote, fit_vote, grouped_folds
from cadx.cnn import Backbone, BackboneSpec, load_backbone
from cadx.explain import CohortReference, KnownCases
from cadx.lesion import DEFAULT_METHOD, SegmentationMethod
from cadx.mammogram import ReadingPolicy
from training.analysis.analysis import Analysis, analyze
from training.analysis.scored import Scored, scored_by_cross_validation
from training.analysis.trust import Trust, trust_figures
from training.cohort.cases import Case
from training.cohort.grouping import Picture, check_rows, group_cases
from training.cohort.leakage import digest_cohort
from training.cohort.splittable import check_splittable
from training.cross_validation import Evaluation, nested_cross_validation
from training.features.extraction import FeatureTables
from training.features.spreading import extract_everywhere
from training.features.store import FeatureStore
from training.fitting.bundle_facts import cohort_facts, evaluation_figures
from training.fitting.bundle_place import check_bundle
from training.fitting.cohort_reference import cohort_reference, kept_cases
from training.fitting.model_card import model_card
from training.fitting.moved_marks import fold_models, move_marks, sample_rows, with_click_limit
from training.fitting.presets import Preset
from training.progress import progress_bar
from training.scheduling import Runner

Relabel = Callable[[Sequence[Case], Sequence[Picture]], tuple[Case, ...]]


@dataclass(frozen=True, slots=True)
class FitSettings:
    """The choices of a fit; the defaults are the paper's.

    Attributes
    ----------
    preset
        The paper's way, or what measured best on real masses; decides the turns and scales of `backbone`.
    grid
        What the searches of both SVMs try.
    class_weight
        Of both SVMs: None as in the paper, or ``"balanced"``.
    folds
        Folds of the outer cross validation; none splits a lesion, a patient where known, or a picture.
    seed
        Decides the folds.
    skip_unusable
        Leave refused cases out, instead of stopping at the first.
    synthetic
        Whether the cases are phantoms; everything made from them says so.
    robustness
        Move the marks of a sample of lesions, for the flag `unstable`.
    keep_cases
        Keep every case's features and outcome in the bundle, for `include=similar`.
    keep_thumbnails
        Keep small pictures of them as well; nothing without `keep_cases`.
    source
        What the cases are, for the manifest and the model card.
    """

    preset: Preset = Preset.PAPER
    backbone: BackboneSpec = field(default_factory=BackboneSpec)
    segmentation_method: SegmentationMethod = DEFAULT_METHOD
    policy: ReadingPolicy = field(default_factory=ReadingPolicy)
    grid: Grid = field(default_factory=PolynomialGrid)
    class_weight: Literal["balanced"] | None = None
    folds: int = 5
    seed: int = 0
    skip_unusable: bool = False
    synthetic: bool = False
    robustness: bool = False
    keep_cases: bool = False
    keep_thumbnails: bool = False
    source: str = "unnamed cohort"


@dataclass(frozen=True, slots=True)
class Fit:
    """What a fit gives: features, evaluation, its statistics and the final classifiers, fitted on all usable cases.

    Attributes
    ----------
    reference
        The cohort's distributions, for the bundle.
    known_cases
        Its cases; none unless the settings keep them.
    trust
        Figures of both.
    """

    settings: FitSettings
    backbone: Backbone
    tables: FeatureTables
    evaluation: Evaluation
    scored: Scored
    analysis: Analysis
    classifiers: Estimators
    reference: CohortReference
    known_cases: KnownCases | None
    trust: Trust


def fit_models(
    cases: Sequence[Case],
    settings: FitSettings,
    console: Console | None = None,
    *,
    store: FeatureStore | None = None,
    relabel: Relabel | None = None,
    runner: Runner | None = None,
) -> Fit:
    """Extract features, evaluate by nested grouped cross validation, then fit on all cases.

    Parameters
    ----------
    console
        Where progress is shown; none: nowhere.
    store
        Where features are remembered from run to run; none: nowhere.
    relabel
        Gives the cases other labels once their pictures are known: a negative control; none: theirs are true.
    runner
        Extracts features and does the outer folds of the evaluation, elsewhere; none: here. Needs a store with a cache.

    Raises
    ------
    CohortError
        When a case is unusable and `skip_unusable` is false, or rows mark one place of one picture twice.
    BackboneError
        When the CNN or its weights are not to be had.
    ClassifierError
        When the cohort has one class only, or too few cases for the folds.
    """
    console = console or Console(quiet=True)
    check_splittable(cases, settings.folds, settings.seed)
    backbone = load_backbone(settings.preset.backbone(settings.backbone))
    with progress_bar(console, "features of both branches") as progress:
        tables = extract_everywhere(
            cases,
            backbone,
            settings.policy,
            settings.segmentation_method,
            marks=settings.preset.marks,
            store=store,
            skip_unusable=settings.skip_unusable,
            progress=progress,
            runner=runner,
        )
    check_rows(tables.cases, tables.pictures)
    if relabel is not None:
        tables = replace(tables, cases=relabel(tables.cases, tables.pictures))
    check_splittable(tables.cases, settings.folds, settings.seed, tables.pictures)
    grouping = group_cases(tables.cases, tables.pictures)
    labels, groups = _labels(tables.cases), grouping.numbers
    estimator = PolynomialSvm(
        settings.grid, inner_folds=settings.folds, seed=settings.seed, class_weight=settings.class_weight
    )
    candidates = settings.preset.candidates(backbone)
    # Threads for the fits of a search; the estimators themselves, which go into a bundle, ask for none.
    with parallel_config(backend="threading", n_jobs=os.cpu_count()):
        with progress_bar(console, "nested cross validation (fits)") as progress:
            evaluation = nested_cross_validation(
                {CNN: tables.cnn, LESION: tables.lesion},
                labels,
                groups,
                estimator,
                n_folds=settings.folds,
                seed=settings.seed,
                keep_models=settings.robustness,
                candidates={CNN: candidates},
                weighted=settings.preset.weighted,
                progress=progress,
                runner=runner,
                scratch=None if store is None or store.cache is None else store.cache.folder,
            )
        with progress_bar(console, "final fits on all cases") as progress:
            cnn = clone(estimator).set_params(candidates=candidates).fit(tables.cnn, labels, groups)
            progress(1, 2)
            lesion = clone(estimator).fit(tables.lesion, labels, groups)
            progress(2, 2)
    vote = _vote(cnn, lesion, labels == cnn.classes_[1], groups, weighted=settings.preset.weighted)
    scored = scored_by_cross_validation(tables.cases, tables.lesion, evaluation, grouping.joined)
    analysis = analyze(scored, settings.seed, evaluation)
    reference = cohort_reference(tables, scored, evaluation)
    moved = None
    if settings.robustness:
        models = fold_models(evaluation, backbone, settings.policy, settings.segmentation_method, settings.preset.marks)
        with progress_bar(console, "marks moved (lesions)") as progress:
            rows = sample_rows(scored.lesions, settings.seed)
            moved = move_marks(tables.cases, rows, evaluation.fold_of_row, models, progress=progress)
        reference = with_click_limit(reference, moved)
    known = (
        kept_cases(tables, scored, evaluation, settings.policy, thumbnails=settings.keep_thumbnails)
        if settings.keep_cases
        else None
    )
    return Fit(
        settings=settings,
        backbone=backbone,
        tables=tables,
        evaluation=evaluation,
        scored=scored,
        analysis=analysis,
        classifiers=Estimators(cnn, lesion, vote),
        reference=reference,
        known_cases=known,
        trust=trust_figures(scored, reference, lesion.freeze(), known, moved),
    )


def _vote(
    cnn: PolynomialSvm,
    lesion: PolynomialSvm,
    positive: NDArray[np.bool_],
    groups: NDArray[np.intp],
    *,
    weighted: bool,
) -> SoftVote:
    """Fit the soft vote to what the folds that both branches were searched on say of the rows that they held out."""
    held_out = [fold.test for fold in grouped_folds(positive, groups, cnn.inner_folds, cnn.seed)]
    p1, p2 = (svm.sigmoid_.probability(svm.out_of_fold_decisions_) for svm in (cnn, lesion))
    return fit_vote(p1, p2, positive, held_out, weighted=weighted)


def save_fit(fit: Fit, folder: Path, *, replace: bool = False) -> BundleManifest:
    """Write a fit as a bundle; the folder's name becomes the model's name.

    Raises
    ------
    CohortError
        What `training.fitting.bundle_place.check_bundle` raises, which is best asked before the fit.
    """
    check_bundle(folder, replace=replace)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    settings, analysis = fit.settings, fit.analysis
    backbone = backbone_facts(fit.backbone)
    cohort = cohort_facts(analysis, settings.source, synthetic=settings.synthetic)
    method = settings.segmentation_method
    chosen = MethodFacts(
        preset=settings.preset.value,
        lesion_marks=settings.preset.marks,
        cnn_part=fit.classifiers.cnn.candidate_,
        cnn_weight=fit.classifiers.ensemble.weight,
        svm="linear" if isinstance(settings.grid, LinearGrid) else "polynomial",
    )
    nothing_learnt = fit.classifiers.uninformative
    return write_bundle(
        folder,
        version_label=f"{version('mammo-cadx')}+{created[:10]}",
        created=created,
        intended_use=INTENDED_USE,
        notices=model_notices(backbone, cohort, nothing_learnt),
        backbone=fit.backbone,
        policy=settings.policy,
        segmentation_method=method,
        method=chosen,
        classifiers=fit.classifiers.freeze(),
        estimators=fit.classifiers,
        cohort=cohort,
        evaluation=evaluation_figures(analysis, fit.scored, settings.seed, nothing_learnt),
        reference=fit.reference,
        known_cases=fit.known_cases,
        model_card=model_card(
            folder.name, created, backbone, cohort, analysis, method.value, nothing_learnt, fit.trust, chosen
        ),
        cohort_digests=digest_cohort(fit.tables.cases, fit.tables.pictures),
        replace=replace,
    )


def _labels(cases: Sequence[Case]) -> NDArray[np.intp]:
    return np.array([case.label for case in cases], dtype=np.intp)
