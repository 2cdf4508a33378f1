"""Which layer of the CNN to take features from: the AUC of an SVM on each (Huynh 2016, section 3.1 and figure 3)."""

import time
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from cadx.classify import GridPoint, PolynomialGrid, Split, grouped_folds
from cadx.classify.auc import empirical_auc, empirical_aucs
from cadx.classify.gram import varying_columns
from cadx.classify.platt import CHANCE, calibrate
from cadx.classify.search import Search, fit_svc
from cadx.cnn import Backbone
from cadx.errors import NoVaryingFeature
from cadx.mammogram import ReadingPolicy
from training.cohort.cases import Case
from training.cohort.grouping import Picture, check_rows, group_cases
from training.cohort.splittable import check_splittable
from training.errors import CaseUnusable, FeatureCacheUnusable
from training.features.extraction import ExtractedCase, Extraction, usable_rows
from training.features.spreading import spread_extraction, task_of
from training.features.store import FeatureStore
from training.layers.grams import FoldGram, FoldRows, fold_grams
from training.progress import ReportProgress, no_progress
from training.scheduling import Runner

SEARCH_THREADS = 2


@dataclass(frozen=True, slots=True)
class LayerResult:
    """How well one layer separates benign from malignant.

    Attributes
    ----------
    layer
        Its name.
    length
        Values a ROI.
    varying_length
        Values that are not the same for all ROIs: what is left after zero-variance removal.
    fold_aucs
        AUC of each fold of the cross validation by lesion.
    seconds
        Wall time of search and evaluation.
    """

    layer: str
    length: int
    varying_length: int
    fold_aucs: tuple[float, ...]
    seconds: float

    @property
    def auc(self) -> float:
        """Mean of the fold AUCs."""
        return float(np.mean(self.fold_aucs))

    @property
    def auc_sd(self) -> float:
        """Sample standard deviation (n - 1) of the fold AUCs."""
        return float(np.std(self.fold_aucs, ddof=1))

    @property
    def standard_error(self) -> float:
        """The paper's error bar: SD / sqrt(folds)."""
        return self.auc_sd / float(np.sqrt(len(self.fold_aucs)))


@dataclass(frozen=True, slots=True)
class LayerComparison:
    """The layers of one backbone on one cohort.

    Attributes
    ----------
    results
        By layer, in the order of a forward pass.
    cases
        The usable cases.
    skipped
        Cases left out, with their reasons.
    extraction_seconds
        Wall time of reading all ROIs and passing them once through the network.
    extracted
        Cases that had to be computed; the others came from the cache.
    """

    results: tuple[LayerResult, ...]
    cases: tuple[Case, ...]
    skipped: tuple[CaseUnusable, ...]
    extraction_seconds: float
    extracted: int

    @property
    def best(self) -> LayerResult:
        """The layer with the highest mean AUC."""
        return max(self.results, key=lambda result: result.auc)


@dataclass(frozen=True, slots=True)
class LayerStudy:
    """The choices of a comparison; the defaults are the paper's.

    Attributes
    ----------
    folds
        Of the outer and of the inner cross validation.
    seed
        Decides the folds.
    grid
        What the search tries in each outer fold; inside its training rows only.
    """

    folds: int = 5
    seed: int = 0
    grid: PolynomialGrid = field(default_factory=PolynomialGrid)

    def fold_aucs(
        self, X: NDArray[np.float32], positive: NDArray[np.bool_], groups: NDArray[np.intp], folds: Sequence[Split]
    ) -> tuple[float, ...]:
        """Give the AUC of each outer fold, searching the SVM's parameters inside its training rows.

        The decision values are those of `PolynomialSvm`, whose calibration keeps their order, or makes all equal where
        it finds that nothing was learnt: the fold's AUC is then 1/2, as in a study. Its support vectors are left out:
        those of 250,000 columns would fill the memory that the whole comparison may take.
        """
        points = tuple(self.grid.points())
        inner = [grouped_folds(positive[fold.train], groups[fold.train], self.folds, self.seed) for fold in folds]
        every = np.arange(len(X))
        wanted = [FoldRows(every, fold.train) for fold in folds]
        wanted += [
            FoldRows(fold.train, fold.train[split.train])
            for fold, splits in zip(folds, inner, strict=True)
            for split in splits
        ]
        grams = fold_grams(X, wanted)
        for rows, gram in zip(wanted, grams, strict=True):
            if gram.n_features == 0:
                raise NoVaryingFeature(rows=len(rows.training), columns=X.shape[1])
        aucs = []
        for k, fold in enumerate(folds):
            first = len(folds) + k * self.folds
            winner, informative = _search(grams[first : first + self.folds], positive[fold.train], inner[k], points)
            if not informative:
                aucs.append(CHANCE)
                continue
            decisions, _ = _decisions(grams[k], positive, fold, [winner])
            aucs.append(empirical_auc(decisions[0], positive[fold.test]))
        return tuple(aucs)


def _search(
    grams: Sequence[FoldGram], positive: NDArray[np.bool_], folds: Sequence[Split], points: Sequence[GridPoint]
) -> tuple[GridPoint, bool]:
    """Give the grid point that `PolynomialSvm` would choose, and whether its probabilities would say anything."""
    with ThreadPoolExecutor(SEARCH_THREADS) as pool, threadpool_limits(1, user_api="blas"):
        outcomes = list(pool.map(lambda gram, fold: _decisions(gram, positive, fold, points), grams, folds))
    decisions = np.empty((len(points), len(positive)))
    aucs = np.empty((len(points), len(folds)))
    for k, (fold, (values, _)) in enumerate(zip(folds, outcomes, strict=True)):
        decisions[:, fold.test] = values
        aucs[:, k] = empirical_aucs(values, positive[fold.test])
    converged = np.all([status for _, status in outcomes], axis=0)
    winner = Search(tuple(points), aucs, decisions, converged).winner
    return points[winner], calibrate(decisions[winner], positive, [fold.test for fold in folds]).informative


def _decisions(
    gram: FoldGram, positive: NDArray[np.bool_], fold: Split, points: Sequence[GridPoint]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Give decision values of the test rows, (points, test rows), and which points converged."""
    inside, across = gram.gram[np.ix_(fold.train, fold.train)], gram.gram[np.ix_(fold.test, fold.train)]
    decisions = np.empty((len(points), len(fold.test)))
    converged = np.empty(len(points), dtype=np.bool_)
    for i, point in enumerate(points):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            solution = fit_svc(point.kernel(inside, gram.n_features), positive[fold.train], point.C, None)
        decisions[i] = solution.decisions(point.kernel(across[:, solution.support], gram.n_features))
        converged[i] = solution.converged
    return decisions, converged


def compare_layers(
    cases: Sequence[Case],
    backbone: Backbone,
    policy: ReadingPolicy,
    study: LayerStudy,
    store: FeatureStore,
    *,
    skip_unusable: bool = False,
    extracting: ReportProgress = no_progress,
    evaluating: ReportProgress = no_progress,
    runner: Runner | None = None,
) -> LayerComparison:
    """Extract all layers in one pass a ROI, then evaluate layer by layer.

    The features pass through the store's cache, so that one layer's matrix at a time is in memory.

    Parameters
    ----------
    cases
        The cohort.
    backbone
        Loaded with the layers to be compared.
    policy
        How intensities are read.
    study
        Folds and grid.
    store
        Must have a cache.
    skip_unusable
        Leave refused cases out, instead of stopping at the first.
    extracting, evaluating
        Told (cases done, cases in all), (layers done, layers in all).
    runner
        Reads the ROIs and passes them through the network elsewhere; none: here.

    Raises
    ------
    ClassifierError
        When the cohort has one class only, or too few cases for the folds.
    CaseUnusable
        When a case is refused and `skip_unusable` is false.
    RowsContradict, RowsRepeated
        When rows mark one place of one picture twice.
    FeatureCacheUnusable
        When the disk is full, or an entry is lost between extraction and evaluation.
    """
    check_splittable(cases, study.folds, study.seed)
    started = time.perf_counter()
    dead: tuple[CaseUnusable, ...] = ()
    elsewhere = 0
    if runner is not None:
        cases, dead, elsewhere = spread_extraction(cases, task_of(backbone, policy, None, store), runner, extracting)
        if dead and not skip_unusable:
            raise dead[0]
    rows = _without_features(Extraction(backbone, policy, None, store).rows(cases))
    extracted, skipped = usable_rows(rows, len(cases), skip_unusable=skip_unusable, progress=extracting)
    seconds = time.perf_counter() - started
    usable = tuple(item.case for item in extracted)
    pictures = tuple(item.reading.picture for item in extracted)
    check_rows(usable, pictures)
    check_splittable(usable, study.folds, study.seed, pictures)
    positive, groups, folds = _grouped(usable, study, pictures)
    results = []
    for done, (layer, length) in enumerate(backbone.feature_counts.items(), start=1):
        started = time.perf_counter()
        X = layer_matrix(store, [item.reading.roi_digest for item in extracted], backbone, layer)
        aucs = study.fold_aucs(X, positive, groups, folds)
        varying = int(np.count_nonzero(varying_columns(X)))
        results.append(LayerResult(layer, length, varying, aucs, time.perf_counter() - started))
        evaluating(done, len(backbone.feature_counts))
    computed = elsewhere + sum(item.computed for item in extracted)
    return LayerComparison(tuple(results), usable, (*dead, *skipped), seconds, computed)


def layer_matrix(
    store: FeatureStore, roi_digests: Sequence[str], backbone: Backbone, layer: str
) -> NDArray[np.float32]:
    """Gather one layer's features of many ROIs from the store, (n, d).

    Raises
    ------
    FeatureCacheUnusable
        When one of them is not there.
    """
    X = np.empty((len(roi_digests), backbone.feature_counts[layer]), dtype=np.float32)
    for i, digest in enumerate(roi_digests):
        row = store.cnn_layer(digest, backbone, layer)
        if row is None:
            folder = "" if store.cache is None else str(store.cache.folder)
            raise FeatureCacheUnusable(folder, f"an entry of {layer} was lost while it was needed")
        X[i] = row
    return X


def _without_features(rows: Iterator[ExtractedCase | CaseUnusable]) -> Iterator[ExtractedCase | CaseUnusable]:
    """Let go of what the cache holds."""
    for item in rows:
        yield replace(item, cnn={}) if isinstance(item, ExtractedCase) else item


def _grouped(
    cases: Sequence[Case], study: LayerStudy, pictures: Sequence[Picture]
) -> tuple[NDArray[np.bool_], NDArray[np.intp], Sequence[Split]]:
    positive = np.array([bool(case.label) for case in cases], dtype=np.bool_)
    groups = group_cases(cases, pictures).numbers
    labels = [case.label.name.lower() for case in cases]
    return positive, groups, grouped_folds(labels, groups, study.folds, study.seed)
