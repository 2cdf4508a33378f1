"""The parts of an answer on why it is what it is, over HTTP."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings

if TYPE_CHECKING:
    from tests.app.conftest import Sample

URL = "/v1/predictions"
EVERYTHING = ("explanation", "map", "similar", "reliability")
KEPT = Path(__file__).parents[2] / "data" / "bundles"


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a service whose model was written before there was any of this."""
    folder = tmp_path_factory.mktemp("old")
    (folder / "format-2").symlink_to(KEPT / "format-2")
    with TestClient(create_app(Settings(models_dir=folder, workers=1)), raise_server_exceptions=False) as opened:
        yield opened


def ask(client: TestClient, sample: "Sample", *parts: str, **query: Any) -> dict[str, Any]:
    response = client.post(URL, params={"include": parts, **query}, files=sample.files, data=sample.data)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_nothing_of_it_comes_unasked(client: TestClient, sample: "Sample") -> None:
    answer = client.post(URL, files=sample.files, data=sample.data).json()
    assert not {*EVERYTHING, "at_prevalence"} & answer.keys()


def test_everything_at_once_leaves_the_numbers_as_they_are(client: TestClient, sample: "Sample") -> None:
    plain, full = ask(client, sample), ask(client, sample, *EVERYTHING, "timings", prevalence=0.05)
    assert {*EVERYTHING, "at_prevalence"} <= full.keys()
    assert set(EVERYTHING) <= full["timings_ms"].keys()
    for name in ("id", "probability", "cnn_probability", "lesion_probability", "calibrated_probability", "flags"):
        assert plain[name] == full[name]


def test_explanation_adds_up(client: TestClient, sample: "Sample") -> None:
    found = ask(client, sample, "explanation")["explanation"]
    total = sum(item["contribution"] for item in found["features"])
    assert found["baseline"] + total == pytest.approx(found["decision_value"], rel=1e-9)
    assert sum(found["families"].values()) == pytest.approx(total, rel=1e-9)
    assert all(1 <= item["benign_percentile"] <= 99 for item in found["features"])
    assert found["sentence"]


def test_map_lies_on_the_region(client: TestClient, sample: "Sample") -> None:
    answer = ask(client, sample, "map")
    found, center, spacing = answer["map"], answer["region"]["center"], answer["image"]["spacing"]
    rows, columns = len(found["values"]), len(found["values"][0])
    assert found["kind"] == "class_activation"
    assert found["left"] + found["cell_width"] * columns / 2 == pytest.approx(center["x"])
    assert found["top"] + found["cell_height"] * rows / 2 == pytest.approx(center["y"])
    assert found["cell_width"] * columns * spacing["column_mm"] == pytest.approx(51.2, rel=0.006)
    total = sum(map(sum, found["values"]))
    assert found["baseline"] + total == pytest.approx(found["decision_value"], rel=1e-4)


def test_similar_cases_come_with_their_outcomes(client: TestClient, sample: "Sample") -> None:
    found = ask(client, sample, "similar")["similar"]
    assert len(found["cases"]) == found["benign"] + found["malignant"] == 10
    assert found["malignant"] == sum(case["outcome"] == "malignant" for case in found["cases"])
    picture = Image.open(io.BytesIO(base64.b64decode(found["cases"][0]["thumbnail_png"])))
    assert picture.size == (64, 64)


def test_reliability_says_when_not_to_believe(client: TestClient, sample: "Sample") -> None:
    answer = ask(client, sample, "reliability")
    found = answer["reliability"]
    p0, p1 = found["venn_abers"]
    assert 0 <= p0 <= p1 <= 1
    assert found["conformal_coverage"] == 0.95
    assert set(found["conformal_set"]) <= {"benign", "malignant"}
    assert found["difference"] == pytest.approx(answer["cnn_probability"] - answer["lesion_probability"])
    flagged = {flag["facts"]["branch"] for flag in answer["flags"] if flag["code"] == "unlike_cohort"}
    beyond = {branch for branch, item in found["novelty"].items() if item["distance"] > item["flagged_from"]}
    assert flagged == beyond


def test_prevalence_stands_beside_the_unadjusted(client: TestClient, sample: "Sample") -> None:
    answer = ask(client, sample, prevalence=0.05)
    moved, p = answer["at_prevalence"], answer["calibrated_probability"]
    share = moved["cohort_share"]
    odds = p / (1 - p) * (0.05 / 0.95) / (share / (1 - share))
    assert moved["calibrated_probability"] == pytest.approx(odds / (1 + odds))
    assert moved["prevalence"] == 0.05


@pytest.mark.parametrize("prevalence", [0, 1, -0.1, "half"])
def test_an_impossible_prevalence_is_refused(client: TestClient, sample: "Sample", prevalence: object) -> None:
    response = client.post(URL, params={"prevalence": prevalence}, files=sample.files, data=sample.data)  # type: ignore[dict-item]
    assert response.status_code == 422
    assert response.json()["code"] == "invalid_request"


def test_an_old_model_gives_what_needs_no_cohort(old: TestClient, sample: "Sample") -> None:
    answer = ask(old, sample, "explanation", "map", prevalence=0.05)
    assert "benign_percentile" not in answer["explanation"]["features"][0]
    assert answer["map"]["kind"] == "occlusion"
    assert answer["map"]["passes"] == 65
    assert answer["at_prevalence"]["prevalence"] == 0.05
    assert not {"branches_disagree", "unlike_cohort"} & {flag["code"] for flag in answer["flags"]}


@pytest.mark.parametrize("part", ["similar", "reliability"])
def test_an_old_model_says_what_it_cannot_give(old: TestClient, sample: "Sample", part: str) -> None:
    response = old.post(URL, params={"include": part}, files=sample.files, data=sample.data)
    assert response.status_code == 422
    problem = response.json()
    assert problem["code"] == "part_unavailable"
    assert problem["facts"]["part"] == part
    assert part not in old.get("/v1/models").json()["models"][0]["parts"]


def test_models_tell_their_parts(client: TestClient) -> None:
    assert set(EVERYTHING) <= set(client.get("/v1/models").json()["models"][0]["parts"])


def test_metrics_hold_the_cohort_beside_what_is_served(client: TestClient, sample: "Sample") -> None:
    ask(client, sample)
    text = client.get("/metrics").text
    assert 'cadx_cohort_share{bin="0",digest=' in text
    assert 'quantity="effective_diameter_mm"' in text
    assert "cadx_served_total{" in text
