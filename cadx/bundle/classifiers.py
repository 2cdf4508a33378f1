"""The classifiers in a bundle: numbers in ``classifiers.json``, arrays in ``classifiers.npz``, nothing that is code.

Arrays are named ``cnn.support_vectors``, ``lesion.mean`` and so on, float64 but for the numbers of the columns.
"""

import io
import zipfile
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cadx.bundle.files import CLASSIFIER_ARRAYS, CLASSIFIER_FACTS
from cadx.bundle.manifest import first_problems
from cadx.classify import FrozenSvm, PolynomialKernel, SoftVote
from cadx.classify.gram import Standardization
from cadx.classify.platt import PlattSigmoid
from cadx.classify.vote import EQUAL
from cadx.errors import BundleFileInvalid
from cadx.model import Classifiers

ARRAYS = ("columns", "mean", "scale", "support_vectors", "dual_coef")
Arrays = Mapping[str, NDArray[np.generic]]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class KernelFacts(_Record):
    """K(x, y) = (gamma x.y + coef0)^degree over standardized columns."""

    gamma: float = Field(gt=0)
    coef0: float = Field(ge=0)
    degree: int = Field(ge=1, le=64)


class SigmoidFacts(_Record):
    """p = 1 / (1 + exp(-(slope f + intercept))) of a value f; slope 0 is the prevalence, whatever f."""

    slope: float = Field(ge=0)
    intercept: float


class SvmFacts(_Record):
    """One branch's SVM, but for its arrays.

    Attributes
    ----------
    classes
        Labels; the probability is that of the second.
    features
        Columns that it expects; it keeps those of the array ``columns``.
    intercept
        Decision value: kernel(x, support_vectors) @ dual_coef + intercept.
    """

    classes: tuple[int | float | str, int | float | str]
    features: int = Field(ge=1)
    kernel: KernelFacts
    C: float = Field(gt=0)
    intercept: float
    calibration: SigmoidFacts


class EnsembleFacts(_Record):
    """How the two calibrated probabilities become one: their mean (Huynh 2016), and a sigmoid over it.

    Attributes
    ----------
    cnn_weight
        Weight of Method A in the mean; the paper's is one half.
    """

    vote: Literal["mean"] = "mean"
    cnn_weight: float = Field(EQUAL, ge=0, le=1)
    calibration: SigmoidFacts


class ClassifierFacts(_Record):
    """The content of ``classifiers.json``."""

    cnn: SvmFacts
    lesion: SvmFacts
    ensemble: EnsembleFacts


def classifier_files(classifiers: Classifiers) -> dict[str, bytes]:
    """Return the two files by name."""
    facts = ClassifierFacts(
        cnn=_facts(classifiers.cnn),
        lesion=_facts(classifiers.lesion),
        ensemble=EnsembleFacts(cnn_weight=classifiers.ensemble.weight, calibration=_sigmoid(classifiers.ensemble)),
    )
    arrays = io.BytesIO()
    np.savez(arrays, allow_pickle=False, **_arrays("cnn", classifiers.cnn), **_arrays("lesion", classifiers.lesion))
    return {
        CLASSIFIER_FACTS: (facts.model_dump_json(indent=2) + "\n").encode(),
        CLASSIFIER_ARRAYS: arrays.getvalue(),
    }


def parse_classifiers(bundle: str, facts: bytes, arrays: bytes) -> Classifiers:
    """Make the classifiers from the content of the two files. Nothing is unpickled.

    Parameters
    ----------
    bundle
        Its name, for messages.

    Raises
    ------
    BundleFileInvalid
        When they are not what `classifier_files` writes.
    """
    try:
        parsed = ClassifierFacts.model_validate_json(facts)
    except ValidationError as error:
        raise BundleFileInvalid(bundle, CLASSIFIER_FACTS, first_problems(error)) from None
    found = _read_arrays(bundle, arrays)
    return Classifiers(
        cnn=_svm(bundle, "cnn", parsed.cnn, found),
        lesion=_svm(bundle, "lesion", parsed.lesion, found),
        ensemble=_vote(parsed.ensemble),
    )


def _vote(facts: EnsembleFacts) -> SoftVote:
    return SoftVote(facts.calibration.slope, facts.calibration.intercept, facts.cnn_weight)


def _facts(svm: FrozenSvm) -> SvmFacts:
    return SvmFacts(
        classes=svm.classes,
        features=svm.n_features_in,
        kernel=KernelFacts(gamma=svm.kernel.gamma, coef0=svm.kernel.coef0, degree=svm.kernel.degree),
        C=svm.C,
        intercept=svm.intercept,
        calibration=_sigmoid(svm.sigmoid),
    )


def _sigmoid(fitted: PlattSigmoid | SoftVote) -> SigmoidFacts:
    return SigmoidFacts(slope=fitted.slope, intercept=fitted.intercept)


def _arrays(branch: str, svm: FrozenSvm) -> dict[str, NDArray[np.generic]]:
    learnt = svm.standardization
    values = (learnt.columns, learnt.mean, learnt.scale, svm.support_vectors, svm.dual_coef)
    return {
        f"{branch}.{name}": np.ascontiguousarray(value, dtype=_dtype(name))
        for name, value in zip(ARRAYS, values, strict=True)
    }


def _dtype(name: str) -> np.dtype[np.generic]:
    """Little-endian on every machine, so that a model has one digest."""
    return np.dtype("<i8" if name == "columns" else "<f8")


def _read_arrays(bundle: str, content: bytes) -> Arrays:
    wanted = {f"{branch}.{name}": _dtype(name) for branch in ("cnn", "lesion") for name in ARRAYS}
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            found = {name: file[name] for name in wanted}
    except KeyError as error:
        raise BundleFileInvalid(bundle, CLASSIFIER_ARRAYS, f"it lacks {error.args[0]}") from None
    except (ValueError, EOFError, OSError, AttributeError, zipfile.BadZipFile) as error:
        raise BundleFileInvalid(bundle, CLASSIFIER_ARRAYS, f"it holds no arrays ({type(error).__name__})") from None
    for name, dtype in wanted.items():
        if found[name].dtype != dtype:
            raise BundleFileInvalid(bundle, CLASSIFIER_ARRAYS, f"{name} is {found[name].dtype}, not {dtype}")
    return found


def _svm(bundle: str, branch: str, facts: SvmFacts, arrays: Arrays) -> FrozenSvm:
    columns = arrays[f"{branch}.columns"].astype(np.intp)
    mean, scale, vectors, dual = (arrays[f"{branch}.{name}"].astype(np.float64) for name in ARRAYS[1:])
    shapes_fit = (
        columns.ndim == dual.ndim == 1
        and mean.shape == scale.shape == columns.shape
        and vectors.shape == (len(dual), len(columns))
    )
    if not shapes_fit or not len(columns):
        raise BundleFileInvalid(bundle, CLASSIFIER_ARRAYS, f"the shapes of {branch}'s arrays do not fit each other")
    if columns.min() < 0 or columns.max() >= facts.features or len(np.unique(columns)) < len(columns):
        raise BundleFileInvalid(
            bundle, CLASSIFIER_ARRAYS, f"{branch}.columns are not {facts.features} columns' numbers"
        )
    if not all(np.isfinite(values).all() for values in (mean, scale, vectors, dual)) or not (scale > 0).all():
        raise BundleFileInvalid(
            bundle, CLASSIFIER_ARRAYS, f"{branch}'s arrays hold values that are not finite, or no scale"
        )
    return FrozenSvm(
        classes=facts.classes,
        n_features_in=facts.features,
        standardization=Standardization(columns, mean, scale),
        kernel=PolynomialKernel(facts.kernel.gamma, facts.kernel.coef0, facts.kernel.degree),
        C=facts.C,
        support_vectors=vectors,
        dual_coef=dual,
        intercept=facts.intercept,
        sigmoid=PlattSigmoid(facts.calibration.slope, facts.calibration.intercept),
    )
