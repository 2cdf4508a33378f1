"""The examples of a Dask cluster: Kubernetes by schema, SLURM by the script of its jobs."""

import copy
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from training.cli import cli
from training.scheduling import dask_cluster
from training.scheduling.choice import Scheduler, parse_scheduler
from training.scheduling.dask_cluster import SLURM_SETTINGS, slurm_cluster

Manifest = dict[str, Any]


@pytest.fixture(scope="module")
def manifests(repository: Path) -> list[Manifest]:
    return list(yaml.safe_load_all((repository / "deploy/cluster/kubernetes.yaml").read_text()))


def pods(manifests: list[Manifest]) -> dict[str, Manifest]:
    """Pod templates by name."""
    return {
        manifest["metadata"]["name"]: manifest["spec"]["template"]
        for manifest in manifests
        if manifest["kind"] in {"Deployment", "Job"}
    }


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_every_manifest_follows_its_schema(manifests: list[Manifest], version: str) -> None:
    assert [manifest["kind"] for manifest in manifests] == [
        *("Namespace", "PersistentVolumeClaim", "Service", "Deployment", "Deployment", "Job", "NetworkPolicy"),
    ]
    for manifest in manifests:
        kubernetes_validate.validate(manifest, version, strict=True)
    wrong = copy.deepcopy(manifests[3])
    wrong["spec"]["replica"] = 2
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, version, strict=True)


def test_pods_are_restricted_and_only_they_reach_the_scheduler(manifests: list[Manifest]) -> None:
    (policy,) = [manifest for manifest in manifests if manifest["kind"] == "NetworkPolicy"]
    (allowed,) = policy["spec"]["ingress"]
    for name, template in pods(manifests).items():
        (container,) = template["spec"]["containers"]
        assert template["spec"]["securityContext"]["runAsNonRoot"] is True, name
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert template["spec"]["automountServiceAccountToken"] is False
        for labels in (policy["spec"]["podSelector"], allowed["from"][0]["podSelector"]):
            assert labels["matchLabels"].items() <= template["metadata"]["labels"].items()
        assert {mount["name"] for mount in container["volumeMounts"]} == {
            volume["name"] for volume in template["spec"]["volumes"]
        }


def test_the_commands_are_understood(manifests: list[Manifest]) -> None:
    commands = {name: template["spec"]["containers"][0]["command"] for name, template in pods(manifests).items()}
    for name in ("cadx-scheduler", "cadx-worker"):
        kind, *given = commands[name][3:]
        text = subprocess.run(
            [sys.executable, "-m", "dask", kind, "--help"], capture_output=True, text=True, check=True, timeout=60
        ).stdout
        for option in given:
            assert not option.startswith("--") or option in text
    program, command, *arguments = commands["cadx-score"]
    assert program == "cadx-train"
    group = get_command(cli)
    assert isinstance(group, TyperGroup)
    parsed = group.commands[command].make_context(command, arguments, resilient_parsing=False)
    assert parse_scheduler(parsed.params["scheduler"]).address == "tcp://cadx-scheduler:8786"


def test_the_settings_of_slurm_are_taken(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where its log folder is made
    settings = parse_scheduler(f"slurm:{repository}/deploy/cluster/slurm.toml").slurm
    assert settings is not None
    assert settings.pop("workers") > 0
    assert settings.keys() <= SLURM_SETTINGS
    script = slurm_cluster().job_cls("tcp://127.0.0.1:1", name="x", processes=1, **settings).job_script()
    for line in ("#SBATCH -p short", "#SBATCH -t 04:00:00", "#SBATCH --cpus-per-task=1", "--nthreads 1"):
        assert line in script


def test_jobs_of_slurm_run_without_the_profiler(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}

    class Cluster:
        def __init__(self, **settings: object) -> None:
            asked.update(settings)

        def scale(self, jobs: int) -> None:
            asked["jobs"] = jobs

    monkeypatch.setattr(dask_cluster, "slurm_cluster", lambda: Cluster)
    dask_cluster._cluster(Scheduler(slurm={"workers": 3, "job_script_prologue": ["module load python"]}))
    assert asked["jobs"] == 3
    assert asked["job_script_prologue"] == [dask_cluster.NO_PROFILER, "module load python"]
