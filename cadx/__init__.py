"""The science of mammographic lesion diagnosis: reading, ROI, features, classifiers, bundles. No HTTP, no CLI.

::

    from pathlib import Path

    from cadx import LesionCenter, assess, load_bundle, read_mammogram

    bundle = load_bundle(Path("models/demo"))
    mammogram = read_mammogram(Path("view.dcm"), policy=bundle.policy)
    assessment = assess(bundle, mammogram, LesionCenter(x=318, y=483))

The names in `__all__` are the public surface. Each is imported when it is first asked for (PEP 562), so that
``import cadx``, and catching its errors, cost no NumPy, SciPy or scikit-learn. What a type checker reads is the first
block; what Python does is the second; `tests/cadx/test_public_surface.py` holds them together.
"""

from typing import TYPE_CHECKING

from cadx.runtime.telemetry import switch_off_telemetry

switch_off_telemetry()

__all__ = [
    "FEATURES",
    "Assessment",
    "Backbone",
    "BackboneError",
    "BackboneSpec",
    "Bundle",
    "BundleError",
    "BundleManifest",
    "CadxError",
    "CenterError",
    "ClassifierError",
    "ExchangeError",
    "FeatureDefinition",
    "FeatureValue",
    "Flag",
    "FlagCode",
    "LesionCenter",
    "LesionError",
    "Mammogram",
    "MammogramError",
    "PacsError",
    "PolynomialGrid",
    "PolynomialSvm",
    "ReadingLimits",
    "ReadingPolicy",
    "Roi",
    "Segmentation",
    "SegmentationMethod",
    "SegmentationOutcome",
    "Spacing",
    "SpacingPlane",
    "VoiPolicy",
    "assess",
    "contour_polygon",
    "extract_roi",
    "grouped_folds",
    "lesion_features",
    "load_backbone",
    "load_bundle",
    "read_mammogram",
    "segment",
    "soft_vote",
]

if TYPE_CHECKING:
    from cadx.assessment import Assessment, FeatureValue, assess
    from cadx.bundle import Bundle, BundleManifest, load_bundle
    from cadx.classify import PolynomialGrid, PolynomialSvm, grouped_folds, soft_vote
    from cadx.cnn import Backbone, BackboneSpec, load_backbone
    from cadx.errors import (
        BackboneError,
        BundleError,
        CadxError,
        CenterError,
        ClassifierError,
        ExchangeError,
        LesionError,
        MammogramError,
        PacsError,
    )
    from cadx.flags import Flag, FlagCode
    from cadx.lesion import (
        FEATURES,
        FeatureDefinition,
        Segmentation,
        SegmentationMethod,
        SegmentationOutcome,
        contour_polygon,
        lesion_features,
        segment,
    )
    from cadx.mammogram import ReadingLimits, ReadingPolicy, SpacingPlane, VoiPolicy, read_mammogram
    from cadx.records import LesionCenter, Mammogram, Roi, Spacing
    from cadx.roi import extract_roi
else:
    # Hidden from type checkers: they would take a module's __getattr__ as leave for any name.
    _NAMES_BY_MODULE = {
        "cadx.assessment": ("Assessment", "FeatureValue", "assess"),
        "cadx.bundle": ("Bundle", "BundleManifest", "load_bundle"),
        "cadx.classify": ("PolynomialGrid", "PolynomialSvm", "grouped_folds", "soft_vote"),
        "cadx.cnn": ("Backbone", "BackboneSpec", "load_backbone"),
        "cadx.errors": (
            "BackboneError",
            "BundleError",
            "CadxError",
            "CenterError",
            "ClassifierError",
            "ExchangeError",
            "LesionError",
            "MammogramError",
            "PacsError",
        ),
        "cadx.flags": ("Flag", "FlagCode"),
        "cadx.lesion": (
            "FEATURES",
            "FeatureDefinition",
            "Segmentation",
            "SegmentationMethod",
            "SegmentationOutcome",
            "contour_polygon",
            "lesion_features",
            "segment",
        ),
        "cadx.mammogram": ("ReadingLimits", "ReadingPolicy", "SpacingPlane", "VoiPolicy", "read_mammogram"),
        "cadx.records": ("LesionCenter", "Mammogram", "Roi", "Spacing"),
        "cadx.roi": ("extract_roi",),
    }
    _MODULE_OF = {name: module for module, names in _NAMES_BY_MODULE.items() for name in names}

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for, and keep it."""
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(_MODULE_OF[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        """List the public names, loaded or not, among the module's own."""
        return sorted({*globals(), *__all__})
