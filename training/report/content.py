"""The whole report, before it is HTML or Markdown."""

from collections.abc import Mapping

from training.analysis.scored import Scored
from training.analysis.wording import interval, read_calibration, read_conclusion, read_uninformative
from training.report.blocks import Report, Section
from training.report.sections.cohort import (
    agreement_section,
    alternatives_section,
    association_section,
    cohort_section,
)
from training.report.sections.comparison import comparison_section
from training.report.sections.parts import layer_section, subgroup_section
from training.report.sections.performance import performance_section
from training.report.sections.pictures import picture_sections
from training.report.sections.probabilities import calibration_section, operating_section
from training.report.sections.provenance import provenance_section
from training.report.sections.trust import trust_section
from training.report.study_record import Study, StudyKind
from training.report.thumbnails import LesionView

METHOD = (
    "Method (Huynh, Li & Giger, J. Med. Imaging 3(3) 034501, 2016): a reader marks the lesion's center; a region of "
    "51.2 mm about it is described by a pretrained CNN used as it is (SVM1) and by measurements of the automatically "
    "outlined lesion (SVM2); each has a support vector machine with polynomial kernel, and the ensemble averages their "
    "calibrated probabilities."
)
HOW = {
    StudyKind.CROSS_VALIDATION: (
        "Every probability below is of a ROI that the classifier, its scaling, its grid search and its calibration had "
        "not seen: all of them learn inside the training part of each fold, and folds are grouped by {group}: none is "
        "split."
    ),
    StudyKind.NEGATIVE_CONTROL: (
        "NEGATIVE CONTROL: the labels were permuted among the lesions, so there is nothing to find. A study that "
        "finds something here leaks."
    ),
    StudyKind.EXTERNAL_TEST: (
        "External test: the bundle was fitted beforehand, and nothing was fitted or chosen on these cases."
    ),
}


def make_report(study: Study, scored: Scored, views: Mapping[int, LesionView]) -> Report:
    """Put the report together."""
    analysis, origin = study.analysis, study.provenance
    ensemble = analysis.performances[-1]
    sections: list[Section] = [performance_section(study, scored), comparison_section(study)]
    if study.layers:
        sections.append(layer_section(study))
    sections += [
        cohort_section(study),
        operating_section(study),
        calibration_section(study, scored),
        subgroup_section(study),
        agreement_section(study, scored),
    ]
    if analysis.associations:
        sections.append(association_section(study))
    if analysis.alternatives:
        sections.append(alternatives_section(study))
    if study.trust is not None:
        sections.append(trust_section(study.trust))
    sections += [*picture_sections(scored, analysis, views), provenance_section(study)]
    return Report(
        title=study.title,
        subtitle=f"{study.kind}; {origin.created[:10]}; mammo-cadx {origin.libraries['mammo-cadx']}",
        notices=study.notices,
        summary=(
            f"{analysis.cohort.lesions} lesions, {analysis.cohort.rois} ROIs. The ensemble's AUC is "
            f"{ensemble.auc.auc:.3f} (95 % CI {interval(ensemble.auc.low, ensemble.auc.high)}).",
            read_conclusion(analysis),
            f"Ensemble: {read_calibration(ensemble.calibration)}",
            *read_uninformative(analysis),
            METHOD,
            HOW[study.kind].format(group=analysis.grouped_by),
        ),
        sections=tuple(sections),
    )
