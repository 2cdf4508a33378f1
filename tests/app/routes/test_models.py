import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.testclient import TestClient

from app.auth.api_keys import Right, new_key

if TYPE_CHECKING:
    from tests.app.conftest import Sample


def test_a_model_tells_what_it_is(client: TestClient) -> None:
    (model,) = client.get("/v1/models").json()["models"]
    assert model == client.get("/v1/models/small").json()
    assert model["name"] == "small"
    assert model["default"] is True
    assert model["demonstration_only"] is True
    assert model["cohort"]["synthetic"] is True
    assert 0 <= model["evaluation"]["ensemble"]["auc_mean"] <= 1
    assert model["intended_use"]
    assert "1.2.840.10008.1.2.1" in model["readable"]["transfer_syntaxes"]
    assert {"size", "shape", "intensity", "margin", "texture"} == {item["family"] for item in model["features"]}


def test_a_model_tells_its_way_and_what_its_figures_rest_on(client: TestClient, sample: "Sample") -> None:
    model = client.get("/v1/models/small").json()
    method = model["method"]
    assert (method["preset"], method["cnn_part"], method["cnn_weight"]) == ("paper", "all", 0.5)
    assert method["svm"] == "polynomial"
    for told in ("squeezenet1_1, not AlexNet", "dual_stage, not by region growing"):
        assert any(told in sentence for sentence in method["differs_from_paper"])
    assert f"AUC A {model['evaluation']['cnn']['auc_mean']:.3f}" in model["evidence"]
    assert "12 phantom lesions" in model["evidence"]
    answer = client.post("/v1/predictions", files=sample.files, data=sample.data).json()
    assert answer["method"] == method


def test_unknown_model(client: TestClient) -> None:
    response = client.get("/v1/models/none")
    assert (response.status_code, response.json()["code"]) == (404, "model_unknown")


def test_keys_guard_everything_under_v1(make_client: Callable[..., TestClient], sample: "Sample") -> None:
    key, entry = new_key("reader")
    client = make_client(api_keys=(entry,), rate_per_minute=1, rate_burst=3)
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"):
        assert client.get(path).status_code == 200
    for response in (
        client.get("/v1/models"),
        client.get("/v1/models/small"),
        client.post("/v1/admin/reload"),
        client.post("/v1/predictions", files=sample.files, data=sample.data),
        client.post("/v1/predictions/lesions", files=sample.files, data=sample.data),
        client.post("/v1/predictions/views", files=sample.files, data=sample.data),
    ):
        assert (response.status_code, response.json()["code"]) == (401, "key_missing")
        assert "www-authenticate" in response.headers
    wrong = client.get("/v1/models", headers={"X-API-Key": "wrong"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "key_unknown")
    right = {"X-API-Key": key}
    assert client.post("/v1/admin/reload", headers=right).status_code == 403
    assert client.post("/v1/predictions", files=sample.files, data=sample.data, headers=right).status_code == 200
    assert [client.get("/v1/models", headers=right).status_code for _ in range(3)] == [200, 200, 429]
    limited = client.get("/v1/models", headers=right)
    assert limited.json()["code"] == "rate_exceeded"
    assert 1 <= int(limited.headers["retry-after"]) <= 60


def test_an_administrator_reloads(make_client: Callable[..., TestClient], tmp_path: Path, bundle_folder: Path) -> None:
    shutil.copytree(bundle_folder, tmp_path / "small")
    key, entry = new_key("boss", [Right.ADMIN])
    client = make_client(models_dir=tmp_path, api_keys=(entry,))
    headers = {"X-API-Key": key}
    assert client.post("/v1/admin/reload", headers=headers).json()["models"][0]["outcome"] == "unchanged"
    path = tmp_path / "small" / "bundle.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "version": "2"}))
    assert client.post("/v1/admin/reload", headers=headers).json()["models"][0]["outcome"] == "replaced"
    assert client.get("/v1/models/small", headers=headers).json()["version"] == "2"
    path.write_text("garbage")
    (refused,) = client.post("/v1/admin/reload", headers=headers).json()["models"]
    assert (refused["outcome"], refused["code"]) == ("refused", "bundle_manifest_invalid")
    assert client.get("/v1/models/small", headers=headers).json()["version"] == "2"
    assert 'cadx_reloads_total{outcome="refused"} 1.0' in client.get("/metrics").text
