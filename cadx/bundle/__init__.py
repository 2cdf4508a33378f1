"""A fitted model on disk: read the manifest, verify, load, test.

A bundle is a folder::

    bundle.json                 what the model is (`BundleManifest`), with the digest of every other file
    backbone.onnx               the CNN with its weights, cut at the layer
    classifiers.json            both SVMs and the vote, but for their arrays: kernels, intercepts, calibrations
    classifiers.npz             their arrays: columns, means, scales, support vectors, dual coefficients
    reference.png               a synthetic mammogram
    reference.json              a mark in it, and the features and probabilities that the model gave
    cohort.json, cohort.npz     optional: the cohort's distributions, which answers are held against
    known_cases.npz             optional, on request alone: the cohort's cases, for `include=similar`
    MODEL_CARD.md               for people
    cnn_svm.joblib              the estimators, for people who work in scikit-learn (`load_estimators`):
    handcrafted_svm.joblib      Method A's and B's classifiers
    ensemble.joblib             and Method C's soft vote

Of these a service opens the first nine, and none is code: it needs neither scikit-learn nor joblib nor torch. Loading
assesses the reference image again and refuses the model where a number differs (`cadx.self_test`); versions are
recorded, not compared. From format 2 on, every later version reads every format (docs/decisions/bundle-format.md).

Everything is compared with its digest before it is used, and the manifest itself can be pinned by its own digest. A
bundle is written beside its place and renamed into it, with ``bundle.json`` last, so that a half-written one can never
be loaded.
"""

from cadx.bundle.estimators import Estimators, load_estimators
from cadx.bundle.evidence import differences_from_paper, evidence_of
from cadx.bundle.files import (
    BACKBONE,
    CLASSIFIER_ARRAYS,
    CLASSIFIER_FACTS,
    CNN_SVM,
    ENSEMBLE,
    HANDCRAFTED_SVM,
    MANIFEST,
    MODEL_CARD,
    REFERENCE_FACTS,
    REFERENCE_IMAGE,
)
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
    MethodFacts,
    ProbabilityHistogram,
    backbone_facts,
    parse_manifest,
)
from cadx.bundle.models import Bundle
from cadx.bundle.notices import INTENDED_USE, LIMITS, RESEARCH_USE_ONLY, SYNTHETIC, model_notices, shown_notices
from cadx.bundle.prediction_id import prediction_id
from cadx.bundle.writing import write_bundle
from cadx.model import Classifiers

__all__ = [
    "BACKBONE",
    "CLASSIFIER_ARRAYS",
    "CLASSIFIER_FACTS",
    "CNN_SVM",
    "ENSEMBLE",
    "FORMAT",
    "HANDCRAFTED_SVM",
    "INTENDED_USE",
    "LIMITS",
    "MANIFEST",
    "MODEL_CARD",
    "REFERENCE_FACTS",
    "REFERENCE_IMAGE",
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
    "Estimators",
    "EvaluationFigures",
    "MethodFacts",
    "ProbabilityHistogram",
    "backbone_facts",
    "differences_from_paper",
    "evidence_of",
    "library_versions",
    "load_bundle",
    "load_estimators",
    "model_notices",
    "parse_manifest",
    "prediction_id",
    "shown_notices",
    "write_bundle",
]
