"""Whether a test set shares lesions, patients or image files with the cohort that a model was fitted on."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cadx.bundle import CohortDigests
from cadx.digests import file_sha256
from training.cohort.cases import Case


@dataclass(frozen=True, slots=True)
class Overlap:
    """Rows of a test set that the model has met, by evidence.

    Attributes
    ----------
    images
        Rows whose image file is byte for byte one of the training cohort's.
    patients, lesions
        Rows whose patient or lesion bears an identifier of the training cohort. Plain identifiers such as ``L1`` may
        coincide between cohorts of different origin.
    """

    images: tuple[int, ...]
    patients: tuple[int, ...]
    lesions: tuple[int, ...]

    @property
    def rows(self) -> tuple[int, ...]:
        """Every row with any evidence."""
        return tuple(sorted({*self.images, *self.patients, *self.lesions}))


def digest_cohort(cases: Sequence[Case], salt: str | None = None) -> CohortDigests:
    """Digest the identifiers and image files of a cohort.

    Parameters
    ----------
    cases
        The training cohort.
    salt
        32 hexadecimal digits; none: drawn at random, as for every bundle.
    """
    salt = salt or secrets.token_hex(16)
    return CohortDigests(
        salt=salt,
        lesions=_sorted(salted(salt, "lesion", case.lesion_id) for case in cases),
        patients=_sorted(salted(salt, "patient", case.patient_id) for case in cases if case.patient_id),
        images=_sorted(salted(salt, "image", image_sha256(case.image)) for case in cases),
    )


def find_overlap(digests: CohortDigests, cases: Sequence[Case]) -> Overlap:
    """Hold test cases against the digests of a training cohort."""
    images, patients, lesions = (set(known) for known in (digests.images, digests.patients, digests.lesions))
    salt = digests.salt
    return Overlap(
        images=tuple(
            row for row, case in enumerate(cases) if salted(salt, "image", image_sha256(case.image)) in images
        ),
        patients=tuple(
            row
            for row, case in enumerate(cases)
            if case.patient_id and salted(salt, "patient", case.patient_id) in patients
        ),
        lesions=tuple(row for row, case in enumerate(cases) if salted(salt, "lesion", case.lesion_id) in lesions),
    )


def salted(salt: str, kind: str, identifier: str) -> str:
    """Return the digest of one identifier."""
    return hashlib.sha256(f"{salt}{kind}\0{identifier}".encode()).hexdigest()


@lru_cache(maxsize=100_000)
def image_sha256(path: Path) -> str:
    """Return the digest of a file's bytes; asked twice of one path, the file is read once."""
    return file_sha256(path)


def _sorted(digests: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(digests)))
