"""What a model's numbers rest on, and in what it is not the paper's: said here, shown in its card and in answers."""

from collections.abc import Iterator

from cadx.bundle.manifest import BackboneFacts, BundleManifest, ClassifierFigures, CohortFacts, MethodFacts
from cadx.cnn import SCALES_MM
from cadx.lesion.marks import RADIUS_MM

_PAPER_LAYER = "fc6"
_PAPER_SEGMENTATION = "region_growing"
_ALWAYS = (
    "Segmentation's details, the lesion features (39) and the grid of the SVMs are this project's own where the paper "
    "gives none.",
    "Probabilities are calibrated by Platt's sigmoid on grouped inner folds; the paper does not say how its are.",
)


def differences_from_paper(backbone: BackboneFacts, segmentation_method: str, method: MethodFacts) -> tuple[str, ...]:
    """Say in what a model differs from Huynh, Li & Giger (2016), a sentence each."""
    return (*_of_the_cnn(backbone), *_of_the_rest(segmentation_method, method), *_ALWAYS)


def evidence_of(manifest: BundleManifest) -> str:
    """Say what the figures of a model rest on."""
    figures, cohort = manifest.evaluation, manifest.cohort
    patients = "" if cohort.patients is None else f" in {cohort.patients} patients"
    told = "; ".join(
        f"{name} {_auc(found)}" for name, found in (("A", figures.cnn), ("B", figures.lesion), ("C", figures.ensemble))
    )
    return (
        f"Nested {figures.folds}-fold cross validation by {figures.grouped_by} on {cohort.rois} ROIs of "
        f"{cohort.lesions} {_kind(cohort)}{patients} ({cohort.source}): AUC {told}. No external test set."
    )


def _of_the_cnn(backbone: BackboneFacts) -> Iterator[str]:
    if backbone.architecture == "alexnet":
        yield "The CNN is torchvision's AlexNet (64-192-384-256-256 filters), not that of 2012 with 96 and two groups."
    elif backbone.architecture != "alexnet2012":
        yield f"The CNN is {backbone.architecture}, not AlexNet."
    if not backbone.pretrained:
        yield "The CNN's weights are random, not learnt from ImageNet."
    if backbone.layer != _PAPER_LAYER:
        yield f"Method A sees layer {backbone.layer}, not {_PAPER_LAYER}."
    if backbone.pooling != "none":
        yield f"The layer's maps are pooled ({backbone.pooling}); the paper flattens them."
    if backbone.turns > 1:
        yield f"The CNN's features are means over {backbone.turns} turns and flips of the region."
    if backbone.scales_mm != SCALES_MM[:1]:
        squares = " and ".join(f"{scale:g}" for scale in backbone.scales_mm)
        yield f"The CNN sees squares of {squares} mm, not one of 51.2."


def _of_the_rest(segmentation_method: str, method: MethodFacts) -> Iterator[str]:
    if method.cnn_part != "all":
        yield f"Which of the CNN's features Method A sees was chosen with the SVM's parameters: {method.cnn_part}."
    if segmentation_method != _PAPER_SEGMENTATION:
        yield f"Lesions are outlined by {segmentation_method}, not by region growing."
    if method.lesion_marks > 1:
        yield (
            f"Method B's features are means over outlines from {method.lesion_marks} marks: the reader's, and "
            f"{method.lesion_marks - 1} about it at {RADIUS_MM:g} mm."
        )
    if method.svm == "linear":
        yield "Both SVMs are linear, with squared hinge loss; the paper's have a polynomial kernel."
    if method.cnn_weight != MethodFacts().cnn_weight:
        yield f"Method A weighs {method.cnn_weight:.2f} in the average, as inner folds say, not one half."


def _kind(cohort: CohortFacts) -> str:
    return "phantom lesions" if cohort.synthetic else "lesions"


def _auc(figures: ClassifierFigures) -> str:
    limits = figures.auc_interval
    within = "" if limits is None else f" ({100 * limits.confidence:.0f} % CI {limits.low:.3f} to {limits.high:.3f})"
    return f"{figures.auc_mean:.3f}{within}"
