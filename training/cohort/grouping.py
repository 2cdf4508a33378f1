"""What folds must not split: cases that share a patient, a lesion or a picture, directly or by way of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from training.cohort.cases import Case
from training.errors import RowsContradict, RowsRepeated

SAME_PLACE_MM = 2.0
"""Marks on one picture that are no farther apart mark one place: no reader tells two masses apart by less."""
_SHOWN_PAIRS = 5

Numbers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Picture:
    """What a case's image shows, whatever its file.

    Attributes
    ----------
    content
        Digest of the decoded pixels: `cadx.mammogram.content_digest`.
    row_mm, column_mm
        Size of a pixel.
    """

    content: str
    row_mm: float
    column_mm: float


@dataclass(frozen=True, slots=True)
class Joined:
    """Patients (lesions, where patients are not known) that are one group because they have pictures in common.

    Attributes
    ----------
    lesions
        Those on the common pictures, sorted.
    images
        The common pictures' files, by name, sorted.
    patients
        How many of them are known.
    """

    lesions: tuple[str, ...]
    images: tuple[str, ...]
    patients: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """The groups of a cohort.

    Attributes
    ----------
    numbers
        (n,) group of each case.
    joined
        The groups that only a picture's content holds together.
    """

    numbers: Numbers
    joined: tuple[Joined, ...] = ()


def group_cases(cases: Sequence[Case], pictures: Sequence[Picture] = ()) -> Grouping:
    """Group cases by patient, lesion and picture: the connected components of "shares one of them".

    Parameters
    ----------
    cases
        The n cases.
    pictures
        What each shows; none: not read yet, and cases are grouped by patient and lesion alone.
    """
    names = [f"patient {case.patient_id}" if case.patient_id else f"lesion {case.lesion_id}" for case in cases]
    patients, lesions = [case.patient_id for case in cases], [case.lesion_id for case in cases]
    named = components(names, patients, lesions)
    if not pictures:
        return Grouping(named)
    contents = [picture.content for picture in pictures]
    numbers = components(names, patients, lesions, contents)
    return Grouping(numbers, _joined(cases, contents, named, numbers))


def components(names: Sequence[str], *identifiers: Sequence[str | None]) -> Numbers:
    """Number the components of rows that share an identifier, in sorted order of the first name in each.

    Parameters
    ----------
    names
        (n,) a name for each row; decides the order alone.
    identifiers
        Of each kind (n,), none where it is not known.
    """
    edges: list[tuple[int, int]] = []
    nodes: dict[tuple[int, str], int] = {}
    for kind, column in enumerate(identifiers):
        for row, identifier in enumerate(column):
            if identifier is not None:
                edges.append((row, nodes.setdefault((kind, identifier), len(names) + len(nodes))))
    size = len(names) + len(nodes)
    rows, columns = np.array(edges, dtype=np.intp).reshape(-1, 2).T
    graph = coo_array((np.ones(len(edges), dtype=np.int8), (rows, columns)), shape=(size, size))
    component = connected_components(graph, directed=False)[1][: len(names)].tolist()
    first: dict[int, str] = {}
    for number, name in zip(component, names, strict=True):
        first[number] = min(name, first.get(number, name))
    return np.unique([first[number] for number in component], return_inverse=True)[1].astype(np.intp)


def check_rows(cases: Sequence[Case], pictures: Sequence[Picture]) -> None:
    """Refuse rows that mark one place of one picture twice.

    Raises
    ------
    RowsContradict
        When they call it benign and malignant.
    RowsRepeated
        When they say the same.
    """
    by_content: dict[str, list[int]] = {}
    for row, picture in enumerate(pictures):
        by_content.setdefault(picture.content, []).append(row)
    pairs = [
        pair
        for rows in by_content.values()
        for pair in combinations(rows, 2)
        if _distance_mm(cases, pictures, *pair) <= SAME_PLACE_MM
    ]
    contradictory = [(a, b) for a, b in pairs if cases[a].label is not cases[b].label]
    if contradictory:
        raise RowsContradict(_shown(cases, contradictory), len(contradictory), SAME_PLACE_MM)
    if pairs:
        raise RowsRepeated(_shown(cases, pairs), len(pairs), SAME_PLACE_MM)


def _distance_mm(cases: Sequence[Case], pictures: Sequence[Picture], a: int, b: int) -> float:
    one, two = cases[a].center, cases[b].center
    return float(np.hypot((one.x - two.x) * pictures[a].column_mm, (one.y - two.y) * pictures[a].row_mm))


def _shown(cases: Sequence[Case], pairs: Sequence[tuple[int, int]]) -> str:
    shown = [f"{_row(cases[a])} and {_row(cases[b])}" for a, b in pairs[:_SHOWN_PAIRS]]
    return "; ".join(shown) + ("" if len(pairs) <= _SHOWN_PAIRS else f"; and {len(pairs) - _SHOWN_PAIRS} more pairs")


def _row(case: Case) -> str:
    line = "" if case.line is None else f"line {case.line}: "
    return f"{line}{case.image.name}, lesion {case.lesion_id}"


def _joined(cases: Sequence[Case], contents: Sequence[str], named: Numbers, numbers: Numbers) -> tuple[Joined, ...]:
    """Find the groups that hold more than one of the groups known by name."""
    owners: dict[str, set[int]] = {}
    for content, owner in zip(contents, named.tolist(), strict=True):
        owners.setdefault(content, set()).add(owner)
    common: dict[int, list[Case]] = {}
    for case, content, number in zip(cases, contents, numbers.tolist(), strict=True):
        if len(owners[content]) > 1:
            common.setdefault(number, []).append(case)
    return tuple(
        Joined(
            lesions=tuple(sorted({case.lesion_id for case in found})),
            images=tuple(sorted({case.image.name for case in found})),
            patients=len({case.patient_id for case in found if case.patient_id}),
        )
        for _, found in sorted(common.items())
    )
