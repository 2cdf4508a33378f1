import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
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
        for port in service.get("ports", ()):
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


DEMONSTRATION = ("demo-logins", "orthanc", "demo-study", "cadx-pacs", "ohif")


def test_a_pacs_and_a_viewer_start_only_when_asked_for_and_are_locked_down(compose: Compose, repository: Path) -> None:
    for name in DEMONSTRATION:
        service = compose["services"][name]
        assert service["profiles"] == (["ohif"] if name == "ohif" else ["pacs", "ohif"])
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        for volume in service["volumes"]:
            writable = name == "demo-logins" or volume.startswith("orthanc-data:")
            assert volume.endswith(":ro") or writable, (name, volume)
        if isinstance(service.get("build"), str):
            assert (repository / service["build"] / "Dockerfile").is_file()


def test_the_service_beside_the_pacs_has_keys_and_every_setting_of_the_other(compose: Compose) -> None:
    alone, beside = (compose["services"][name]["environment"] for name in ("cadx", "cadx-pacs"))
    assert set(alone) < set(beside)
    assert set(beside) <= {variable_name(field) for field in Settings.model_fields}
    assert beside["CADX_API_KEYS_FILE"].startswith("/run/demo/")
    assert f":{beside['CADX_PORT']}" in compose["services"]["cadx-pacs"]["ports"][0]


def test_the_demonstration_s_logins_are_made_for_each_run_and_read_by_all(tmp_path: Path, repository: Path) -> None:
    script = repository / "deploy/compose/prepare_demo.py"
    folders = [tmp_path / name for name in ("one", "other")]
    for folder in folders:
        folder.mkdir()
        subprocess.run([sys.executable, str(script), "logins", str(folder)], check=True, timeout=60)
    one, other = ({path.name: path.read_text() for path in folder.iterdir()} for folder in folders)
    nginx = (repository / "deploy/ohif/nginx.conf").read_text()
    assert set(re.findall(r"include /run/demo/(\S+);", nginx)) | {"api-keys", "pacs.toml", "orthanc.json"} == set(one)
    assert not any(one[name] == other[name] for name in one)
    ((user, password),) = json.loads(one["orthanc.json"])["RegisteredUsers"].items()
    assert tomllib.loads(one["pacs.toml"])["demo"]["password"] == password
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    assert f'"Basic {basic}"' in one["pacs-login.conf"]
    key = re.search(r'X-API-Key "(.+)"', one["cadx-login.conf"])
    assert key is not None
    assert hashlib.sha256(key[1].encode()).hexdigest() in one["api-keys"]
    before = (folders[0] / "orthanc.json").read_text()
    subprocess.run([sys.executable, str(script), "logins", str(folders[0])], check=True, timeout=60)
    assert (folders[0] / "orthanc.json").read_text() == before, "a second start keeps them"
