"""The cohort's cases in a bundle, ``known_cases.npz``: what whoever fitted it asked to be kept of single lesions."""

import numpy as np
from numpy.typing import NDArray

from cadx.branches import CNN, LESION
from cadx.bundle.arrays import ArrayFile, packed, whitening_arrays
from cadx.bundle.files import KNOWN_CASES
from cadx.explain import KnownCases
from cadx.explain.similar import Axes, Space

FIGURES = ("atypical_beyond", "agreement", "base_rate")


def known_cases_files(known: KnownCases) -> dict[str, bytes]:
    """Return the file by name."""
    arrays: dict[str, NDArray[np.generic]] = {
        "coordinates": known.coordinates.astype(np.float32),
        "malignant": known.malignant,
        "lesions": known.lesions.astype(np.int64),
        "figures": np.array([getattr(known, name) for name in FIGURES]),
        "space": np.frombuffer(known.space.name.encode(), dtype=np.uint8),
    }
    for axes in known.space.axes:
        arrays |= whitening_arrays(axes.branch, axes.whitening)
        arrays[f"{axes.branch}.weights"] = axes.weights
    if known.thumbnails is not None:
        arrays["thumbnails"] = known.thumbnails
    return {KNOWN_CASES: packed(arrays)}


def parse_known_cases(bundle: str, content: bytes) -> KnownCases:
    """Make the cases from the file's content. Nothing is unpickled.

    Raises
    ------
    BundleFileInvalid
        When it is not what `known_cases_files` writes.
    """
    found = ArrayFile(bundle, KNOWN_CASES, content)
    axes = tuple(_axes(found, branch) for branch in (CNN, LESION) if f"{branch}.columns" in found)
    width = sum(len(part.weights) for part in axes)
    malignant = found.flags("malignant", None)
    if not axes or not len(malignant):
        raise found.invalid("it holds no cases or no space")
    figures = dict(zip(FIGURES, found.numbers("figures", len(FIGURES)).tolist(), strict=True))
    return KnownCases(
        space=Space(found.bytes("space", None).tobytes().decode("utf-8", "replace"), axes),
        coordinates=found.numbers("coordinates", len(malignant), width),
        malignant=malignant,
        lesions=found.whole("lesions", len(malignant)),
        thumbnails=found.bytes("thumbnails", len(malignant), None, None) if "thumbnails" in found else None,
        **figures,
    )


def _axes(found: ArrayFile, branch: str) -> Axes:
    whitening = found.whitening(branch)
    return Axes(branch, whitening, found.numbers(f"{branch}.weights", len(whitening.variances)))
