"""API keys: kept as hashes, compared in constant time."""

import hashlib
import hmac
import logging
import math
import re
import secrets
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.errors import KeyFileInvalid, KeyMissing, KeyUnknown, NotAnAdministrator, RightMissing
from app.settings import Settings

_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,64}):(?P<digest>[0-9a-f]{64})(:(?P<rights>[a-z]+(\+[a-z]+)*))?")
_FILE_CHECK_SECONDS = 1.0
_LOG = logging.getLogger(__name__)


class Right(StrEnum):
    """What a key may do besides asking about images that it sends, which every key may."""

    READ = "read"
    """Have images fetched from a PACS, and search it."""
    STORE = "store"
    """Have results stored in a PACS."""
    ADMIN = "admin"
    """Reload models."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One caller: the key itself is not kept.

    A key is 256 random bits, which no dictionary holds, so that one SHA-256 (and no slow password hash) keeps it.
    """

    name: str
    digest: bytes
    rights: frozenset[Right] = frozenset()


def new_key(name: str, rights: Collection[Right] = ()) -> tuple[str, str]:
    """Make an API key: the key for the caller, and the entry for the operator's list."""
    key = secrets.token_urlsafe(32)
    told = "+".join(right for right in Right if right in rights)
    return key, f"{name}:{hashlib.sha256(key.encode()).hexdigest()}{told and f':{told}'}"


def parse_entries(lines: Iterable[str], where: str) -> tuple[KeyEntry, ...]:
    """Read key entries; blank lines and lines that begin with # are skipped.

    Raises
    ------
    KeyFileInvalid
        Names the entry, never its content.
    """
    entries: list[KeyEntry] = []
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = _ENTRY.fullmatch(text)
        rights = () if found is None or found["rights"] is None else found["rights"].split("+")
        if found is None or not set(rights) <= set(Right):
            raise KeyFileInvalid(where, number, "not NAME:SHA256 or NAME:SHA256:RIGHTS, with rights such as read+store")
        entries.append(KeyEntry(found["name"], bytes.fromhex(found["digest"]), frozenset(map(Right, rights))))
    return tuple(entries)


class KeyRing:
    """The keys in force: those of the environment and those of the file, which is read again when it changes."""

    def __init__(self, settings: Settings) -> None:
        values = (entry.get_secret_value() for entry in settings.api_keys)
        self._fixed = parse_entries(values, "CADX_API_KEYS")
        self._path = settings.api_keys_file
        self._file_entries: tuple[KeyEntry, ...] = ()
        self._stamp: tuple[int, int] | None = None
        self._checked_at = -math.inf
        if self._path is not None:
            self._refresh(self._path)

    @property
    def required(self) -> bool:
        """Whether callers need a key. A file that was given makes it so, even when it is empty."""
        return bool(self._fixed) or self._path is not None

    @property
    def entries(self) -> tuple[KeyEntry, ...]:
        """Every key in force now; a file that went bad while serving leaves the last good list."""
        if self._path is not None and time.monotonic() - self._checked_at > _FILE_CHECK_SECONDS:
            try:
                self._refresh(self._path)
            except KeyFileInvalid as error:
                _LOG.error(
                    "key_file_invalid", extra={"facts": {"detail": error.detail, "kept": len(self._file_entries)}}
                )
        return self._fixed + self._file_entries

    def find(self, key: str | None) -> KeyEntry | None:
        """Return the caller, or none when the service is open.

        Every entry is compared, in constant time, whatever the outcome.

        Raises
        ------
        KeyMissing, KeyUnknown
            When a key is required and it is missing or unknown.
        """
        if not self.required:
            return None
        if not key:
            raise KeyMissing
        digest = hashlib.sha256(key.encode()).digest()
        matches = [entry for entry in self.entries if hmac.compare_digest(entry.digest, digest)]
        if not matches:
            raise KeyUnknown
        return matches[0]

    def find_administrator(self, key: str | None) -> KeyEntry:
        """Return the caller if it may administer the service; without admin keys nobody may over HTTP."""
        entry = self.find(key)
        if entry is None or Right.ADMIN not in entry.rights:
            raise NotAnAdministrator
        return entry

    def require(self, entry: KeyEntry | None, right: Right) -> None:
        """Make sure that a caller has a right; whoever calls an open service has every one but to administer it.

        Raises
        ------
        RightMissing
            When its key does not have it.
        """
        if entry is not None and right not in entry.rights:
            raise RightMissing(right.value)

    def _refresh(self, path: Path) -> None:
        self._checked_at = time.monotonic()
        try:
            status = path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp == self._stamp:
                return
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise KeyFileInvalid(str(path), 0, f"cannot be read ({type(error).__name__})") from None
        self._file_entries = parse_entries(text.splitlines(), str(path))
        self._stamp = stamp
