import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.metrics_core import Metric

from app.telemetry import Meters

FUNCTIONS = {"abs", "histogram_quantile", "increase", "rate", "sum", "max", "vector"}
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
    meters = Meters()
    series: dict[str, set[str]] = dict(PROCESS)
    labels = {
        metric._name: set(metric._labelnames) for metric in vars(meters).values() if hasattr(metric, "_labelnames")
    }
    families: list[Metric] = list(meters.registry.collect())
    for family in families:
        for suffix in SUFFIXES.get(family.type, ("",)):
            series[family.name + suffix] = labels.get(family.name, set()) | ({"le"} if suffix == "_bucket" else set())
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
