"""A loaded model."""

from dataclasses import dataclass

from cadx.bundle.manifest import BundleManifest
from cadx.model import Model


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle(Model):
    """A verified, loaded model, ready to assess lesions.

    Attributes
    ----------
    manifest
        What the model is.
    digest
        SHA-256 of ``bundle.json``, which covers every other file through its digests.
    """

    manifest: BundleManifest
    digest: str
