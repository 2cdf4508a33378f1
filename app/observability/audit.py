"""One JSON line for each image that was read from a PACS, each object that was stored in it and each search of it.

The operator names the file; it holds UIDs, and no patient's name or number. It is opened for appending at each line, so
that it may be rotated.
"""

import json
import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from app.errors import AuditFileUnusable
from app.observability.request_context import current_request
from cadx.exchange.dicomweb import InstanceName


class AuditLog:
    """Writes the lines, or none where no file is named.

    Raises
    ------
    AuditFileUnusable
        When the file cannot be opened.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lock = threading.Lock()
        if path is not None:
            self._append("")

    def note(self, action: str, pacs: str, name: InstanceName, outcome: str) -> None:
        """Write that something was read or stored, or that it could not be."""
        self._write(action, pacs, outcome, study=name.study, series=name.series, instance=name.instance)

    def note_search(self, pacs: str, outcome: str, studies: Sequence[str]) -> None:
        """Write that a PACS was searched, and the studies that were shown; never what was looked for."""
        self._write("search", pacs, outcome, studies=list(studies))

    def _write(self, action: str, pacs: str, outcome: str, **uids: str | list[str]) -> None:
        if self._path is None:
            return
        context = current_request()
        line = {
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "action": action,
            "outcome": outcome,
            "key": context.key_name or None,
            "request_id": context.request_id,
            "pacs": pacs,
            **uids,
        }
        self._append(json.dumps(line) + "\n")

    def _append(self, text: str) -> None:
        try:
            with self._lock:
                file = os.open(str(self._path), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
                try:
                    os.write(file, text.encode())
                finally:
                    os.close(file)
        except OSError as error:
            raise AuditFileUnusable(error.strerror or type(error).__name__) from None
