"""The model card of a bundle: what it is for, what it was fitted on, how it did, where it ends."""

from cadx.bundle import BackboneFacts, ClassifierFigures, CohortFacts, EvaluationFigures

RESEARCH_USE_ONLY = "Research use only. Not a medical device; not for diagnosis or any clinical decision."
NOT_PRETRAINED = (
    "not pretrained, demonstration only: the CNN's weights are random, so Method A's numbers mean nothing clinically."
)
SYNTHETIC = "fitted on synthetic phantoms, demonstration only: no number of this model says anything about patients."
INTENDED_USE = (
    "Research on computer-aided diagnosis: estimates the probability that a lesion, whose centre a reader has marked "
    "on a mammogram, is malignant. It does not detect lesions and does not replace a reader."
)


def notices(backbone: BackboneFacts, cohort: CohortFacts) -> tuple[str, ...]:
    """Everything that must stand beside every number of a model."""
    found = [RESEARCH_USE_ONLY]
    if not backbone.pretrained:
        found.append(NOT_PRETRAINED)
    if cohort.synthetic:
        found.append(SYNTHETIC)
    return tuple(found)


def model_card(
    name: str, created: str, backbone: BackboneFacts, cohort: CohortFacts, evaluation: EvaluationFigures, method: str
) -> str:
    """Return the card as Markdown."""
    patients = "not known" if cohort.patients is None else str(cohort.patients)
    warnings = "\n".join(f"> **{notice}**" for notice in notices(backbone, cohort))
    return f"""# Model card: {name}

{warnings}

## Intended use
{INTENDED_USE}

## What it is
- Method after Huynh, Li & Giger, J. Med. Imaging 3(3) 034501 (2016); fitted {created}.
- Method A: {backbone.architecture}, layer {backbone.layer} ({backbone.feature_count} features, pooling
  {backbone.pooling}), weights {backbone.weights} (SHA-256 {backbone.weights_sha256}), polynomial SVM.
- Method B: segmentation by {method}, lesion features, polynomial SVM.
- Method C: the mean of the two calibrated probabilities.

## Data
- Source: {cohort.source}
- {cohort.lesions} lesions on {cohort.rois} ROIs ({cohort.benign_rois} benign, {cohort.malignant_rois} malignant);
  patients: {patients}.

## Performance
AUC over {evaluation.folds} cross-validation folds, grouped by {evaluation.grouped_by}; search and calibration nested
inside each fold.

| classifier | AUC mean | AUC SD | folds |
|---|---|---|---|
{_figures_row("A: CNN features", evaluation.cnn)}
{_figures_row("B: lesion features", evaluation.lesion)}
{_figures_row("C: average of A and B", evaluation.ensemble)}

## Limits
- Valid at best for images like those of the data above: same kind of device, of reading, of patients.
- The centre must be on the lesion; the answer depends on where it is marked.
- Probabilities are calibrated to the cohort's own share of malignant lesions.
"""


def _figures_row(label: str, figures: ClassifierFigures) -> str:
    folds = ", ".join(f"{auc:.3f}" for auc in figures.fold_aucs)
    return f"| {label} | {figures.auc_mean:.3f} | {figures.auc_sd:.3f} | {folds} |"
