"""Refusals: a PACS cannot be asked, or did not give what was asked.

No fact holds a UID or an address: who is allowed to read the log of a service need not know whose images it fetched.
"""

from dataclasses import dataclass
from typing import ClassVar

from cadx.errors.base import CadxError


@dataclass(eq=False)
class PacsError(CadxError):
    """A PACS cannot be asked, or did not give what was asked."""

    code: ClassVar[str] = "pacs_error"


@dataclass(eq=False)
class PacsFault(PacsError):
    """One PACS cannot be asked, or did not give what was asked."""

    pacs: str

    code: ClassVar[str] = "pacs_fault"


@dataclass(eq=False)
class PacsFileInvalid(PacsError):
    """The file that names the PACS cannot be used."""

    problems: tuple[str, ...]

    code: ClassVar[str] = "pacs_file_invalid"
    summary: ClassVar[str] = "The file that names the PACS cannot be used: {problems}."
    remedy: ClassVar[str] = "Correct the named entries; each is described in cadx.exchange.dicomweb.PacsConnection."


@dataclass(eq=False)
class PacsUnknown(PacsFault):
    """No PACS of that name is configured."""

    configured: tuple[str, ...]

    code: ClassVar[str] = "pacs_unknown"
    summary: ClassVar[str] = "No PACS named '{pacs}' is configured."
    remedy: ClassVar[str] = "Name one of `configured`; the operator sets them in the file that CADX_PACS_FILE names."


@dataclass(eq=False)
class InstanceNotInPacs(PacsFault):
    """The PACS does not have the instance."""

    code: ClassVar[str] = "instance_not_in_pacs"
    summary: ClassVar[str] = "The PACS '{pacs}' has no such instance."
    remedy: ClassVar[str] = "Check the study, series and SOP instance UIDs, or send the file itself."


@dataclass(eq=False)
class PacsUnreachable(PacsFault):
    """The PACS cannot be reached."""

    reason: str

    code: ClassVar[str] = "pacs_unreachable"
    summary: ClassVar[str] = "The PACS '{pacs}' cannot be reached: {reason}."
    remedy: ClassVar[str] = "Try again later; the operator checks address, network and certificates."


@dataclass(eq=False)
class PacsTooSlow(PacsFault):
    """The PACS did not answer in time."""

    limit_seconds: float

    code: ClassVar[str] = "pacs_too_slow"
    summary: ClassVar[str] = "The PACS '{pacs}' did not give the whole answer within {limit_seconds:g} s."
    remedy: ClassVar[str] = "Try again later, or send the file itself; the operator may raise CADX_PACS_SECONDS."


@dataclass(eq=False)
class PacsRefused(PacsFault):
    """The PACS refused the request."""

    pacs_status: int

    code: ClassVar[str] = "pacs_refused"
    summary: ClassVar[str] = "The PACS '{pacs}' refused with HTTP status {pacs_status}."
    remedy: ClassVar[str] = (
        "401 and 403: the operator checks the user, token or client certificate of this PACS; 429 and 503: try later."
    )


@dataclass(eq=False)
class PacsAnswerUnreadable(PacsFault):
    """The PACS answered what cannot be used."""

    reason: str

    code: ClassVar[str] = "pacs_answer_unreadable"
    summary: ClassVar[str] = "The answer of the PACS '{pacs}' cannot be used: {reason}."
    remedy: ClassVar[str] = (
        "The operator checks the WADO, QIDO and STOW prefixes of this PACS; send the file itself meanwhile."
    )


@dataclass(eq=False)
class PacsInstanceTooLarge(PacsFault):
    """The instance is larger than the service takes."""

    limit_mb: int

    code: ClassVar[str] = "pacs_instance_too_large"
    summary: ClassVar[str] = "The instance in the PACS '{pacs}' is larger than the limit of {limit_mb} MiB."
    remedy: ClassVar[str] = "Ask for one frame in a file of its own, or ask the operator to raise CADX_MAX_BODY_MB."


@dataclass(eq=False)
class PacsSentAnotherInstance(PacsFault):
    """The PACS sent another instance than it was asked for."""

    attribute: str

    code: ClassVar[str] = "pacs_sent_another_instance"
    summary: ClassVar[str] = "The PACS '{pacs}' sent an instance whose {attribute} is not the one that was asked for."
    remedy: ClassVar[str] = "Check that the three UIDs belong together; look the instance up again in the PACS."
