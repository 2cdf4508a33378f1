import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.metrics_core import Metric

from app.observability.metrics import Metrics
from tests.conftest import free_ports

FUNCTIONS = {"abs", "avg", "histogram_quantile", "increase", "rate", "scalar", "sum", "max", "vector"}
WORDS = {"by", "and", "or", "up"}
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
# prometheus_client exports these on Linux from /proc; they are read from the process, so they are named here.
PROCESS: dict[str, set[str]] = {"process_resident_memory_bytes": set(), "process_cpu_seconds_total": set()}


@pytest.fixture(scope="module")
def monitoring(repository: Path) -> Path:
    return repository / "deploy/monitoring"


@pytest.fixture(scope="module")
def dashboard(monitoring: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((monitoring / "grafana/dashboards/service.json").read_text())
    return content


@pytest.fixture(scope="module")
def rules(monitoring: Path) -> list[dict[str, Any]]:
    groups = yaml.safe_load((monitoring / "prometheus/rules.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def exported() -> dict[str, set[str]]:
    """Names of all series of the service, each with its labels."""
    metrics = Metrics()
    series: dict[str, set[str]] = dict(PROCESS)
    labels = {
        metric._name: set(metric._labelnames) for metric in vars(metrics).values() if hasattr(metric, "_labelnames")
    }
    families: list[Metric] = list(metrics.registry.collect())
    for family in families:
        for suffix in SUFFIXES.get(family.type, ("",)):
            names = labels.get(family.name) or set(getattr(family, "_labelnames", ()))
            series[family.name + suffix] = names | ({"le"} if suffix == "_bucket" else set())
    return series


def series_and_labels(expression: str) -> tuple[set[str], set[str]]:
    """Names of series and of labels that a query uses."""
    labels = set(re.findall(r"(\w+)\s*(?:=~|!=|=(?!=))", expression))
    labels |= {name.strip() for names in re.findall(r"by\s*\(([^)]*)\)", expression) for name in names.split(",")}
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|by\s*\([^)]*\)|\"[^\"]*\"", " ", expression)
    names = set(re.findall(r"[a-z_]{2,}", bare)) - FUNCTIONS - WORDS
    return names, labels - {"job", "instance", "le"}


def queries(dashboard: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def test_every_query_and_rule_asks_for_what_the_service_exports(
    dashboard: dict[str, Any], rules: list[dict[str, Any]], exported: dict[str, set[str]]
) -> None:
    expressions = [*queries(dashboard), *(rule["expr"] for rule in rules)]
    assert len(expressions) > 20
    for expression in expressions:
        names, labels = series_and_labels(expression)
        assert names <= exported.keys(), expression
        known = {label for name in names for label in exported[name]}
        assert labels <= known, expression


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is not installed")
def test_prometheus_takes_the_configuration_and_the_rules(monitoring: Path) -> None:
    config = monitoring / "prometheus/prometheus.yml"
    subprocess.run(["promtool", "check", "config", config], check=True, timeout=60)


RULE_TEST = """
rule_files: [RULES]
evaluation_interval: 5m
tests:
  - interval: 5m
    input_series:
      - {series: 'cadx_stability_index{job="mammo-cadx", model="m", quantity="ensemble"}', values: '0.05x24'}
      - {series: 'cadx_stability_index{job="mammo-cadx", model="m", quantity="area_mm2"}', values: '0.05x2 0.4x24'}
    alert_rule_test:
      - {eval_time: 30m, alertname: CadxDrift, exp_alerts: []}
      - eval_time: 100m
        alertname: CadxDrift
        exp_alerts: [{exp_labels: {severity: info, job: mammo-cadx, model: m, quantity: area_mm2}}]
"""


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is not installed")
def test_the_alert_on_drift_fires_for_what_drifts_alone(monitoring: Path, tmp_path: Path) -> None:
    rules = yaml.safe_load((monitoring / "prometheus/rules.yml").read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.pop("annotations", None)
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    (tmp_path / "test.yml").write_text(RULE_TEST.replace("RULES", str(tmp_path / "rules.yml")))
    subprocess.run(["promtool", "test", "rules", tmp_path / "test.yml"], check=True, timeout=60)


@pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus (Debian package) is not installed")
def test_prometheus_fills_the_dashboard_from_a_live_service(
    dashboard: dict[str, Any], rules: list[dict[str, Any]], monitoring: Path, bundle_folder: Path, tmp_path: Path
) -> None:
    service_port, port = free_ports(2)
    (tmp_path / "rules.yml").write_bytes((monitoring / "prometheus/rules.yml").read_bytes())
    config = (monitoring / "prometheus/prometheus.yml").read_text()
    (tmp_path / "prometheus.yml").write_text(
        config.replace("cadx:8000", f"127.0.0.1:{service_port}").replace("15s", "1s")
    )
    environment = os.environ | {"CADX_MODELS_DIR": str(bundle_folder.parent), "CADX_PORT": str(service_port)}
    storage = f"--storage.tsdb.path={tmp_path / 'data'}"
    listen = f"--web.listen-address=127.0.0.1:{port}"
    command = ["prometheus", f"--config.file={tmp_path / 'prometheus.yml'}", storage, listen]
    with running([sys.executable, "-m", "app"], environment), running(command, None):
        service = f"http://127.0.0.1:{service_port}"
        wait_until(lambda: httpx.get(f"{service}/readyz").status_code == 200)
        wait_until(lambda: httpx.get(f"http://127.0.0.1:{port}/-/ready").status_code == 200)
        for _ in range(4):
            httpx.post(f"{service}/v1/predictions", content=b"no image", headers={"Content-Type": "image/png"})
            time.sleep(1)

        def answer(expression: str) -> dict[str, Any]:
            found: dict[str, Any] = httpx.get(
                f"http://127.0.0.1:{port}/api/v1/query", params={"query": expression}
            ).json()
            assert found["status"] == "success", found
            return found

        for rule in rules:
            answer(rule["expr"])
        firing = answer('cadx_model_info{job="mammo-cadx", demonstration_only="true"} == 1')
        assert firing["data"]["result"]
        variables = {"$__rate_interval": "10s", "$job": "mammo-cadx", "$model": ".*"}
        empty = set()
        for query in queries(dashboard):
            for name, value in variables.items():
                query = query.replace(name, value)
            if not answer(query)["data"]["result"]:
                empty |= series_and_labels(query)[0]
        # Nothing was predicted and nothing reloaded: only these may have no series yet.
        assert {name.rpartition("_")[0] for name in empty} <= {
            "cadx_probability",
            "cadx_flags",
            "cadx_reloads",
            "cadx_stability",
        }


@contextmanager
def running(command: list[str], environment: dict[str, str] | None) -> Iterator[None]:
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            if holds():
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_a_metric_that_does_not_exist_would_be_found(exported: dict[str, set[str]]) -> None:
    names, labels = series_and_labels('sum by (code) (rate(cadx_refusal_total{route="x"}[5m])) / vector(0)')
    assert (names, labels) == ({"cadx_refusal_total"}, {"code", "route"})
    assert not names <= exported.keys()


def test_every_metric_of_the_service_is_on_the_dashboard(
    dashboard: dict[str, Any], exported: dict[str, set[str]]
) -> None:
    shown = {name for expression in queries(dashboard) for name in series_and_labels(expression)[0]}
    stems = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in shown}
    ours = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in exported if name.startswith("cadx_")}
    assert ours - stems == set()


def test_panels_do_not_overlap_and_fit_the_grid(dashboard: dict[str, Any]) -> None:
    boxes = [(panel["title"], panel["gridPos"]) for panel in dashboard["panels"]]
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(boxes)
    for title, box in boxes:
        assert box["x"] + box["w"] <= 24, title
    for (one, a), (other, b) in combinations(boxes, 2):
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        above = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or above, (one, other)


def test_the_scrape_reaches_the_service_and_the_dashboard_its_source(
    monitoring: Path, repository: Path, dashboard: dict[str, Any], rules: list[dict[str, Any]]
) -> None:
    compose = yaml.safe_load((repository / "docker-compose.yml").read_text())
    scrape = yaml.safe_load((monitoring / "prometheus/prometheus.yml").read_text())
    (job,) = scrape["scrape_configs"]
    host, port = job["static_configs"][0]["targets"][0].split(":")
    assert compose["services"][host]["ports"][0].endswith(f":{port}")
    assert all(f'job="{job["job_name"]}"' in rule["expr"] for rule in rules)
    assert [(monitoring / "prometheus" / name).is_file() for name in scrape["rule_files"]] == [True]
    grafana = monitoring / "grafana/provisioning"
    (source,) = yaml.safe_load((grafana / "datasources/prometheus.yml").read_text())["datasources"]
    used = {panel["datasource"]["uid"] for panel in dashboard["panels"] if "datasource" in panel}
    assert used == {source["uid"]}
    (provider,) = yaml.safe_load((grafana / "dashboards/cadx.yml").read_text())["providers"]
    mounted = [volume.split(":")[1] for volume in compose["services"]["grafana"]["volumes"]]
    assert provider["options"]["path"] in mounted


def test_every_alert_says_how_bad_it_is_and_what_it_means(rules: list[dict[str, Any]]) -> None:
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["annotations"].keys() == {"summary", "description"}
