import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from app.settings import Settings, variable_name

Compose = dict[str, Any]


@pytest.fixture(scope="module")
def compose(repository: Path) -> Compose:
    content: Compose = yaml.safe_load((repository / "docker-compose.yml").read_text())
    return content


def schema_faults(*files: Path) -> int:
    """Run check-jsonschema in this process: its start costs more than its work."""
    outcome = CliRunner().invoke(check_jsonschema, ["--builtin-schema", "vendor.compose-spec", *map(str, files)])
    return outcome.exit_code


def test_the_files_follow_the_compose_specification(repository: Path) -> None:
    assert schema_faults(repository / "docker-compose.yml", *(repository / "deploy/compose").glob("*.yml")) == 0


def test_a_wrong_key_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text("services:\n  cadx:\n    image: x\n    read_onyl: true\n")
    assert schema_faults(tmp_path / "wrong.yml") == 1


def test_the_service_is_locked_down(compose: Compose) -> None:
    service = compose["services"]["cadx"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"]
    assert all(volume.endswith(":ro") for volume in service["volumes"])
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "user"} & service.keys()


def test_nothing_is_published_beyond_loopback_by_default(compose: Compose) -> None:
    for name, service in compose["services"].items():
        for port in service["ports"]:
            published = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", port)
            assert published.startswith("127.0.0.1:"), name


def test_the_host_network_override_listens_on_loopback(repository: Path) -> None:
    override = yaml.safe_load((repository / "deploy/compose/host-network.yml").read_text())
    assert override["services"]["cadx"]["environment"]["CADX_HOST"] == "127.0.0.1"


def test_every_setting_passed_on_is_one_of_the_service(compose: Compose) -> None:
    known = {variable_name(field) for field in Settings.model_fields}
    assert set(compose["services"]["cadx"]["environment"]) <= known


def test_the_health_check_is_that_of_the_image(compose: Compose, repository: Path) -> None:
    command = ", ".join(f'"{word}"' for word in compose["services"]["cadx"]["healthcheck"]["test"][1:])
    assert f"CMD [{command}]" in (repository / "Dockerfile").read_text()


def test_requests_in_hand_are_answered_before_the_end(compose: Compose) -> None:
    fields = Settings.model_fields
    needed = fields["drain_seconds"].default + fields["shutdown_seconds"].default
    assert int(compose["services"]["cadx"]["stop_grace_period"].removesuffix("s")) > needed


def test_monitoring_starts_only_when_asked_for(compose: Compose, repository: Path) -> None:
    assert "profiles" not in compose["services"]["cadx"]
    for name in ("prometheus", "grafana"):
        service = compose["services"][name]
        assert service["profiles"] == ["monitoring"]
        assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", service["image"])
        for volume in service["volumes"]:
            if volume.startswith("./"):
                assert (repository / volume.split(":")[0]).is_dir()
                assert volume.endswith(":ro")
