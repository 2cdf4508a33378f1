"""The base of every refusal."""

from dataclasses import dataclass, fields
from typing import ClassVar


@dataclass(eq=False)
class CadxError(Exception):
    """Base of every error that a user of the product can cause or mend.

    Attributes
    ----------
    code
        Stable, lower-case, underscore-separated name of the problem.
    summary
        What is wrong: a format string over the error's fields.
    remedy
        What the user can do about it.
    """

    code: ClassVar[str] = "cadx_error"
    summary: ClassVar[str] = ""
    remedy: ClassVar[str] = ""

    def __post_init__(self) -> None:
        """Hand the facts to `Exception`, for its repr."""
        super().__init__(*self.facts.values())

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes by the facts' names: some are keyword-only."""
        return _rebuilt, (type(self), self.facts)

    @property
    def facts(self) -> dict[str, object]:
        """The error's own fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def detail(self) -> str:
        """The summary with the facts filled in."""
        return self.summary.format(**self.facts)

    def __str__(self) -> str:
        return f"{self.detail} {self.remedy}".strip()


def _rebuilt(kind: type[CadxError], facts: dict[str, object]) -> CadxError:
    return kind(**facts)
