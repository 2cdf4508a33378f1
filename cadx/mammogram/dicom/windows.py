"""The first window of a DICOM header that can be used (PS3.3 C.11.2.1.2)."""

from itertools import zip_longest

from cadx.errors import InvalidHeaderValue
from cadx.mammogram.gray.transformations import VoiFunction, Window
from cadx.mammogram.parser.header import Header
from cadx.mammogram.parser.tags import Tag

_SMALLEST_WIDTH = 1e-6


def first_window(header: Header) -> Window | None:
    """The first pair of Window Center and Width that is one; None where there is none.

    A value that is missing, or a width of zero, makes no window: it is a placeholder and passed over.

    Raises
    ------
    InvalidHeaderValue
        When a value is there and is no number, or a width is negative.
    """
    centers, widths = _values(header, Tag.WindowCenter), _values(header, Tag.WindowWidth)
    for center, width in zip_longest(centers, widths):
        if center is None or width is None:
            missing = Tag.WindowWidth if width is None else Tag.WindowCenter
            there = Tag.WindowCenter if width is None else Tag.WindowWidth
            header.ignored.note(there, f"has no {missing.name} beside it")
        elif width < 0.0:
            raise InvalidHeaderValue(Tag.WindowWidth.number, Tag.WindowWidth.name, "is negative")
        elif width < _SMALLEST_WIDTH:
            header.ignored.note(Tag.WindowWidth, "is zero, so that there is no window")
        else:
            return _window(header, center, width)
    return None


def _window(header: Header, center: float, width: float) -> Window:
    """A window with its function. What the standard does not define counts as absent, and absent means LINEAR."""
    name = header.term(Tag.VOILUTFunction) or VoiFunction.LINEAR
    if name not in set(VoiFunction):
        header.ignored.note(Tag.VOILUTFunction, "is no function of the standard, so that LINEAR is meant")
        name = VoiFunction.LINEAR
    function = VoiFunction(name)
    if function is VoiFunction.LINEAR and width < 1.0:
        # LINEAR counts steps of 1 between whole numbers and has no meaning below it (a small rescale slope).
        header.ignored.note(Tag.VOILUTFunction, "cannot be LINEAR with a width below 1, so that LINEAR_EXACT is meant")
        function = VoiFunction.LINEAR_EXACT
    return Window(center, width, function)


def _values(header: Header, tag: Tag) -> list[float | None]:
    """The numbers of a multi-valued decimal string, None where a value is empty."""
    return list(header.decimals_with_gaps(tag))
