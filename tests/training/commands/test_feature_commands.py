"""`cadx-train layers` and `cadx-train features`, from the command line to their files."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from cadx.errors import WeightsMissing
from cadx.lesion import FEATURES
from training.cli import cli
from training.cohort.cases import read_manifest
from training.errors import FeatureTableFormatUnknown
from training.features.extraction import FeatureTables
from training.features.table import feature_frame

SMALL = ["--backbone", "squeezenet1_1", "--weights", "random:0", "--pooling", "mean"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_layers_writes_table_and_pictures(phantom_manifest: Path, tmp_path: Path, cache: Path) -> None:
    chosen = ["--layer", "features.3.cat", "--layer", "features.12.cat", "--folds", 3, "--synthetic"]
    done = run("layers", phantom_manifest, "--out", tmp_path, "--cache", cache, *SMALL, *chosen)
    assert done.exit_code == 0, done.output
    assert "phantoms, never clinical evidence; CNN not pretrained, demonstration only" in done.output.replace("\n", " ")
    with (tmp_path / "layers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["layer"], row["length"]) for row in rows] == [("features.3.cat", "128"), ("features.12.cat", "512")]
    for row in rows:
        aucs = [float(auc) for auc in row["fold_aucs"].split()]
        assert float(row["auc"]) == pytest.approx(np.mean(aucs), abs=1e-5)
        assert float(row["standard_error"]) == pytest.approx(np.std(aucs, ddof=1) / np.sqrt(3), abs=1e-5)
        assert float(row["seconds"]) > 0
    assert (tmp_path / "layers.png").stat().st_size > 5_000
    assert (tmp_path / "roi-through-layers.png").stat().st_size > 5_000


def test_features_in_both_formats_hold_the_same_numbers(phantom_manifest: Path, tmp_path: Path, cache: Path) -> None:
    chosen = ["--layer", "features.12.cat", "--cache", cache, *SMALL]
    for name in ("table.parquet", "table.csv"):
        done = run("features", phantom_manifest, "--out", tmp_path / name, *chosen)
        assert done.exit_code == 0, done.output
        assert "demonstration only" in done.output
    assert "0 cases extracted now" in done.output
    parquet, text = pd.read_parquet(tmp_path / "table.parquet"), pd.read_csv(tmp_path / "table.csv")
    assert list(parquet.columns) == list(text.columns)
    lesion = [f"lesion_{feature.name}" for feature in FEATURES]
    cnn = [f"cnn_{number:04d}" for number in range(512)]
    assert list(parquet.columns[7:]) == lesion + cnn
    assert np.array_equal(parquet[lesion].to_numpy(), text[lesion].to_numpy())
    assert np.array_equal(parquet[cnn].to_numpy(), text[cnn].to_numpy(dtype=np.float32))
    assert "not pretrained" in parquet.attrs["weights"]
    assert set(parquet["label"]) == {"benign", "malignant"}


def test_one_table_alone(phantom_manifest: Path) -> None:
    case = read_manifest(phantom_manifest)[0]
    cnn, lesion = np.ones((1, 12), np.float32), np.ones((1, len(FEATURES)))
    tables = FeatureTables((case,), cnn, lesion, (), 0.0, 0.0, 1)
    assert list(feature_frame(tables, cnn=True, lesion=False).columns[7:9]) == ["cnn_0000", "cnn_0001"]
    assert len(feature_frame(tables, cnn=False, lesion=True).columns) == 7 + len(FEATURES)


def test_unknown_format_and_missing_weights_are_refused_first(phantom_manifest: Path, tmp_path: Path) -> None:
    done = run("features", phantom_manifest, "--out", tmp_path / "table.xlsx")
    assert isinstance(done.exception, FeatureTableFormatUnknown)
    done = run("layers", phantom_manifest, "--out", tmp_path, "--weights", tmp_path / "none.pth")
    assert isinstance(done.exception, WeightsMissing)
