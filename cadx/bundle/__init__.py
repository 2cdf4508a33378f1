"""A fitted model on disk: read the manifest, verify, load, check.

A bundle is a folder::

    bundle.json                 what the model is (`BundleManifest`), with the digest of every other file
    cnn_svm.joblib              Method A's classifier
    handcrafted_svm.joblib      Method B's classifier
    ensemble.joblib             Method C's soft vote
    MODEL_CARD.md               for people
    backbone.onnx               the CNN with its weights, cut at the layer: nothing else is needed to serve

joblib files are pickles, and unpickling runs code: nothing is unpickled before its digest is that of the manifest, and
the manifest itself can be pinned by its own digest. The ONNX file holds no code. A bundle is written beside its place
and renamed into it, with ``bundle.json`` last, so that a half-written one can never be loaded.
"""

from cadx.bundle.files import BACKBONE, CNN_SVM, ENSEMBLE, HANDCRAFTED_SVM, MANIFEST, MODEL_CARD
from cadx.bundle.libraries import library_versions
from cadx.bundle.loading import load_bundle
from cadx.bundle.manifest import (
    FORMAT,
    AucInterval,
    BackboneFacts,
    BundleManifest,
    ClassifierFigures,
    CohortDigests,
    CohortFacts,
    EvaluationFigures,
    ProbabilityHistogram,
    backbone_facts,
    parse_manifest,
)
from cadx.bundle.models import Bundle, Classifiers
from cadx.bundle.notices import INTENDED_USE, LIMITS, RESEARCH_USE_ONLY, SYNTHETIC, model_notices, shown_notices
from cadx.bundle.writing import write_bundle

__all__ = [
    "BACKBONE",
    "CNN_SVM",
    "ENSEMBLE",
    "FORMAT",
    "HANDCRAFTED_SVM",
    "INTENDED_USE",
    "LIMITS",
    "MANIFEST",
    "MODEL_CARD",
    "RESEARCH_USE_ONLY",
    "SYNTHETIC",
    "AucInterval",
    "BackboneFacts",
    "Bundle",
    "BundleManifest",
    "ClassifierFigures",
    "Classifiers",
    "CohortDigests",
    "CohortFacts",
    "EvaluationFigures",
    "ProbabilityHistogram",
    "backbone_facts",
    "library_versions",
    "load_bundle",
    "model_notices",
    "parse_manifest",
    "shown_notices",
    "write_bundle",
]
