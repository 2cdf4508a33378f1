"""What every importer gives: the cases it could use, and what it left out and why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from training.cohort.cases import Case
from training.errors import ImportEmpty

NO_SUCH_FILE_FLOAT = "no such file: a spreadsheet has turned its name into a decimal number"
LESION_CONTRADICTS_ITSELF = "the views of the lesion have different labels or patients"


@dataclass(frozen=True, slots=True)
class Skipped:
    """One annotation that became no case.

    Attributes
    ----------
    place
        Where it stands in the data set, such as a file and a line.
    reason
        Why it was left out; the same words for the same reason.
    detail
        The facts of this one, if any.
    """

    place: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome of an import.

    Attributes
    ----------
    cases
        What goes into the manifest.
    skipped
        What does not.
    notes
        What a user of the manifest should know.
    """

    cases: tuple[Case, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...] = ()


def finish(dataset: str, cases: Iterable[Case], skipped: Iterable[Skipped], notes: Iterable[str] = ()) -> Imported:
    """Leave out lesions that contradict themselves and refuse an empty outcome.

    Parameters
    ----------
    dataset
        Name, for the error.
    cases, skipped, notes
        What the importer found.

    Raises
    ------
    ImportEmpty
        When no case is left.
    """
    found = tuple(cases)
    left_out = list(skipped)
    labels: dict[str, set[tuple[int, str | None]]] = {}
    for case in found:
        labels.setdefault(case.lesion_id, set()).add((int(case.label), case.patient_id))
    consistent = [case for case in found if len(labels[case.lesion_id]) == 1]
    contradictory = [case for case in found if len(labels[case.lesion_id]) > 1]
    left_out += [Skipped(case.image.name, LESION_CONTRADICTS_ITSELF, case.lesion_id) for case in contradictory]
    if not consistent:
        reasons = Counter(skip.reason for skip in left_out).most_common(1)
        raise ImportEmpty(dataset, len(left_out), reasons[0][0] if reasons else "its tables are empty")
    return Imported(tuple(consistent), tuple(left_out), tuple(notes))
