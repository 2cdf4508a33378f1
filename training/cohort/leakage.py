"""Whether a test set shares lesions, patients or pictures with the cohort that a model was fitted on."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cadx.bundle import CohortDigests
from training.cohort.cases import Case
from training.cohort.grouping import Picture


@dataclass(frozen=True, slots=True)
class Overlap:
    """Rows of a test set that the model has met, by evidence.

    Attributes
    ----------
    images
        Rows whose image shows a picture of the training cohort, by its decoded pixels, whatever its file.
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


def digest_cohort(cases: Sequence[Case], pictures: Sequence[Picture], salt: str | None = None) -> CohortDigests:
    """Digest the identifiers and pictures of a cohort.

    Parameters
    ----------
    cases
        The training cohort.
    pictures
        What the image of each case shows.
    salt
        32 hexadecimal digits; none: drawn at random, as for every bundle.
    """
    salt = salt or secrets.token_hex(16)
    return CohortDigests(
        salt=salt,
        lesions=_sorted(salted(salt, "lesion", case.lesion_id) for case in cases),
        patients=_sorted(salted(salt, "patient", case.patient_id) for case in cases if case.patient_id),
        images=_sorted(salted(salt, "image", picture.content) for picture in pictures),
    )


def find_overlap(digests: CohortDigests, cases: Sequence[Case], pictures: Sequence[Picture]) -> Overlap:
    """Hold test cases, and what their images show, against the digests of a training cohort."""
    images, patients, lesions = (set(known) for known in (digests.images, digests.patients, digests.lesions))
    salt = digests.salt
    return Overlap(
        images=tuple(row for row, picture in enumerate(pictures) if salted(salt, "image", picture.content) in images),
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


def _sorted(digests: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(digests)))
