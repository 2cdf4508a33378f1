"""What must stand beside every number of a model, and what no model can do: said here, and nowhere else."""

from cadx.branches import UNINFORMATIVE
from cadx.bundle.manifest import BackboneFacts, BundleManifest, CohortFacts

RESEARCH_USE_ONLY = "Research use only. Not a medical device; not for diagnosis or any clinical decision."
NOT_PRETRAINED = (
    "not pretrained, demonstration only: the CNN's weights are random, so Method A's numbers mean nothing clinically."
)
SYNTHETIC = "fitted on synthetic phantoms, demonstration only: no number of this model says anything about patients."
INTENDED_USE = (
    "Research on computer-aided diagnosis: estimates the probability that a lesion, whose center a reader has marked "
    "on a mammogram, is malignant. It does not detect lesions and does not replace a reader."
)
LIMITS = (
    "One lesion at a center marked by a reader: it does not find lesions.",
    "Digitized film and digital mammograms; not tomosynthesis volumes, not ultrasound.",
    "A probability holds for lesions like those of the cohort; another site's prevalence and detectors shift it.",
)


def model_notices(backbone: BackboneFacts, cohort: CohortFacts, uninformative: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Everything that must stand beside every number of a model; `uninformative` names what has learnt nothing."""
    found = [RESEARCH_USE_ONLY]
    if not backbone.pretrained:
        found.append(NOT_PRETRAINED)
    if cohort.synthetic:
        found.append(SYNTHETIC)
    found += [f"branch uninformative: {UNINFORMATIVE[name]}" for name in uninformative]
    return tuple(found)


def shown_notices(manifest: BundleManifest) -> tuple[str, ...]:
    """The notices that a bundle carries, and those it must carry and does not: nobody can leave one out."""
    needed = model_notices(manifest.backbone, manifest.cohort)
    return (*manifest.notices, *(notice for notice in needed if notice not in manifest.notices))
