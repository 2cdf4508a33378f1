"""Fine-tuning: nothing is learnt from held-out rows, training stops by the inner loss, and the clock is owned up to."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from cadx.classify import Split
from cadx.cnn import BackboneSpec
from cadx.cnn.pytorch.architectures import build_architecture
from cadx.errors import UnusableArchitecture
from training.cohort.cases import read_manifest
from training.finetuning.augmentation import augmented, turned
from training.finetuning.loop import Schedule, log_odds, train
from training.finetuning.network import build_classifier
from training.finetuning.run import COLUMNS, FineTuning, finetune, write_finetuned

SIDE = 32


class Tiny(nn.Module):
    """Log-odds by the mean gray: it can learn in a second what a bright square is."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        nn.init.zeros_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)

    def forward(self, gray: torch.Tensor) -> torch.Tensor:
        values: torch.Tensor = self.layer((gray.mean(dim=(2, 3)) - 0.35) * 20)
        return values.flatten()


def squares(n: int, seed: int) -> tuple[torch.Tensor, np.ndarray]:
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.5
    images = rng.normal(0.3, 0.05, size=(n, 1, SIDE, SIDE))
    images[positive, :, 8:24, 8:24] += 0.4
    return torch.from_numpy(images.clip(0, 1).astype(np.float32)), positive


def split(n: int, held_out: int) -> Split:
    return Split(np.arange(n - held_out), np.arange(n - held_out, n))


def test_it_learns_and_keeps_the_epoch_of_the_lowest_inner_loss() -> None:
    images, positive = squares(96, 0)
    network = Tiny()
    found = train(network, images, positive, split(96, 32), Schedule(0.1, epochs=12), seed=0)
    assert found.finished
    assert min(found.losses) < found.losses[0] < np.log(2)
    values = log_odds(network, images, np.arange(64, 96))
    truth = positive[64:]
    assert values[truth].min() > values[~truth].max()
    loss = np.mean(np.logaddexp(0, np.where(truth, -values, values)))
    assert loss == pytest.approx(min(found.losses), rel=1e-5)


def test_rows_outside_the_split_are_never_seen() -> None:
    images, positive = squares(64, 1)
    inside = Split(np.arange(32), np.arange(32, 48))
    changed, other = images.clone(), positive.copy()
    changed[48:], other[48:] = 1 - changed[48:], ~other[48:]
    weights = []
    for pictures, truth in ((images, positive), (changed, other)):
        network = Tiny()
        train(network, pictures, truth, inside, Schedule(0.1, epochs=2), seed=3)
        weights.append(network.layer.weight.item())
    assert weights[0] == weights[1]


def test_it_stops_when_the_inner_loss_has_stopped_falling() -> None:
    images, positive = squares(64, 2)
    wrong = Split(np.arange(48), np.arange(48, 64))
    opposite = positive.copy()
    opposite[48:] = ~opposite[48:]  # what helps the training rows harms the inner ones
    found = train(Tiny(), images, opposite, wrong, Schedule(0.1, epochs=30, patience=3), seed=0)
    assert found.finished
    assert len(found.losses) == found.best_epoch + 3 < 30


def test_what_the_clock_stops_is_unfinished() -> None:
    images, positive = squares(32, 3)
    found = train(Tiny(), images, positive, split(32, 8), Schedule(), seed=0, deadline=time.perf_counter())
    assert not found.finished
    assert found.losses == ()
    assert found.best_epoch == 0


def test_turns_are_the_eight_of_a_square_and_augmentation_is_modest() -> None:
    image = torch.arange(9.0).reshape(1, 3, 3)
    assert len({tuple(turned(image, turn).flatten().tolist()) for turn in range(8)}) == 8
    gray, _ = squares(8, 4)
    first, again = (augmented(gray, torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert first.shape == gray.shape
    assert first.min() >= 0
    assert first.max() <= 1
    assert (first.mean(dim=(1, 2, 3)) - gray.mean(dim=(1, 2, 3))).abs().max() < 0.12


@pytest.mark.parametrize("architecture", ["squeezenet1_1", "alexnet", "resnet18"])
def test_the_last_layer_is_replaced_and_may_be_negative(architecture: str) -> None:
    network = build_classifier(BackboneSpec(architecture, weights="random:0"), seed=1).eval()
    gray = torch.rand((4, 1, 256, 256), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        values = network(gray)
        assert values.shape == (4,)
        again = build_classifier(BackboneSpec(architecture, weights="random:0"), seed=1).eval()
        assert torch.equal(again(gray), values)
    if architecture == "squeezenet1_1":
        with torch.no_grad():
            network.network.get_parameter("classifier.1.bias").fill_(-5.0)
            assert network(gray).max() < 0


def test_a_network_of_another_kind_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from training.finetuning import network as module

    built = build_architecture("squeezenet1_1")
    monkeypatch.setattr(module, "build_architecture", lambda name: replace(built, network=nn.Sequential(nn.ReLU())))
    with pytest.raises(UnusableArchitecture, match="1000"):
        build_classifier(BackboneSpec("squeezenet1_1", weights="random:0"), seed=0)


def test_folds_are_those_of_a_study_and_what_was_not_reached_is_empty(phantom_manifest: Path, tmp_path: Path) -> None:
    cases = read_manifest(phantom_manifest)
    settings = FineTuning(
        BackboneSpec("squeezenet1_1", weights="random:0"),
        schedule=Schedule(epochs=1),
        folds=3,
        device="cpu",
        first_folds=1,
    )
    found = finetune(cases, settings)
    reached = ~np.isnan(found.probabilities)
    assert (found.fold_of_row[reached] == 0).all()
    assert reached.sum() == (found.fold_of_row == 0).sum() < len(cases)
    assert not found.finished
    lesions = [case.lesion_id for case in cases]
    assert all(len({found.fold_of_row[i] for i, one in enumerate(lesions) if one == lesion}) == 1 for lesion in lesions)
    write_finetuned(cases, found, tmp_path / "out.csv")
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == ",".join(COLUMNS)
    assert len(lines) == len(cases) + 1
