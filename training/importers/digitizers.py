"""Film digitizers of the DDSM, and the pixel spacing that follows from them.

The original DDSM names the digitizer of every case and its resolution in the case's ``.ics`` file (Heath et al., 2001):
DBA 42 um, Howtek 43.5 um, Lumisys 50 um. CBIS-DDSM does not pass that on and its DICOM files carry no spacing, so the
digitizer has to be given, for everything or patient by patient; it is never guessed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from training.errors import ImportSettingInvalid
from training.importers.dataset import DataSet


class Digitizer(StrEnum):
    """Film digitizers of the DDSM."""

    DBA = "dba"
    HOWTEK = "howtek"
    LUMISYS = "lumisys"


SPACINGS_MM = {Digitizer.DBA: 0.042, Digitizer.HOWTEK: 0.0435, Digitizer.LUMISYS: 0.05}


@dataclass(frozen=True, slots=True)
class Digitizers:
    """Which digitizer made which patient's images.

    Attributes
    ----------
    by_patient
        Where known.
    otherwise
        For all other patients; None leaves them out.
    """

    by_patient: Mapping[str, Digitizer]
    otherwise: Digitizer | None = None

    def spacing_mm(self, patient_id: str) -> float | None:
        """Pixel size of a patient's images; None when the digitizer is not known."""
        digitizer = self.by_patient.get(patient_id, self.otherwise)
        return None if digitizer is None else SPACINGS_MM[digitizer]


def read_digitizers(path: Path | None, otherwise: Digitizer | None) -> Digitizers:
    """Read a CSV with the columns ``patient_id`` and ``digitizer``.

    Raises
    ------
    ImportSettingInvalid
        When neither a table nor a digitizer for everything is given.
    """
    if path is None and otherwise is None:
        raise ImportSettingInvalid("digitizer", "", "given: " + ", ".join(Digitizer) + ", or a table of patients")
    rows = [] if path is None else DataSet("CBIS-DDSM").table(path, ("patient_id", "digitizer"))
    known = {row.text("patient_id"): Digitizer(row.one_of("digitizer", tuple(Digitizer))) for row in rows}
    return Digitizers(known, otherwise)
