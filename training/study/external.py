"""`cadx-train evaluate`: a test set through a frozen bundle, with the statistics of a study; nothing is refitted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.bundle import SYNTHETIC, Bundle, BundleManifest, ClassifierFigures, load_bundle
from cadx.errors import OneClassOnly
from training.analysis.analysis import analyze
from training.analysis.scored import Scored, scored_by_model
from training.cohort.cases import Case, read_manifest
from training.cohort.grouping import check_rows, group_cases
from training.cohort.leakage import find_overlap
from training.cohort.overlap_policy import OverlapPolicy
from training.cross_validation import Vector
from training.errors import TestSetOverlaps
from training.features.extraction import FeatureTables, extract_features
from training.features.store import FeatureStore
from training.outputs import check_folder
from training.progress import progress_bar
from training.report.study_record import Reference, Study, StudyKind, provenance, skipped
from training.study.output import STUDY, write_study

NOT_CHECKED = "overlap with the training cohort not checked: the bundle does not say whom it was fitted on."


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """The choices of an evaluation; everything else is the bundle's.

    Attributes
    ----------
    seed
        Of the bootstraps.
    synthetic
        Whether the test cases are phantoms.
    """

    overlap: OverlapPolicy = OverlapPolicy.REFUSE
    seed: int = 0
    skip_unusable: bool = False
    synthetic: bool = False


def evaluate_bundle(
    bundle_folder: Path,
    manifest: Path,
    folder: Path | None,
    settings: EvaluationSettings,
    console: Console,
    *,
    store: FeatureStore | None = None,
    title: str = "",
    replace: bool = False,
) -> Study:
    """Test a frozen bundle on cases that it has never seen.

    Parameters
    ----------
    folder
        Gets report, figures, ``study.json`` and ``probabilities.csv``; none: nothing is written.
    store
        Where features are remembered from run to run.
    replace
        Put the report in the place of that of an earlier study.

    Raises
    ------
    TestSetOverlaps
        When cases match the training cohort and the settings say to refuse.
    OneClassOnly
        When the test cases are all benign or all malignant.
    RowsContradict, RowsRepeated
        When rows mark one place of one picture twice.
    CadxError
        When the bundle, the manifest or a case cannot be used.
    """
    if folder is not None:
        check_folder(folder, STUDY, replace=replace)
    bundle = load_bundle(bundle_folder)
    cases = read_manifest(manifest)
    _check_both_classes(cases)
    with progress_bar(console, "features of both branches") as progress:
        tables = extract_features(
            cases,
            bundle.backbone,
            bundle.policy,
            bundle.segmentation_method,
            marks=bundle.marks,
            store=store,
            skip_unusable=settings.skip_unusable,
            progress=progress,
        )
    tables, notices = check_overlap(bundle.manifest, tables, settings.overlap)
    check_rows(tables.cases, tables.pictures)
    _check_both_classes(tables.cases)
    scored = score(bundle, tables)
    study = Study(
        title=title or f"External test of {bundle.manifest.name} on {manifest.parent.name}/{manifest.name}",
        kind=StudyKind.EXTERNAL_TEST,
        notices=_notices(bundle.manifest, notices, synthetic=settings.synthetic),
        analysis=analyze(scored, settings.seed),
        times=None,
        reference=references(bundle.manifest),
        layers=(),
        skipped=skipped(tables),
        provenance=provenance(
            manifest,
            {
                "overlap": settings.overlap.value,
                "seed": settings.seed,
                "skip_unusable": settings.skip_unusable,
                "segmentation_method": bundle.segmentation_method.value,
                "reading_policy": bundle.manifest.reading_policy,
            },
            bundle.manifest.backbone.model_dump(mode="json"),
            tables,
            {"name": bundle.manifest.name, "version": bundle.manifest.version, "digest": bundle.digest},
        ),
    )
    if folder is not None:
        write_study(folder, study, scored, bundle.policy, bundle.segmentation_method, console)
    return study


def check_overlap(
    manifest: BundleManifest, tables: FeatureTables, policy: OverlapPolicy
) -> tuple[FeatureTables, tuple[str, ...]]:
    """Hold test cases against the training cohort; return those to use, and what the report must say.

    What their images show is known from the extraction, so that no image is decoded for this alone.

    Raises
    ------
    TestSetOverlaps
        When some match and `policy` is to refuse, or all match and would be dropped.
    """
    if manifest.cohort_digests is None:
        return tables, (NOT_CHECKED,)
    found = find_overlap(manifest.cohort_digests, tables.cases, tables.pictures)
    rows = set(found.rows)
    if not rows:
        return tables, ()
    kept = [row for row in range(len(tables.cases)) if row not in rows]
    if policy is OverlapPolicy.REFUSE or (policy is OverlapPolicy.DROP and not kept):
        raise TestSetOverlaps(
            bundle=manifest.name,
            rows=len(rows),
            same_image=len(found.images),
            same_patient=len(found.patients),
            same_lesion=len(found.lesions),
        )
    if policy is OverlapPolicy.DROP:
        return tables.take(kept), (f"{len(rows)} test rows left out: they match cases that the bundle was fitted on.",)
    return tables, (
        f"{len(rows)} of {len(tables.cases)} test rows match cases that the bundle was fitted on (images "
        f"{len(found.images)}, patients {len(found.patients)}, lesions {len(found.lesions)}): the figures may be "
        "flattering.",
    )


def score(bundle: Bundle, tables: FeatureTables) -> Scored:
    """Give every row the bundle's three probabilities."""
    cnn = _malignant(bundle.classifiers.cnn.predict_proba(tables.cnn))
    lesion = _malignant(bundle.classifiers.lesion.predict_proba(tables.lesion))
    vote = np.array([bundle.classifiers.ensemble(a, b) for a, b in zip(cnn, lesion, strict=True)])
    calibrated = bundle.classifiers.ensemble.calibrated(vote)
    grouping = group_cases(tables.cases, tables.pictures)
    probabilities = {CNN: cnn, LESION: lesion, ENSEMBLE: vote}
    return scored_by_model(tables.cases, tables.lesion, probabilities, calibrated, grouping)


def references(manifest: BundleManifest) -> Mapping[str, Reference]:
    """Give what cross validation said of the bundle when it was fitted."""
    figures = manifest.evaluation
    return {
        name: _reference(found)
        for name, found in ((CNN, figures.cnn), (LESION, figures.lesion), (ENSEMBLE, figures.ensemble))
    }


def _reference(figures: ClassifierFigures) -> Reference:
    limits = figures.auc_interval
    return Reference(figures.auc_mean, None if limits is None else limits.low, None if limits is None else limits.high)


def _notices(manifest: BundleManifest, found: tuple[str, ...], *, synthetic: bool) -> tuple[str, ...]:
    phantoms = ("tested on synthetic phantoms: no number here says anything about patients.",) if synthetic else ()
    known = tuple(notice for notice in manifest.notices if notice != SYNTHETIC or not synthetic)
    return (*known, *phantoms, *found)


def _check_both_classes(cases: Sequence[Case]) -> None:
    labels = {case.label for case in cases}
    if len(labels) < 2:
        raise OneClassOnly(label=labels.pop().name.lower() if labels else "no", rows=len(cases))


def _malignant(probabilities: Vector) -> Vector:
    return np.asarray(probabilities[:, 1], dtype=np.float64)
