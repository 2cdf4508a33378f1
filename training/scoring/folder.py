"""A folder of DICOM files, and marks on them: a table, structured reports, presentation states."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cadx.errors import AnnotationUnreadable
from training.errors import ScoringSourceUnusable
from training.scoring.annotations import dicom_class, is_annotation, marks_of, read_annotation
from training.scoring.inputs import Input, Source
from training.scoring.marks import SOP_INSTANCE, Marks

_log = logging.getLogger(__name__)


def folder_source(folder: Path, marks: Sequence[Path]) -> Source:
    """Give the lesions that are marked on the images of a folder.

    Parameters
    ----------
    folder
        Searched with its subfolders; files are known by what they hold, whatever their names.
    marks
        Tables (names ending in ``.csv``) with x, y and either `image`, relative to the folder, or `sop_instance_uid`;
        files and folders of SR and GSPS objects. None: the SR and GSPS objects in the folder itself.

    Raises
    ------
    ScoringSourceUnusable
        When nothing is marked.
    CohortError
        When a table cannot be understood.
    """
    tables = [path for path in marks if path.suffix.lower() == ".csv"]
    named = [path for path in marks if path not in tables]
    by_path = [Marks(path, ("image", "x", "y")) for path in tables if _has_column(path, "image")]
    by_uid = [Marks(path, (SOP_INSTANCE, "x", "y")) for path in tables if not _has_column(path, "image")]
    images, annotations = dict[str, str](), list[Path]()
    if by_uid or named or not marks:
        images, annotations = _index(folder)
    if named:
        annotations = [file for path in named for file in _annotations(path)]
    drawn = _drawn(images, annotations)
    count = sum(table.checked() for table in (*by_path, *by_uid)) + len(drawn)
    if count == 0:
        raise ScoringSourceUnusable(
            str(folder), f"no lesion is marked: {len(images)} images and {len(annotations)} SR or GSPS objects found"
        )

    def walk() -> Iterator[Input]:
        for table in by_path:
            yield from table
        for table in by_uid:
            for item in table:
                yield replace(item, image=images.get(item.image, item.image))
        yield from drawn

    return Source(folder.name or str(folder), folder.resolve(), count, walk)


def _index(folder: Path) -> tuple[dict[str, str], list[Path]]:
    """Find the DICOM objects below a folder: images, by SOP Instance UID, and annotations."""
    images, annotations = dict[str, str](), list[Path]()
    for path in sorted(folder.rglob("*")):
        found = dicom_class(path) if path.is_file() else None
        if found is None:
            continue
        if is_annotation(found[0]):
            annotations.append(path)
        elif found[1] not in images:
            images[found[1]] = path.relative_to(folder).as_posix()
    return images, annotations


def _annotations(path: Path) -> list[Path]:
    """Give the annotations that a name stands for: itself, or those below a folder."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    found = [file for file in files if file.is_file() and is_annotation((dicom_class(file) or ("", ""))[0])]
    if not found:
        raise ScoringSourceUnusable(str(path), "no table, no structured report and no presentation state is there")
    return found


def _drawn(images: dict[str, str], annotations: Sequence[Path]) -> list[Input]:
    """Give what annotations mark on the images, in the order of the images, each place once."""
    found = dict[Input, None]()
    for path in annotations:
        try:
            marks = list(marks_of(read_annotation(path), images))
        except AnnotationUnreadable as error:
            _log.warning("%s is passed over: %s", path, error.detail)
            continue
        for uid, center in marks:
            found[Input(images[uid], center.x, center.y, sop_instance_uid=uid)] = None
    return sorted(found, key=lambda item: (item.image, item.y, item.x))


def _has_column(path: Path, name: str) -> bool:
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            return name in [cell.strip().strip('"') for cell in file.readline().split(",")]
    except OSError:
        return True  # Reading the table tells what is wrong with it.
