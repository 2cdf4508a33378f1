"""`cadx-train finetune`: train a CNN on each outer training part, and give the held-out rows' probabilities."""

import csv
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import expit
from torch.nn import functional

from cadx.classify import grouped_folds
from cadx.cnn import BackboneSpec
from cadx.cnn.pytorch.engine import resolve_device
from cadx.mammogram import ReadingPolicy
from training.cohort.cases import Case
from training.cohort.grouping import group_cases
from training.features.extraction import read_roi
from training.finetuning.loop import Schedule, Trained, log_odds, train
from training.finetuning.network import build_classifier
from training.progress import ReportProgress, no_progress
from training.stats.inference.clustered import clustered_auc
from training.stats.roc.auc import AucEstimate

SIDE = 224
"""Pixels of the side that ImageNet's networks were trained at: 0.23 mm each."""
COLUMNS = ("image", "x", "y", "lesion_id", "fold", "malignant", "probability", "finished")


@dataclass(frozen=True, slots=True)
class FineTuning:
    """The choices of a run.

    Attributes
    ----------
    backbone
        Architecture and weights; random weights: from scratch.
    folds, seed
        Of the outer folds, those of a study with the same values.
    minutes
        For all folds together; what the clock stops is unfinished.
    first_folds
        Only so many of the outer folds; the others' rows have no probability. None: all.
    """

    backbone: BackboneSpec = field(default_factory=BackboneSpec)
    policy: ReadingPolicy = field(default_factory=ReadingPolicy)
    schedule: Schedule = field(default_factory=Schedule)
    folds: int = 5
    seed: int = 0
    device: str = "auto"
    minutes: float = math.inf
    first_folds: int | None = None


@dataclass(frozen=True, slots=True)
class FineTuned:
    """What a run came to.

    Attributes
    ----------
    probabilities
        (n,) of the network that had not seen the row; NaN where its fold was not reached.
    fold_of_row
        (n,) number of the outer fold.
    trained
        Fold by fold, as far as they were reached.
    auc
        Mean over the folds that were reached, clustered.
    """

    probabilities: NDArray[np.float64]
    fold_of_row: NDArray[np.intp]
    trained: tuple[Trained, ...]
    auc: AucEstimate
    device: str

    @property
    def finished(self) -> bool:
        """Whether every fold was trained until its inner loss had stopped falling."""
        return not np.isnan(self.probabilities).any() and all(one.finished for one in self.trained)


def finetune(
    cases: Sequence[Case],
    settings: FineTuning,
    *,
    progress: ReportProgress = no_progress,
    told: Callable[[int, Trained], None] | None = None,
) -> FineTuned:
    """Train and score fold after fold.

    Parameters
    ----------
    progress
        Told (ROIs read, ROIs in all).
    told
        Told each fold's number and what its training came to.
    """
    device = resolve_device(settings.device)
    images = _images(cases, settings.policy, progress).to(device)
    positive = np.array([bool(case.label) for case in cases], dtype=np.bool_)
    groups = group_cases(cases).numbers
    outer = grouped_folds(positive, groups, settings.folds, settings.seed)
    probabilities, fold_of_row = np.full(len(cases), np.nan), np.empty(len(cases), dtype=np.intp)
    for number, fold in enumerate(outer):
        fold_of_row[fold.test] = number
    trained: list[Trained] = []
    wanted = outer[: settings.first_folds]
    until = time.perf_counter() + 60 * settings.minutes
    for number, fold in enumerate(wanted):
        now = time.perf_counter()
        if now >= until:
            break
        network = build_classifier(settings.backbone, settings.seed).to(device)
        inner = grouped_folds(positive[fold.train], groups[fold.train], settings.folds, settings.seed)[0]
        split = type(inner)(fold.train[inner.train], fold.train[inner.test])
        share = now + (until - now) / (len(wanted) - number)
        found = train(network, images, positive, split, settings.schedule, seed=settings.seed, deadline=share)
        trained.append(found)
        probabilities[fold.test] = expit(log_odds(network, images, fold.test))
        if told is not None:
            told(number, found)
    known = ~np.isnan(probabilities)
    auc = clustered_auc(positive[known], probabilities[known], groups[known], strata=fold_of_row[known])
    return FineTuned(probabilities, fold_of_row, tuple(trained), auc, device)


def write_finetuned(cases: Sequence[Case], found: FineTuned, path: Path) -> None:
    """Write every row's probability, empty where its fold was not reached."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for case, fold, p in zip(cases, found.fold_of_row, found.probabilities, strict=True):
            done = fold < len(found.trained) and found.trained[fold].finished
            told = "" if math.isnan(p) else f"{p:.6f}"
            place = (case.image.name, case.center.x, case.center.y, case.lesion_id)
            writer.writerow((*place, int(fold), int(bool(case.label)), told, int(done)))


def _images(cases: Sequence[Case], policy: ReadingPolicy, progress: ReportProgress) -> torch.Tensor:
    """Give what a network is shown of each ROI: (n, 1, SIDE, SIDE), reduced without aliasing."""
    images = torch.empty((len(cases), 1, SIDE, SIDE))
    for row, case in enumerate(cases):
        gray = torch.from_numpy(np.ascontiguousarray(read_roi(case, policy).gray))
        images[row] = functional.interpolate(gray[None, None], SIDE, mode="bilinear", antialias=True)[0]
        progress(row + 1, len(cases))
    return images
