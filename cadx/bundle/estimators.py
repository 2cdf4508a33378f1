"""The fitted scikit-learn estimators of a bundle, for people who work with them. No service comes here.

They are joblib files, hence pickles: opening one runs what is in it. Each is verified first, and read from the very
bytes that were verified.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cadx.bundle.files import CNN_SVM, ENSEMBLE, HANDCRAFTED_SVM
from cadx.bundle.libraries import library_versions
from cadx.bundle.loading import read_file, read_manifest
from cadx.bundle.manifest import BundleManifest
from cadx.classify import SoftVote
from cadx.errors import BundleLibraryMismatch
from cadx.model import Classifiers

if TYPE_CHECKING:
    from cadx.classify import PolynomialSvm

PICKLED_WITH = ("mammo-cadx", "joblib", "numpy", "scikit-learn")
"""Libraries whose classes are in the pickles, or that read them."""


@dataclass(frozen=True, slots=True)
class Estimators:
    """The paper's three models, as they were fitted."""

    cnn: "PolynomialSvm"
    lesion: "PolynomialSvm"
    ensemble: SoftVote

    @property
    def uninformative(self) -> tuple[str, ...]:
        """Names of those that ranked held-out rows no better than chance."""
        return self.freeze().uninformative

    def freeze(self) -> Classifiers:
        """Return them as numbers: what a service computes with."""
        return Classifiers(cnn=self.cnn.freeze(), lesion=self.lesion.freeze(), ensemble=self.ensemble)


def load_estimators(folder: Path, pinned_digest: str | None = None) -> Estimators:
    """Verify the joblib files of a bundle and unpickle them. Needs scikit-learn and joblib (the extra ``training``).

    Parameters
    ----------
    folder
        The bundle's folder.
    pinned_digest
        SHA-256 of ``bundle.json`` as given out by whoever vouches for the model; anything else is refused.

    Raises
    ------
    BundleLibraryMismatch
        When they were pickled with another version of a library than is here.
    BundleError
        Another leaf of it: not found, not pinned, unknown format, missing or changed file.
    """
    manifest, _ = read_manifest(folder, pinned_digest)
    _check_libraries(manifest)
    cnn, lesion, ensemble = (
        _unpickle(read_file(folder, manifest, name)) for name in (CNN_SVM, HANDCRAFTED_SVM, ENSEMBLE)
    )
    return Estimators(cnn, lesion, ensemble)


def estimator_files(estimators: Estimators) -> dict[str, bytes]:
    """Return the joblib files by name."""
    named = {CNN_SVM: estimators.cnn, HANDCRAFTED_SVM: estimators.lesion, ENSEMBLE: estimators.ensemble}
    return {name: _pickled(estimator) for name, estimator in named.items()}


def _check_libraries(manifest: BundleManifest) -> None:
    have = library_versions()
    for library in PICKLED_WITH:
        wanted, found = manifest.libraries.get(library, "none"), have.get(library, "none")
        if wanted != found:
            raise BundleLibraryMismatch(manifest.name, library, wanted, found)


def _pickled(estimator: object) -> bytes:
    import joblib  # a service has none

    content = io.BytesIO()
    joblib.dump(estimator, content)
    return content.getvalue()


def _unpickle(content: bytes) -> Any:
    import joblib  # a service has none

    return joblib.load(io.BytesIO(content))
