"""The demonstration for real, only smaller: its own service, one request over HTTP."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from cadx.cnn import BackboneSpec
from training.demo import Demonstration, check_places, demonstrate


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("demonstration")
    backbone = BackboneSpec("squeezenet1_1", "features.12.cat", "random:0", "mean")
    output = io.StringIO()
    demonstrate(
        Demonstration(folder / "demo", folder / "models" / "demo", lesions=20, backbone=backbone),
        Console(file=output, width=200),
    )
    return output.getvalue(), folder


def test_it_prints_the_answer_that_came_over_http(printed: tuple[str, Path]) -> None:
    text, folder = printed
    answer = json.loads((folder / "demo" / "answer.json").read_text())
    assert answer["probability"] == pytest.approx(
        (answer["cnn_probability"] + answer["lesion_probability"]) / 2, abs=1e-12
    )
    assert str(answer["probability"]) in text
    assert answer["model"]["name"] == "demo"


def test_it_prints_the_cross_validated_aucs_of_the_saved_bundle(printed: tuple[str, Path]) -> None:
    text, folder = printed
    evaluation = json.loads((folder / "models" / "demo" / "bundle.json").read_text())["evaluation"]
    for name in ("cnn", "lesion", "ensemble"):
        assert f"{evaluation[name]['auc_mean']:.3f}" in text
        assert f"{evaluation[name]['auc_sd']:.3f}" in text


def test_it_says_what_its_numbers_are_worth_and_what_to_do_next(printed: tuple[str, Path]) -> None:
    text, _ = printed
    for words in (
        "not pretrained, demonstration only",
        "Research use only",
        "make serve",
        "YOUR.csv",
        "service stopped",
    ):
        assert words in text


def test_it_draws_a_picture(printed: tuple[str, Path]) -> None:
    with Image.open(printed[1] / "demo" / "prediction.png") as picture:
        grays = picture.convert("L").getextrema()
    assert grays == (0, 255)


def test_it_may_run_again(printed: tuple[str, Path]) -> None:
    _, folder = printed
    check_places(Demonstration(folder / "demo", folder / "models" / "demo"))
