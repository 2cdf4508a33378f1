"""The PACS that the operator configured: one table a PACS in a TOML file, its name the table's.

::

    [archive]
    url = "https://pacs.example.org/dicom-web"      # or wado, qido and stow, where the prefixes differ
    user = "cadx"
    password_file = "/run/secrets/pacs-password"    # read again when it changes
    ca_file = "/etc/ssl/hospital-ca.pem"
"""

import re
import tomllib
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from cadx.errors import PacsFileInvalid

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def _prefix(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an http or https URL without query and fragment is expected")
    if parts.username or parts.password:
        raise ValueError("user and password go into `user` and `password_file`")
    return url.rstrip("/")


Prefix = Annotated[str, AfterValidator(_prefix)]


class PacsConnection(BaseModel):
    """How one PACS is asked.

    Attributes
    ----------
    name
        What callers call it.
    url
        Prefix of all three services, where they do not differ.
    wado, qido, stow
        Prefixes of WADO-RS, QIDO-RS and STOW-RS, before ``/studies``.
    headers
        Sent with every request.
    user, password, password_file
        Basic authentication.
    token_file
        Holds a bearer token; read again when it changes.
    client_certificate, client_key
        PEM files for mutual TLS; the key may be in the certificate's file.
    ca_file
        PEM file of the authorities that sign the PACS's certificate; without it the system's.
    connect_seconds, read_seconds
        Longest wait for a connection, and between two pieces of an answer.
    connections
        Connections open to it at the same time.
    store
        Whether results may be stored in it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=f"^{NAME.pattern}$")
    url: Prefix | None = None
    wado: Prefix = ""
    qido: Prefix = ""
    stow: Prefix = ""
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    user: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    token_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    ca_file: Path | None = None
    connect_seconds: float = Field(5.0, gt=0, le=600)
    read_seconds: float = Field(20.0, gt=0, le=600)
    connections: int = Field(4, ge=1, le=256)
    store: bool = True

    @model_validator(mode="before")
    @classmethod
    def _one_prefix_for_all(cls, given: object) -> object:
        if isinstance(given, dict) and isinstance(given.get("url"), str):
            return {**dict.fromkeys(("wado", "qido", "stow"), given["url"]), **given}
        return given

    @model_validator(mode="after")
    def _whole(self) -> "PacsConnection":
        if not (self.wado and self.qido and self.stow):
            raise ValueError("give `url`, or all of `wado`, `qido` and `stow`")
        if (self.user is None) != (self.password is None and self.password_file is None):
            raise ValueError("`user` needs `password_file` (or `password`), and the other way round")
        if self.password is not None and self.password_file is not None:
            raise ValueError("give `password_file` or `password`, not both")
        if self.user is not None and self.token_file is not None:
            raise ValueError("give `user` or `token_file`, not both")
        if self.client_key is not None and self.client_certificate is None:
            raise ValueError("`client_key` needs `client_certificate`")
        return self


def read_connections(path: Path) -> dict[str, PacsConnection]:
    """Read the PACS of a file, by name.

    Raises
    ------
    PacsFileInvalid
        Names each entry that cannot be used, never its value.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PacsFileInvalid((f"the file cannot be read ({type(error).__name__})",)) from None
    except tomllib.TOMLDecodeError as error:
        raise PacsFileInvalid((f"not TOML: {_without_values(str(error))}",)) from None
    connections, problems = {}, []
    for name, table in tables.items():
        if not isinstance(table, dict):
            problems.append(f"{name}: a table [{name}] is expected")
            continue
        try:
            connections[name] = PacsConnection(name=name, **table)
        except TypeError:
            problems.append(f"{name}.name: the table's name is the name")
        except ValidationError as error:
            problems.extend(f"{'.'.join([name, *map(str, item['loc'])])}: {item['msg']}" for item in error.errors())
    if not tables:
        problems.append("no PACS in it")
    if problems:
        raise PacsFileInvalid(tuple(problems))
    return connections


def _without_values(message: str) -> str:
    """Where a TOML file is broken: its parser's message may quote a character, never more."""
    place = re.search(r"\(at [^)]*\)", message)
    return place.group() if place else "it cannot be parsed"
