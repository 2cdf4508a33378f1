"""A typed client, generated from the OpenAPI document alone, used as an integrator would."""

import importlib
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import httpx
import pydicom
import pytest

from tests.conftest import Orthanc

if TYPE_CHECKING:
    from tests.app.conftest import LiveServer, Sample

# The generator knows files as octet streams and JSON by the name application/json only.
CONFIG = {
    "project_name_override": "cadx-client",
    "package_name_override": "cadx_generated_client",
    "post_hooks": [],
    "content_type_overrides": {
        "application/dicom": "application/octet-stream",
        "image/png": "application/octet-stream",
        "image/tiff": "application/octet-stream",
        "image/x-portable-graymap": "application/octet-stream",
        "application/fhir+json": "application/json",
        "application/problem+json": "application/json",
    },
}


@pytest.fixture(scope="module")
def generated(live_server: "LiveServer", tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "openapi.json").write_text(httpx.get(f"{live_server.url}/openapi.json").text)
    command = [
        *(sys.executable, "-m", "openapi_python_client", "generate", "--path", "openapi.json"),
        *("--config", "config.json", "--meta", "none", "--output-path", "cadx_generated_client", "--fail-on-warning"),
    ]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("cadx_generated_client")
    finally:
        sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def typed_client(generated: ModuleType, live_server: "LiveServer") -> Iterator[Any]:
    with generated.Client(base_url=live_server.url, timeout=httpx.Timeout(30)) as client:
        yield client


@pytest.fixture(scope="module")
def pacs_client(
    generated: ModuleType,
    orthanc: Orthanc,
    bundle_folder: Path,
    start_server: "Callable[..., AbstractContextManager[LiveServer]]",
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Any]:
    path = tmp_path_factory.mktemp("pacs") / "pacs.toml"
    path.write_text(orthanc.toml(), encoding="utf-8")
    with (
        start_server(CADX_MODELS_DIR=str(bundle_folder.parent), CADX_PACS_FILE=str(path)) as server,
        generated.Client(base_url=server.url, timeout=httpx.Timeout(30)) as client,
    ):
        yield client


def load(path: str) -> Any:
    return importlib.import_module(f"cadx_generated_client.{path}")


def test_the_client_gets_typed_answers(typed_client: Any, sample: "Sample") -> None:
    models, types, predict = load("models"), load("types"), load("api.predictions.predict")
    file = types.File(payload=io.BytesIO(sample.content), file_name="a.dcm")
    body = models.LesionForm(image=file, x=sample.x, y=sample.y)
    answer = predict.sync(client=typed_client, body=body, include=[models.Part.FEATURES, models.Part.CONTOUR])
    assert isinstance(answer, models.Prediction)
    assert answer.probability == pytest.approx((answer.cnn_probability + answer.lesion_probability) / 2, abs=1e-12)
    assert answer.features[0].unit == "mm2"
    assert isinstance(answer.contour[0][0], float)
    assert isinstance(answer.timings_ms, types.Unset)

    bare = predict.sync(
        client=typed_client,
        body=types.File(payload=io.BytesIO(sample.content), mime_type="application/dicom"),
        x=sample.x,
        y=sample.y,
    )
    assert bare.id == answer.id


def test_the_client_gets_typed_refusals(typed_client: Any, sample: "Sample") -> None:
    models, types, predict = load("models"), load("types"), load("api.predictions.predict")
    file = types.File(payload=io.BytesIO(sample.content), file_name="a.dcm")
    refused = predict.sync(client=typed_client, body=models.LesionForm(image=file, x=1e5, y=1.0))
    assert isinstance(refused, models.Problem)
    assert refused.code == "center_outside_image"
    assert refused.facts["x"] == 1e5


def test_the_client_sends_lists_and_reads_models(typed_client: Any, sample: "Sample") -> None:
    models, types = load("models"), load("types")

    def file() -> Any:
        return types.File(payload=io.BytesIO(sample.content), file_name="a.dcm")

    lesions = load("api.predictions.predict_lesions").sync(
        client=typed_client, body=models.LesionsForm(image=file(), x=[sample.x, 300.0], y=[sample.y, 400.0])
    )
    assert [prediction.center.x for prediction in lesions.predictions] == [sample.x, 300.0]
    views = load("api.predictions.predict_views").sync(
        client=typed_client, body=models.ViewsForm(image=[file(), file()], x=[sample.x] * 2, y=[sample.y] * 2)
    )
    assert views.probability == pytest.approx(lesions.predictions[0].probability)
    listed = load("api.models.list_models").sync(client=typed_client)
    assert [model.name for model in listed.models] == ["small"]
    assert load("api.models.get_model").sync("small", client=typed_client).digest == listed.models[0].digest
    assert load("api.health.get_readiness").sync(client=typed_client).status == "ready"


def test_the_client_names_images_and_gets_documents(
    typed_client: Any, sample: "Sample", orthanc: Orthanc, pacs_client: Any
) -> None:
    models, types = load("models"), load("types")
    file = types.File(payload=io.BytesIO(sample.content), file_name="a.dcm")
    kept = load("api.images.keep_image").sync(client=pacs_client, body=models.ImageForm(image=file))
    predict = load("api.predictions.predict")
    lesion = models.LesionOnKeptImage(image_id=kept.image_id, x=sample.x, y=sample.y)
    answer = predict.sync(client=pacs_client, body=lesion)
    assert isinstance(answer, models.Prediction)

    orthanc.upload(sample.content)
    dataset = pydicom.dcmread(io.BytesIO(sample.content), stop_before_pixels=True)
    image = models.DicomwebImage(
        pacs="archive",
        study=str(dataset.StudyInstanceUID),
        series=str(dataset.SeriesInstanceUID),
        instance=str(dataset.SOPInstanceUID),
    )
    in_pacs = models.LesionInPacs(dicomweb=image, x=sample.x, y=sample.y)
    stored = predict.sync(client=pacs_client, body=in_pacs, store=[models.StoredKind.SR, models.StoredKind.SEG])
    assert stored.probability == answer.probability
    assert {each.state for each in stored.stored} <= {"stored", "already_stored"}
    views = load("api.predictions.predict_views").sync(
        client=pacs_client, body=models.ViewsReference(views=[in_pacs, lesion])
    )
    assert views.probability == answer.probability
    report = load("api.predictions.predict_sr").sync(client=pacs_client, body=in_pacs)
    assert pydicom.dcmread(report.payload).Modality == "SR"
    bundle = load("api.predictions.predict_fhir").sync(client=pacs_client, body=in_pacs)
    assert bundle["resourceType"] == "Bundle"
    listed = load("api.pacs.list_pacs").sync(client=pacs_client)
    assert [(pacs.name, pacs.answers) for pacs in listed.pacs] == [("archive", True)]
