"""Writing a study's folder: facts, probabilities, report."""

from pathlib import Path

from rich.console import Console

from cadx.lesion import SegmentationMethod
from cadx.mammogram import ReadingPolicy
from training.analysis.scored import Scored
from training.outputs import FolderOutput, read_json
from training.progress import progress_bar
from training.report.content import make_report
from training.report.files import PROBABILITIES_CSV, STUDY_JSON, write_probabilities, write_study_json
from training.report.markdown import FIGURES
from training.report.sections.pictures import rows_to_draw
from training.report.study_record import Study
from training.report.thumbnails import lesion_views
from training.report.write import HTML, MARKDOWN, write_report

STUDY = FolderOutput(
    "a study",
    (STUDY_JSON, PROBABILITIES_CSV, HTML, MARKDOWN, FIGURES),
    lambda folder: {"format", "analysis", "provenance"} <= read_json(folder / STUDY_JSON).keys(),
)


def write_study(
    folder: Path,
    study: Study,
    scored: Scored,
    policy: ReadingPolicy,
    method: SegmentationMethod,
    console: Console,
) -> None:
    """Write ``study.json``, ``probabilities.csv``, ``report.html``, ``report.md`` and ``figures/``.

    Lesions that the report shows are read and outlined again, by the `policy` and the `method` of their features.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_study_json(folder / STUDY_JSON, study)
    write_probabilities(folder / PROBABILITIES_CSV, scored)
    with progress_bar(console, "pictures of lesions") as progress:
        views = lesion_views(scored.cases, policy, method, rows_to_draw(scored, study.analysis), progress)
    write_report(folder, make_report(study, scored, views))
