"""The cohort's distributions in a bundle: numbers in ``cohort.json``, arrays in ``cohort.npz``."""

from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cadx.branches import CNN, LESION
from cadx.bundle.arrays import ArrayFile, packed, whitening_arrays
from cadx.bundle.files import COHORT_ARRAYS, COHORT_FACTS
from cadx.bundle.manifest import first_problems
from cadx.errors import BundleFileInvalid
from cadx.explain import Binned, ClickLimit, CohortReference, ConformalLimits, Novelty, VennAbers
from cadx.explain.drift import BINS
from cadx.explain.explanation import ClassQuantiles
from cadx.explain.percentiles import LEVELS, Quantiles


class ClickLimitFacts(BaseModel):
    """What ``cohort.json`` says of moved marks; see `cadx.explain.ClickLimit`."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    radius_mm: float = Field(gt=0)
    sd: float = Field(ge=0, le=1)
    lesions: int = Field(ge=1)


class CohortReferenceFacts(BaseModel):
    """The content of ``cohort.json``; see `cadx.explain.CohortReference`.

    Attributes
    ----------
    features
        Names of the rows of the arrays ``quantiles.benign`` and ``quantiles.malignant``.
    drift
        Names of the rows of the arrays ``drift.edges`` and ``drift.shares``.
    click
        Left out by a fit without ``--robustness``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    difference_low: float = Field(ge=-1, le=1)
    difference_high: float = Field(ge=-1, le=1)
    novelty_flagged: float = Field(ge=0, le=1)
    benign_up_to: float = Field(ge=0, le=1)
    malignant_from: float = Field(ge=0, le=1)
    coverage: float = Field(gt=0, lt=1)
    features: tuple[str, ...]
    drift: tuple[str, ...]
    click: ClickLimitFacts | None = None


def cohort_files(reference: CohortReference) -> dict[str, bytes]:
    """Return the two files by name."""
    facts = CohortReferenceFacts(
        difference_low=reference.difference_low,
        difference_high=reference.difference_high,
        novelty_flagged=reference.novelty_flagged,
        benign_up_to=reference.conformal.benign_up_to,
        malignant_from=reference.conformal.malignant_from,
        coverage=reference.conformal.coverage,
        features=tuple(reference.quantiles),
        drift=tuple(reference.drift),
        click=None if reference.click is None else ClickLimitFacts(**asdict(reference.click)),
    )
    quantiles, drift = reference.quantiles.values(), reference.drift.values()
    arrays: dict[str, NDArray[np.generic]] = {
        "quantiles.benign": np.array([item.benign.values for item in quantiles]),
        "quantiles.malignant": np.array([item.malignant.values for item in quantiles]),
        "drift.edges": np.array([item.edges for item in drift]),
        "drift.shares": np.array([item.shares for item in drift]),
        "venn_abers.scores": reference.venn_abers.scores,
        "venn_abers.p0": reference.venn_abers.p0,
        "venn_abers.p1": reference.venn_abers.p1,
    }
    for branch, novelty in reference.novelty.items():
        arrays |= whitening_arrays(f"novelty.{branch}", novelty.whitening)
        arrays[f"novelty.{branch}.held_out"] = novelty.held_out.values
    return {
        COHORT_FACTS: (facts.model_dump_json(indent=2, exclude_none=True) + "\n").encode(),
        COHORT_ARRAYS: packed(arrays),
    }


def parse_cohort(bundle: str, facts: bytes, arrays: bytes) -> CohortReference:
    """Make the reference from the content of the two files. Nothing is unpickled.

    Raises
    ------
    BundleFileInvalid
        When they are not what `cohort_files` writes.
    """
    try:
        parsed = CohortReferenceFacts.model_validate_json(facts)
    except ValidationError as error:
        raise BundleFileInvalid(bundle, COHORT_FACTS, first_problems(error)) from None
    found = ArrayFile(bundle, COHORT_ARRAYS, arrays)
    benign, malignant = (
        _ascending(found, f"quantiles.{label}", len(parsed.features), len(LEVELS)) for label in ("benign", "malignant")
    )
    edges = _ascending(found, "drift.edges", len(parsed.drift), BINS - 1)
    shares = found.numbers("drift.shares", len(parsed.drift), BINS)
    scores = _ascending(found, "venn_abers.scores", None)
    p0, p1 = (found.numbers(f"venn_abers.{name}", 2 * len(scores) + 1) for name in ("p0", "p1"))
    return CohortReference(
        quantiles={
            name: ClassQuantiles(Quantiles(benign[row]), Quantiles(malignant[row]))
            for row, name in enumerate(parsed.features)
        },
        difference_low=parsed.difference_low,
        difference_high=parsed.difference_high,
        novelty={branch: _novelty(found, branch) for branch in (CNN, LESION)},
        novelty_flagged=parsed.novelty_flagged,
        venn_abers=VennAbers(scores, p0, p1),
        conformal=ConformalLimits(parsed.benign_up_to, parsed.malignant_from, parsed.coverage),
        drift={name: Binned(edges[row], shares[row]) for row, name in enumerate(parsed.drift)},
        click=None if parsed.click is None else ClickLimit(**parsed.click.model_dump()),
    )


def _novelty(found: ArrayFile, branch: str) -> Novelty:
    held_out = _ascending(found, f"novelty.{branch}.held_out", len(LEVELS))
    return Novelty(found.whitening(f"novelty.{branch}"), Quantiles(held_out))


def _ascending(found: ArrayFile, name: str, *shape: int | None) -> NDArray[np.float64]:
    values = found.numbers(name, *shape)
    if (np.diff(values, axis=-1) < 0).any():
        raise found.invalid(f"{name} does not ascend")
    return values
