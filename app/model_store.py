"""The models in service: loaded, self-tested, and exchanged without dropping a request."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from app.errors import ModelChoiceNeeded, ModelUnknown, NoModelBundle, NotReady
from app.settings import Settings
from cadx.bundle import MANIFEST, Bundle, load_bundle
from cadx.digests import file_sha256
from cadx.errors import CadxError

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """What a reload did to one model.

    Attributes
    ----------
    name
        The model.
    outcome
        ``refused`` means that the new bundle was bad and the old one, if any, still serves.
    digest
        Digest of the bundle that serves now; empty when none does.
    code, detail
        Why the new bundle was refused.
    """

    name: str
    outcome: Literal["unchanged", "replaced", "added", "refused"]
    digest: str = ""
    code: str = ""
    detail: str = ""


class ModelStore:
    """The loaded models by name. Requests keep the bundle they started with; a reload changes what the next one gets.

    Parameters
    ----------
    settings
        Says where the bundles are, which to serve and which digests are pinned.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._bundles: Mapping[str, Bundle] = MappingProxyType({})
        self._reloading = threading.Lock()
        self.default_name = ""

    @property
    def bundles(self) -> Mapping[str, Bundle]:
        """The models in service by name."""
        return self._bundles

    def load(self) -> None:
        """Load and self-test every model that the settings name.

        Raises
        ------
        NoModelBundle, ModelChoiceNeeded
            When there is nothing, or no default, to serve.
        BundleError
            When a bundle cannot be trusted or does not work.
        """
        names = self._names()
        if not names:
            raise NoModelBundle(str(self._settings.models_dir))
        if not self._settings.model and len(names) > 1:
            raise ModelChoiceNeeded(str(self._settings.models_dir), names)
        bundles = {name: self._load_one(name) for name in names}
        self.default_name = names[0]
        self._bundles = MappingProxyType(bundles)

    def get(self, name: str | None) -> Bundle:
        """Return a model; without a name the default one.

        Raises
        ------
        NotReady
            Before any model is loaded.
        ModelUnknown
            When no such model is loaded.
        """
        if not self._bundles:
            raise NotReady("no model is loaded yet")
        bundle = self._bundles.get(name or self.default_name)
        if bundle is None:
            raise ModelUnknown(name or self.default_name, tuple(sorted(self._bundles)))
        return bundle

    def reload(self) -> tuple[ReloadOutcome, ...]:
        """Take up bundles that changed on disk; a bad one leaves what serves now."""
        with self._reloading:
            changed = {name: self._reload_one(name) for name in sorted({*self._names(), *self._bundles})}
            self._bundles = MappingProxyType({name: bundle for name, (_, bundle) in changed.items() if bundle})
            outcomes = tuple(outcome for outcome, _ in changed.values())
        for outcome in outcomes:
            level = logging.ERROR if outcome.outcome == "refused" else logging.INFO
            facts = {"model": outcome.name, "outcome": outcome.outcome, "digest": outcome.digest, "code": outcome.code}
            _LOG.log(level, "reload", extra={"facts": facts})
        return outcomes

    def _reload_one(self, name: str) -> tuple[ReloadOutcome, Bundle | None]:
        old = self._bundles.get(name)
        old_digest = old.digest if old else ""
        try:
            if old is not None and _digest_on_disk(self._settings.models_dir / name) == old.digest:
                return ReloadOutcome(name, "unchanged", old.digest), old
            new = self._load_one(name)
        except CadxError as error:
            return ReloadOutcome(name, "refused", old_digest, error.code, error.detail), old
        return ReloadOutcome(name, "replaced" if old else "added", new.digest), new

    def _load_one(self, name: str) -> Bundle:
        threads = self._settings.compute_threads
        return load_bundle(self._settings.models_dir / name, self._settings.pinned_digests.get(name), threads=threads)

    def _names(self) -> tuple[str, ...]:
        if self._settings.model:
            return self._settings.model
        folder = self._settings.models_dir
        found = (path.parent.name for path in folder.glob(f"*/{MANIFEST}")) if folder.is_dir() else ()
        return tuple(sorted(name for name in found if not name.startswith(".")))


def _digest_on_disk(folder: Path) -> str:
    try:
        return file_sha256(folder / MANIFEST)
    except OSError:
        return ""
