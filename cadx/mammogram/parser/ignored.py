"""What a header says wrongly of things that the answer does not depend on: read as if it were absent, and told."""

from enum import IntEnum

from cadx.flags import Flag, FlagCode


class IgnoredValues:
    """The attributes of one file whose values were taken for absent, each with the first reason.

    Reasons are sentences of ours; the value itself is never kept.
    """

    def __init__(self) -> None:
        self._reasons: dict[IntEnum, str] = {}

    def note(self, tag: IntEnum, reason: str) -> None:
        """Remember that a value is not used."""
        self._reasons.setdefault(tag, reason)

    def flags(self) -> tuple[Flag, ...]:
        """One flag an attribute, in the order of their tags."""
        return tuple(_flag(tag, reason) for tag, reason in sorted(self._reasons.items()))


def _flag(tag: IntEnum, reason: str) -> Flag:
    number = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    message = f"{tag.name} {number} {reason}: it was read as if it were absent."
    return Flag(FlagCode.HEADER_VALUE_IGNORED, message, {"tag": number, "keyword": tag.name, "reason": reason})
