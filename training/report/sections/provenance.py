"""The section that says where the numbers come from and how to make them again."""

from typing import Any

from training.report.blocks import Section, Table
from training.report.files import PROBABILITIES_CSV, STUDY_JSON
from training.report.study_record import Provenance, Study


def provenance_section(study: Study) -> Section:
    """Settings, digests, environment and what was left out."""
    origin = study.provenance
    blocks: list[str | Table] = [
        f"All facts of this report are in {STUDY_JSON}; every row's label, fold and probabilities are in "
        f"{PROBABILITIES_CSV}, from which each AUC can be computed again. The same manifest, settings, seed and "
        "library versions give the same numbers.",
        Table(
            "Settings.", ("Setting", "Value"), tuple((name, _text(value)) for name, value in origin.settings.items())
        ),
        Table("Digests (SHA-256).", ("What", "Digest"), _digests(origin)),
        Table(
            "Environment.",
            ("What", "Version"),
            (
                ("Python", origin.python),
                ("Platform", f"{origin.platform}, {origin.cores} cores"),
                *origin.libraries.items(),
            ),
        ),
    ]
    if study.skipped:
        rows = tuple((case.lesion_id, case.reason_code, case.reason) for case in study.skipped)
        blocks.append(Table("Cases left out.", ("Lesion", "Reason", "In words"), rows))
    return Section("provenance", "Where the numbers come from", tuple(blocks))


def _digests(origin: Provenance) -> tuple[tuple[str, str], ...]:
    rows = [
        (f"manifest {origin.manifest}", origin.manifest_sha256),
        ("CNN features", origin.cnn_features_sha256),
        ("lesion features", origin.lesion_features_sha256),
        ("CNN weights", str(origin.backbone["weights_sha256"])),
    ]
    if origin.bundle is not None:
        rows.append((f"bundle {origin.bundle['name']}", origin.bundle["digest"]))
    return tuple(rows)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_text(item)}" for name, item in value.items())
    return "yes" if value is True else "no" if value is False else str(value)
