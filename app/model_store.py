"""The models in service: loaded, self-tested, and exchanged without dropping a request."""

import logging
import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

from app.errors import ModelChoiceNeeded, ModelUnknown, NoModelBundle, NotReady
from app.settings import Settings
from cadx.assessment import assess
from cadx.bundle import MANIFEST, Bundle, load_bundle
from cadx.digests import file_sha256
from cadx.errors import BundleIncompatible, CadxError
from cadx.records import (
    ROI_SIZE_PX,
    ROI_SPACING_MM,
    FloatImage,
    LesionCenter,
    Mammogram,
    PixelWindow,
    Spacing,
    SpacingSource,
)

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
        bundle = load_bundle(self._settings.models_dir / name, self._settings.pinned_digests.get(name), threads=threads)
        prove(bundle)
        return bundle

    def _names(self) -> tuple[str, ...]:
        if self._settings.model:
            return self._settings.model
        folder = self._settings.models_dir
        found = (path.parent.name for path in folder.glob(f"*/{MANIFEST}")) if folder.is_dir() else ()
        return tuple(sorted(name for name in found if not name.startswith(".")))


@dataclass(frozen=True, slots=True)
class _DiscPixels:
    """A bright disc on a darker ground: the synthetic lesion of the proof."""

    gray: FloatImage

    def window(self, row_start: int, row_stop: int, column_start: int, column_stop: int) -> PixelWindow:
        gray = self.gray[row_start:row_stop, column_start:column_stop]
        return PixelWindow(gray, np.ones(gray.shape, dtype=np.bool_))


def prove(bundle: Bundle) -> None:
    """Let a model assess a synthetic lesion, made in memory; also pays the first inference's warm-up.

    Raises
    ------
    BundleIncompatible
        When the model fails or its answer is not three probabilities whose third is what the others vote.
    """
    try:
        answer = assess(bundle, synthetic_mammogram(), LesionCenter(ROI_SIZE_PX / 2, ROI_SIZE_PX / 2))
    except CadxError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a foreign estimator raises, the bundle is what is at fault
        raise BundleIncompatible(bundle.manifest.name, f"its first inference failed ({type(error).__name__})") from None
    values = (
        answer.probability,
        answer.cnn_probability,
        answer.lesion_probability,
        answer.calibrated_probability,
    )
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in values):
        raise BundleIncompatible(bundle.manifest.name, "its first inference did not give probabilities")


def synthetic_mammogram() -> Mammogram:
    """A 51 mm square mammogram at 0.1 mm with one disc of 12 mm in its middle."""
    rows, columns = np.mgrid[:ROI_SIZE_PX, :ROI_SIZE_PX]
    radius_px = np.hypot(rows - ROI_SIZE_PX / 2, columns - ROI_SIZE_PX / 2)
    texture = 0.02 * np.sin(rows / 7.0) * np.cos(columns / 11.0)
    gray = (0.35 + 0.35 / (1.0 + np.exp((radius_px - 60.0) / 4.0)) + texture).astype(np.float32)
    spacing = Spacing(ROI_SPACING_MM, ROI_SPACING_MM, SpacingSource.CALLER)
    return Mammogram(ROI_SIZE_PX, ROI_SIZE_PX, spacing, _DiscPixels(gray), "synthetic")


def _digest_on_disk(folder: Path) -> str:
    try:
        return file_sha256(folder / MANIFEST)
    except OSError:
        return ""
