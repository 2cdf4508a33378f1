"""Refusals: a model bundle cannot be trusted or loaded."""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors.base import CadxError


@dataclass(eq=False)
class BundleError(CadxError):
    """A model bundle cannot be trusted or loaded."""

    code: ClassVar[str] = "bundle_error"


@dataclass(eq=False)
class BundleNotFound(BundleError):
    """There is no bundle in that folder."""

    folder: str

    code: ClassVar[str] = "bundle_not_found"
    summary: ClassVar[str] = "There is no model bundle (bundle.json) in {folder}."
    remedy: ClassVar[str] = "Run `make demo` for a demonstration model or `cadx-train fit` for your own."


@dataclass(eq=False)
class BundleUnreadable(BundleError):
    """The operating system does not let the bundle be read."""

    bundle: str
    reason: str

    code: ClassVar[str] = "bundle_unreadable"
    summary: ClassVar[str] = "Bundle {bundle} cannot be read: {reason}."
    remedy: ClassVar[str] = (
        "Let the user of this process (in the container: 10001) read the folder and its files: `chmod -R a+rX FOLDER`."
    )


@dataclass(eq=False)
class BundleManifestInvalid(BundleError):
    """bundle.json cannot be understood."""

    bundle: str
    reason: str

    code: ClassVar[str] = "bundle_manifest_invalid"
    summary: ClassVar[str] = "bundle.json of bundle {bundle} is invalid: {reason}."
    remedy: ClassVar[str] = "Fetch or fit the bundle again; do not edit it by hand."


@dataclass(eq=False)
class BundleFormatUnknown(BundleError):
    """The bundle's format number is not one this version reads."""

    bundle: str
    found: str
    known: int

    code: ClassVar[str] = "bundle_format_unknown"
    summary: ClassVar[str] = "Bundle {bundle} has format {found}; this version reads format {known}."
    remedy: ClassVar[str] = (
        "Format 1 ended with mammo-cadx 0.1: fit the model again with this version (`cadx-train fit`, or `make demo`). "
        "From format 2 on every later version reads it; a higher number needs a newer mammo-cadx."
    )


@dataclass(eq=False)
class BundleFileMissing(BundleError):
    """A file of the bundle is missing."""

    bundle: str
    file: str

    code: ClassVar[str] = "bundle_file_missing"
    summary: ClassVar[str] = "Bundle {bundle} lacks its file {file}."
    remedy: ClassVar[str] = "Copy the whole folder again, or fit it again."


@dataclass(eq=False)
class BundleTampered(BundleError):
    """A file of the bundle is not the one its manifest describes."""

    bundle: str
    file: str

    code: ClassVar[str] = "bundle_tampered"
    summary: ClassVar[str] = "File {file} of bundle {bundle} is not the one its manifest describes; nothing was loaded."
    remedy: ClassVar[str] = "Copy the bundle again from where you trust it, or fit it again."


@dataclass(eq=False)
class BundleNotPinned(BundleError):
    """The bundle is not the pinned one."""

    bundle: str
    digest: str
    pinned_digest: str

    code: ClassVar[str] = "bundle_not_pinned"
    summary: ClassVar[str] = "Bundle {bundle} has digest {digest}, not the pinned {pinned_digest}."
    remedy: ClassVar[str] = "Install the pinned bundle, or change the pin after checking where this one comes from."


@dataclass(eq=False)
class BundleFileInvalid(BundleError):
    """A file of the bundle is the one its manifest describes, and cannot be understood."""

    bundle: str
    file: str
    reason: str

    code: ClassVar[str] = "bundle_file_invalid"
    summary: ClassVar[str] = "File {file} of bundle {bundle} is invalid: {reason}."
    remedy: ClassVar[str] = "Fetch or fit the bundle again; do not edit it by hand."


@dataclass(eq=False)
class BundleLibraryMismatch(BundleError):
    """The bundle's estimators were pickled with another version of a library."""

    bundle: str
    library: str
    wanted: str
    found: str

    code: ClassVar[str] = "bundle_library_mismatch"
    summary: ClassVar[str] = (
        "The joblib files of bundle {bundle} were pickled with {library} {wanted}; this environment has {found}."
    )
    remedy: ClassVar[str] = (
        "Unpickle them where the library has that version (bundle.json lists all, under libraries). The model itself "
        "needs no joblib file: `load_bundle` reads it from arrays, with any version."
    )


@dataclass(eq=False)
class BundleDefinitionChanged(BundleError):
    """A definition has changed since the bundle was fitted."""

    bundle: str
    quantity: str
    expected: float
    found: float
    differing: int
    compared: int

    code: ClassVar[str] = "bundle_definition_changed"
    summary: ClassVar[str] = (
        "For the reference image of bundle {bundle}, {quantity} is {found:.6g} in this version, and was {expected:.6g} "
        "where the model was fitted; {differing} of {compared} numbers differ."
    )
    remedy: ClassVar[str] = (
        "Use the version of mammo-cadx that fitted it (in bundle.json, under libraries), or fit it again with this one."
    )


@dataclass(eq=False)
class BundleIncompatible(BundleError):
    """The bundle does not fit this code or these weights."""

    bundle: str
    reason: str

    code: ClassVar[str] = "bundle_incompatible"
    summary: ClassVar[str] = "Bundle {bundle} cannot be used: {reason}."
    remedy: ClassVar[str] = "Fit the bundle again with this version."
