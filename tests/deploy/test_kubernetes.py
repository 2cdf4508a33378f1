import copy
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from fastapi.routing import APIRoute

from app.routes import health
from app.settings import Settings, read_settings, variable_name

Manifest = dict[str, Any]
OLDEST, NEWEST = "1.30", "1.37"


@pytest.fixture(scope="module")
def folder(repository: Path) -> Path:
    return repository / "deploy/kubernetes"


@pytest.fixture(scope="module")
def manifests(folder: Path) -> dict[str, Manifest]:
    """Every manifest by kind."""
    documents = [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("*.yaml"))]
    return {document["kind"]: document for document in documents if document["kind"] != "Kustomization"}


@pytest.fixture(scope="module")
def pod(manifests: dict[str, Manifest]) -> Manifest:
    spec: Manifest = manifests["Deployment"]["spec"]["template"]["spec"]
    return spec


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_follows_its_schema(manifests: dict[str, Manifest], version: str) -> None:
    assert len(manifests) == 9
    for manifest in manifests.values():
        kubernetes_validate.validate(manifest, version, strict=True)


def test_a_wrong_key_would_be_found(manifests: dict[str, Manifest]) -> None:
    wrong = copy.deepcopy(manifests["Deployment"])
    wrong["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, NEWEST, strict=True)


def test_kustomize_lists_every_file(folder: Path) -> None:
    listed = yaml.safe_load((folder / "kustomization.yaml").read_text())["resources"]
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.yaml") if path.name != "kustomization.yaml")


def test_everything_points_at_the_same_pods(manifests: dict[str, Manifest]) -> None:
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["Service"]["spec"]["selector"] == labels
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == labels
    target = manifests["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", manifests["Deployment"]["metadata"]["name"])
    assert "replicas" not in manifests["Deployment"]["spec"], "two owners of one number"


def test_an_eviction_leaves_a_replica(manifests: dict[str, Manifest]) -> None:
    least = manifests["HorizontalPodAutoscaler"]["spec"]["minReplicas"]
    assert manifests["PodDisruptionBudget"]["spec"]["minAvailable"] < least


def test_the_pod_meets_the_restricted_standard(pod: Manifest) -> None:
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False


def test_volumes_and_mounts_match_and_only_tmp_is_writable(pod: Manifest) -> None:
    mounts = pod["containers"][0]["volumeMounts"]
    assert {mount["name"] for mount in mounts} == {volume["name"] for volume in pod["volumes"]}
    assert [mount["mountPath"] for mount in mounts if not mount.get("readOnly")] == ["/tmp"]


def test_references_exist(manifests: dict[str, Manifest], pod: Manifest) -> None:
    (container,) = pod["containers"]
    assert container["envFrom"][0]["configMapRef"]["name"] == manifests["ConfigMap"]["metadata"]["name"]
    claims = [volume["persistentVolumeClaim"] for volume in pod["volumes"] if "persistentVolumeClaim" in volume]
    assert [claim["claimName"] for claim in claims] == [manifests["PersistentVolumeClaim"]["metadata"]["name"]]
    assert pod["serviceAccountName"] == manifests["ServiceAccount"]["metadata"]["name"]
    ports = {port["name"] for port in container["ports"]}
    assert {port["targetPort"] for port in manifests["Service"]["spec"]["ports"]} <= ports


def test_probes_ask_routes_that_the_service_has(pod: Manifest) -> None:
    (container,) = pod["containers"]
    asked = {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/healthz"}
    assert {probe: container[probe]["httpGet"]["path"] for probe in asked} == asked
    assert set(asked.values()) <= {route.path for route in health.router.routes if isinstance(route, APIRoute)}
    starting = container["startupProbe"]
    assert starting["periodSeconds"] * starting["failureThreshold"] >= 60


def test_settings_are_those_of_the_service_and_valid(
    manifests: dict[str, Manifest], pod: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = manifests["ConfigMap"]["data"] | {item["name"]: item["value"] for item in pod["containers"][0]["env"]}
    assert values.keys() <= {variable_name(field) for field in Settings.model_fields}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert pod["terminationGracePeriodSeconds"] > settings.drain_seconds + settings.shutdown_seconds
    limit_mb = 1024 * int(pod["containers"][0]["resources"]["limits"]["memory"].removesuffix("Gi"))
    assert limit_mb >= 900 + settings.upload_memory_mb, "models, torch-free runtime and uploads in hand"
