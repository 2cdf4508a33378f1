"""The model card of a bundle: what it is for, what it was fitted on, how it did, where it ends.

It goes through what 21 CFR 892.2060(b) asks the labeling of diagnosis software for suspicious lesions to describe:
algorithm, inputs and outputs, population, users, hardware, performance with its sub-analyses, warnings and limits. A
card is no such labeling: the model is not a device.
"""

from cadx.branches import ENSEMBLE
from cadx.bundle import (
    INTENDED_USE,
    BackboneFacts,
    CohortFacts,
    MethodFacts,
    differences_from_paper,
    model_notices,
)
from cadx.classify.svm import ALL_COLUMNS
from cadx.classify.vote import EQUAL
from training.analysis.analysis import Analysis
from training.analysis.cohort import ClassSummary
from training.analysis.comparisons import Comparison
from training.analysis.performance import Performance
from training.analysis.subgroups import Subgroup
from training.analysis.trust import Trust
from training.analysis.trust_wording import read_trust
from training.analysis.wording import (
    interval,
    read_calibration,
    read_comparison,
    read_joined,
    read_outlines,
    read_uninformative,
    share,
)


def model_card(
    name: str,
    created: str,
    backbone: BackboneFacts,
    cohort: CohortFacts,
    analysis: Analysis,
    method: str,
    uninformative: tuple[str, ...] = (),
    trust: Trust | None = None,
    chosen: MethodFacts | None = None,
) -> str:
    """Return the card as Markdown."""
    chosen = chosen or MethodFacts()
    differences = "\n".join(f"- {sentence}" for sentence in differences_from_paper(backbone, method, chosen))
    patients = "not known" if cohort.patients is None else str(cohort.patients)
    warnings = "\n".join(f"> **{notice}**" for notice in model_notices(backbone, cohort, uninformative))
    views = ", ".join(f"{view} {count}" for view, count in analysis.cohort.views.items())
    joined = "".join(f"\n- {sentence}" for sentence in [read_joined(analysis.joined)] if sentence)
    ensemble = analysis.performances[-1]
    return f"""# Model card: {name}

{warnings}

## Intended use
{INTENDED_USE}

- **Users**: researchers in breast imaging who can judge a mammogram themselves.
- **Population**: none is claimed. At best, people like those of the data below, imaged like them.
- **Reading protocol**: none is claimed; no reader study has been made with this model.

## What it is
- Method after Huynh, Li & Giger, J. Med. Imaging 3(3) 034501 (2016); fitted {created}.
- **Input**: one mammogram (DICOM MG, PNG, TIFF or PGM with its pixel size) and the lesion's center, marked by a reader;
  where a reader gives them, the lesion's outline or diameter.
- **Output**: probability of malignancy, 0 to 1, of each method; the lesion's outline and features; flags of doubt.
- **Method A** (SVM1): {backbone.architecture}, layer {backbone.layer} ({backbone.feature_count} features, pooling
  {backbone.pooling}), weights {backbone.weights} (SHA-256 {backbone.weights_sha256}), {chosen.svm} SVM.
- **Method B** (SVM2): segmentation by {method}, lesion features{_marks(chosen)}, {chosen.svm}
  SVM.
- **Method C** (ensemble): the mean of the two calibrated probabilities{_weights(chosen)}. A mean of two lies too near
  one half, so the answer also gives a calibrated probability, by a sigmoid fitted to out-of-fold means.
- **Preset**: {chosen.preset}; Method A sees {_part(chosen)} of the CNN's features.
- **Hardware**: no scanner has been validated; see the source of the data.

In what it is not the paper's:

{differences}

## Data
- Source: {cohort.source}
- {cohort.lesions} lesions on {cohort.rois} ROIs ({cohort.benign_rois} benign, {cohort.malignant_rois} malignant);
  patients: {patients}; views: {views}.{joined}
- {read_outlines(analysis)}
- Effective diameter as measured: benign {_size(analysis.cohort.benign)}, malignant {_size(analysis.cohort.malignant)}.

## Performance
Mean AUC over {analysis.folds} cross-validation folds, grouped by {analysis.grouped_by}; search and calibration nested
inside each fold. Intervals: {ensemble.auc.method}.

| classifier | AUC | 95 % CI | SD over folds | folds | AUC by lesion (95 % CI) | Brier score |
|---|---|---|---|---|---|---|
{_rows(analysis.performances)}

Ensemble at operating points (a threshold chosen on these cases is optimistic):

| threshold | rule | sensitivity (95 % CI) | specificity (95 % CI) |
|---|---|---|---|
{_operating_rows(ensemble)}

{_sentences(analysis.comparisons)}
- Calibration of the ensemble: {read_calibration(ensemble.calibration)}
- Calibration of the ensemble's calibrated probability (cross-fitted): {read_calibration(analysis.calibrated)}
{_uninformative(analysis)}
### Parts of the cohort (ensemble)
| part | ROIs (malignant) | lesions | AUC (95 % CI) |
|---|---|---|---|
{_subgroup_rows(analysis.subgroups)}
{_trust(trust)}
## What this bundle holds of patients
- Support vectors: the features ({backbone.feature_count} of the CNN at most, and those of the lesion) and the outcome
  of cases of the cohort; sorted out-of-fold probabilities; quantiles (1 % to 99 %), deciles and correlations of
  features.
- No image, no date, no identifier, but salted digests of lesions, patients and pictures, by which one that is guessed
  can be tested.
{_kept(trust)}- All of it is derived from patients: share the bundle only as far as the permission for the cohort goes.

## Warnings and limits
- Valid at best for images like those of the data above: same kind of device, of reading, of patients.
- The center must be on the lesion; the answer depends on where it is marked.
- A lesion whose outline is not found, touches the region's border or lies at the image's edge is flagged: doubt it.
- Probabilities are calibrated to the cohort's own share of malignant ROIs
  ({share(cohort.malignant_rois / cohort.rois)}); where the share differs, so must the probabilities.
- Cross validation says how well the method does on such data; no external test set is part of this card. Use
  `cadx-train evaluate` for one.
"""


def _part(chosen: MethodFacts) -> str:
    return chosen.cnn_part if chosen.cnn_part == ALL_COLUMNS else f"the blocks {chosen.cnn_part}"


def _marks(chosen: MethodFacts) -> str:
    return f", means over {chosen.lesion_marks} marks" if chosen.lesion_marks > 1 else ""


def _weights(chosen: MethodFacts) -> str:
    weight = chosen.cnn_weight
    return "" if weight == EQUAL else f", Method A weighing {weight:.2f} and Method B {1 - weight:.2f}"


def _trust(trust: Trust | None) -> str:
    """Say how far explanations and flags go, as a chapter."""
    if trust is None:
        return ""
    return "\n## Why, and when not to believe it\n" + "".join(f"- {sentence}\n" for sentence in read_trust(trust))


def _kept(trust: Trust | None) -> str:
    """Say what is kept of single cases."""
    known = None if trust is None else trust.known
    if known is None:
        return "- Single cases for comparison: none.\n"
    pictures = ", and a picture of 64 x 64 pixels of each" if known.thumbnails else "; no pictures"
    return (
        f"- Single cases for comparison (`--keep-cases`): features and outcome of each of the {known.rois} ROIs"
        f"{pictures}. Whoever may ask the service for similar cases sees them.\n"
    )


def _uninformative(analysis: Analysis) -> str:
    """List the branches that learnt nothing in some folds."""
    return "".join(f"- {sentence}\n" for sentence in read_uninformative(analysis))


def _rows(performances: tuple[Performance, ...]) -> str:
    return "\n".join(
        f"| {p.label} | {p.auc.auc:.3f} | {interval(p.auc.low, p.auc.high)} | {p.auc_sd:.3f} "
        f"| {', '.join(f'{auc:.3f}' for auc in p.fold_aucs)} "
        f"| {p.per_lesion.auc:.3f} ({interval(p.per_lesion.low, p.per_lesion.high)}) | {p.calibration.brier:.3f} |"
        for p in performances
    )


def _operating_rows(performance: Performance) -> str:
    return "\n".join(
        f"| {point.threshold:.3f} | {point.rule} "
        f"| {point.sensitivity.value:.3f} ({interval(point.sensitivity.low, point.sensitivity.high)}) "
        f"| {point.specificity.value:.3f} ({interval(point.specificity.low, point.specificity.high)}) |"
        for point in performance.operating_points
    )


def _sentences(comparisons: tuple[Comparison, ...]) -> str:
    return "\n".join(f"- {read_comparison(comparison)}" for comparison in comparisons)


def _subgroup_rows(subgroups: tuple[Subgroup, ...]) -> str:
    return "\n".join(
        f"| {part.kind}: {part.name} | {part.rows} ({part.malignant_rows}) | {part.lesions} | {_subgroup_auc(part)} |"
        for part in subgroups
    )


def _subgroup_auc(part: Subgroup) -> str:
    if part.reason:
        return part.reason
    auc = part.aucs[ENSEMBLE]
    return f"{auc.auc:.3f} ({interval(auc.low, auc.high)})"


def _size(summary: ClassSummary) -> str:
    size = summary.diameter_mm
    return f"mean {size.mean:.1f} mm, {size.smallest:.1f} to {size.largest:.1f} mm"
