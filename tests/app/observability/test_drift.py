"""The drift monitor in a simulation: what Prometheus' rule would see with a shift and without."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from prometheus_client import CollectorRegistry

from app.observability.drift import RECENT, DriftMonitor
from cadx.branches import CNN, ENSEMBLE, LESION
from cadx.bundle import Bundle, load_bundle
from cadx.explain.drift import ALERT, FEWEST, binned

RULES = Path(__file__).parents[3] / "deploy" / "monitoring" / "prometheus" / "rules.yml"
COHORT = np.random.default_rng(0)
QUANTITIES = {name: COHORT.beta(2, 2, size=1295) for name in (CNN, LESION, ENSEMBLE)} | {
    "effective_diameter_mm": COHORT.lognormal(2.5, 0.4, size=1295)
}


@pytest.fixture(scope="module")
def bundle(bundle_folder: Path) -> Bundle:
    """The small model, as if its cohort were large."""
    found = load_bundle(bundle_folder)
    assert found.reference is not None
    reference = replace(found.reference, drift={name: binned(values) for name, values in QUANTITIES.items()})
    cohort = found.manifest.cohort.model_copy(update={"rois": 1295})
    return replace(found, reference=reference, manifest=found.manifest.model_copy(update={"cohort": cohort}))


def served(bundle: Bundle, count: int, larger: float = 1.0) -> dict[str, float]:
    """The stability indices after so many predictions on lesions that are larger by a factor."""
    monitor, rng = DriftMonitor(), np.random.default_rng(1)
    monitor.set_models({"small": bundle})
    for _ in range(count):
        values = {name: float(rng.choice(values)) for name, values in QUANTITIES.items()}
        values["effective_diameter_mm"] *= larger
        monitor.observe(bundle.digest, values)
    registry = CollectorRegistry()
    registry.register(monitor)
    return {
        sample.labels["quantity"]: sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "cadx_stability_index"
    }


def alert_threshold() -> float:
    rules = yaml.safe_load(RULES.read_text())["groups"]
    rule = next(rule for group in rules for rule in group["rules"] if rule.get("alert") == "CadxDrift")
    metric, _, threshold = rule["expr"].partition(" > ")
    assert metric.startswith("cadx_stability_index{")
    return float(threshold)


def test_the_rule_is_quiet_without_a_shift(bundle: Bundle) -> None:
    found = served(bundle, 3 * FEWEST)
    assert set(found) == set(QUANTITIES)
    assert max(found.values()) < alert_threshold() == ALERT


def test_the_rule_fires_for_what_has_shifted_and_nothing_else(bundle: Bundle) -> None:
    found = served(bundle, 3 * FEWEST, larger=1.5)
    assert [name for name, value in found.items() if value > alert_threshold()] == ["effective_diameter_mm"]


def test_too_few_predictions_say_nothing(bundle: Bundle) -> None:
    assert served(bundle, FEWEST - 1) == {}


def test_too_small_a_cohort_says_nothing(bundle: Bundle) -> None:
    cohort = bundle.manifest.cohort.model_copy(update={"rois": FEWEST - 1})
    small = replace(bundle, manifest=bundle.manifest.model_copy(update={"cohort": cohort}))
    assert served(small, FEWEST) == {}


def test_what_was_long_ago_is_forgotten(bundle: Bundle) -> None:
    monitor = DriftMonitor()
    monitor.set_models({"small": bundle})
    rng = np.random.default_rng(2)
    for factor in [3.0] * RECENT + [1.0] * RECENT:
        values = {name: float(rng.choice(values)) for name, values in QUANTITIES.items()}
        monitor.observe(bundle.digest, values | {"effective_diameter_mm": values["effective_diameter_mm"] * factor})
    index = next(family for family in monitor.collect() if family.name == "cadx_stability_index")
    assert max(sample.value for sample in index.samples) < ALERT


def test_a_model_that_serves_on_keeps_its_counts(bundle: Bundle) -> None:
    monitor = DriftMonitor()
    monitor.set_models({"small": bundle})
    monitor.observe(bundle.digest, dict.fromkeys(QUANTITIES, 0.5))
    monitor.set_models({"small": bundle})
    counts = next(family for family in monitor.collect() if family.name == "cadx_served")
    assert sum(sample.value for sample in counts.samples) == len(QUANTITIES)
    monitor.set_models({})
    monitor.observe(bundle.digest, dict.fromkeys(QUANTITIES, 0.5))
    assert not any(family.samples for family in monitor.collect())
