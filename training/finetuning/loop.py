"""Training one network on one fold's training part, with early stopping inside it."""

import copy
import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from cadx.classify import Split
from training.finetuning.augmentation import augmented, turned

BATCH = 16
WEIGHT_DECAY = 1e-4


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast a network is trained.

    Attributes
    ----------
    learning_rate
        Of AdamW; falls to nothing along half a cosine over the epochs.
    epochs
        At most.
    patience
        Epochs without a lower inner loss after which training stops.
    """

    learning_rate: float = 1e-4
    epochs: int = 30
    patience: int = 5


@dataclass(frozen=True, slots=True)
class Trained:
    """What training one fold came to.

    Attributes
    ----------
    losses
        Mean cross entropy of the inner held-out rows, as they lie, after each epoch; that of knowing nothing is log 2.
    finished
        Whether it stopped because the inner loss had stopped falling, or the epochs were over; else the clock did.
    """

    losses: tuple[float, ...]
    finished: bool
    seconds: float

    @property
    def best_epoch(self) -> int:
        """Epoch whose weights were kept, from 1; 0 where there was none."""
        return int(np.argmin(self.losses)) + 1 if self.losses else 0


def train(
    network: nn.Module,
    images: torch.Tensor,
    positive: NDArray[np.bool_],
    split: Split,
    schedule: Schedule,
    *,
    seed: int,
    deadline: float = math.inf,
) -> Trained:
    """Train on the split's training rows, and leave the weights of the epoch with the lowest loss on its test rows.

    Parameters
    ----------
    images
        (n, 1, side, side), on the device of the network.
    positive
        (n,) whether a row is malignant.
    split
        Both parts lie inside the training rows of an outer fold.
    seed
        Decides order and augmentation.
    deadline
        Of `time.perf_counter`; after the epoch that passes it training stops.
    """
    generator = torch.Generator().manual_seed(seed)
    truth = torch.from_numpy(positive.astype(np.float32)).to(images.device)
    optimizer = torch.optim.AdamW(network.parameters(), schedule.learning_rate, weight_decay=WEIGHT_DECAY)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, schedule.epochs)
    started, losses, best, finished = time.perf_counter(), [], copy.deepcopy(network.state_dict()), True
    for _ in range(schedule.epochs):
        if time.perf_counter() >= deadline:
            finished = False
            break
        _epoch(network, images, truth, torch.from_numpy(split.train), optimizer, generator)
        cosine.step()
        held_out = torch.from_numpy(log_odds(network, images, split.test, turns=1))
        loss = functional.binary_cross_entropy_with_logits(held_out, truth[split.test].cpu().double())
        losses.append(float(loss))
        if losses[-1] == min(losses):
            best = copy.deepcopy(network.state_dict())
        elif len(losses) - 1 - int(np.argmin(losses)) >= schedule.patience:
            break
    network.load_state_dict(best)
    return Trained(tuple(losses), finished, time.perf_counter() - started)


def log_odds(network: nn.Module, images: torch.Tensor, rows: NDArray[np.intp], turns: int = 8) -> NDArray[np.float64]:
    """Give the mean log-odds of rows over the first of the 8 turns and flips, (rows,)."""
    network.eval()
    found = np.empty(len(rows))
    with torch.inference_mode():
        for start in range(0, len(rows), BATCH):
            batch = images[torch.from_numpy(rows[start : start + BATCH])]
            values = torch.stack([network(turned(batch, turn)) for turn in range(turns)]).mean(dim=0)
            found[start : start + BATCH] = values.double().cpu().numpy()
    return found


def _epoch(
    network: nn.Module,
    images: torch.Tensor,
    truth: torch.Tensor,
    rows: torch.Tensor,
    optimizer: torch.optim.Optimizer,
    generator: torch.Generator,
) -> None:
    network.train()
    order = rows[torch.randperm(len(rows), generator=generator)]
    for batch in torch.split(order, BATCH):
        if len(batch) < 2:
            continue  # batch normalization has no variance of one
        optimizer.zero_grad()
        loss = functional.binary_cross_entropy_with_logits(network(augmented(images[batch], generator)), truth[batch])
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
