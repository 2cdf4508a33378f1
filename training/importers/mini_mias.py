"""mini-MIAS: 322 film mammograms at 0.2 mm with lesion centers and pathology (Suckling et al., 1994).

Coordinates in ``Info.txt`` have their origin at the bottom left corner of the 1024 x 1024 image. They are taken as
positions measured from that corner, so that in SCOORD terms x stays and y becomes 1024 - y, with nothing added for
half a pixel: read as pixel numbers instead, the centers would move by half a pixel, 0.1 mm, which is far below the
care with which they were marked.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from cadx.records import LesionCenter
from training.cohort.cases import Case, Label
from training.errors import ImportFileUnreadable, ImportSourceMissing, ImportValueInvalid
from training.importers.centers import why_misplaced
from training.importers.records import Imported, Skipped, finish

DATASET = "mini-MIAS"
SIZE_PX = 1024
SPACING_MM = 0.2
VIEW = "MLO"  # every film of the MIAS database is a medio-lateral oblique view
CLASSES = ("CALC", "CIRC", "SPIC", "MISC", "ARCH", "ASYM", "NORM")
TISSUES = ("F", "G", "D")
SEVERITIES = {"B": Label.BENIGN, "M": Label.MALIGNANT}

NORMAL = "normal mammogram"
NO_COORDINATES = "no coordinates given"
CALCIFICATION = "calcifications, not a mass (--include-calcifications keeps them)"
NO_IMAGE = "the image file is not there"

_ROW = re.compile(r"mdb\d{3}\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    words: tuple[str, ...]

    @property
    def image_id(self) -> str:
        return self.words[0]

    @property
    def place(self) -> str:
        return f"Info.txt line {self.number} ({self.image_id})"

    def word(self, position: int, column: str, choices: tuple[str, ...]) -> str:
        value = self.words[position] if position < len(self.words) else ""
        if value not in choices:
            raise self.invalid(column, value, " or ".join(choices))
        return value

    def pixel(self, position: int, column: str) -> int:
        value = self.words[position] if position < len(self.words) else ""
        if not (value.isascii() and value.isdecimal()):
            raise self.invalid(column, value, "a whole number of pixels")
        return int(value)

    def invalid(self, column: str, value: str, expected: str) -> ImportValueInvalid:
        return ImportValueInvalid(DATASET, "Info.txt", self.number, column, value, expected)


def import_mini_mias(folder: Path, *, include_calcifications: bool = False) -> Imported:
    """Read the lesions of a mini-MIAS folder; images stay where they are.

    Parameters
    ----------
    folder
        Holds ``Info.txt`` and ``mdb001.pgm`` onwards, all of them or some.
    include_calcifications
        Keep calcification clusters, whose given center is that of the cluster.

    Returns
    -------
    Imported
        One case a lesion. Films 2k-1 and 2k are one patient's; every view is MLO.

    Raises
    ------
    ImportSourceMissing, ImportFileUnreadable, ImportValueInvalid, ImportEmpty
        When ``Info.txt`` is missing, is not text or has a malformed row, an image is none or has another size, or
        nothing is left.
    """
    cases: list[Case] = []
    skipped: list[Skipped] = []
    seen: dict[str, int] = {}
    for line in _annotation_lines(folder / "Info.txt"):
        seen[line.image_id] = seen.get(line.image_id, 0) + 1
        outcome = _case(folder, line, seen[line.image_id], include_calcifications)
        if isinstance(outcome, Case):
            cases.append(outcome)
        else:
            skipped.append(outcome)
    return finish(DATASET, cases, skipped, ("Research use only; see Licence.txt of the data set.",))


def _annotation_lines(path: Path) -> list[_Line]:
    try:
        text = path.read_text(encoding="utf-8-sig")  # ASCII as distributed; editors put a byte order mark before it
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise ImportSourceMissing(DATASET, str(path)) from None
    except UnicodeDecodeError as error:
        raise ImportFileUnreadable(DATASET, path.name, str(error)) from None
    return [
        _Line(number, tuple(line.split()))
        for number, line in enumerate(text.splitlines(), start=1)
        if _ROW.match(line.strip())
    ]


def _case(folder: Path, line: _Line, ordinal: int, include_calcifications: bool) -> Case | Skipped:
    line.word(1, "tissue", TISSUES)
    kind = line.word(2, "class", CLASSES)
    if kind == "NORM":
        return Skipped(line.place, NORMAL)
    label = SEVERITIES[line.word(3, "severity", tuple(SEVERITIES))]
    if len(line.words) == 4 or line.words[4].startswith("*"):
        return Skipped(line.place, NO_COORDINATES)
    x, y = line.pixel(4, "x"), line.pixel(5, "y")
    line.pixel(6, "radius")
    image = folder / f"{line.image_id}.pgm"
    center = LesionCenter(float(x), float(SIZE_PX - y))
    reason = _reason_to_skip(kind, center, image, include_calcifications)
    if reason:
        return Skipped(line.place, reason)
    _check_size(image)
    return Case(
        image=image,
        center=center,
        label=label,
        lesion_id=f"{line.image_id}-{ordinal}",
        patient_id=_patient(line.image_id),
        pixel_spacing_mm=SPACING_MM,
        view=VIEW,
    )


def _reason_to_skip(kind: str, center: LesionCenter, image: Path, include_calcifications: bool) -> str | None:
    if kind == "CALC" and not include_calcifications:
        return CALCIFICATION
    if reason := why_misplaced(center, SIZE_PX, SIZE_PX):
        return reason
    return None if image.is_file() else NO_IMAGE


def _patient(image_id: str) -> str:
    """Films 2k-1 and 2k are the two breasts of patient k."""
    number = int(image_id.removeprefix("mdb"))
    return f"mias-{(number + 1) // 2:03d}"


def _check_size(path: Path) -> None:
    """Refuse an image that is not 1024 x 1024: its coordinates would mean another place."""
    try:
        with Image.open(path) as image:
            size = image.size
    except (UnidentifiedImageError, ValueError) as error:
        raise ImportFileUnreadable(DATASET, path.name, str(error)) from None
    if size != (SIZE_PX, SIZE_PX):
        raise ImportFileUnreadable(DATASET, path.name, f"it has {size[0]} x {size[1]} pixels and not 1024 x 1024")
