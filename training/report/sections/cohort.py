"""Sections on the cases, and on what the two branches saw in them."""

from training.analysis.agreement import BranchAgreement
from training.analysis.associations import Association
from training.analysis.cohort import ClassSummary, CohortTable
from training.analysis.scored import Scored
from training.analysis.wording import (
    interval,
    p_number,
    read_agreement,
    read_alternatives,
    read_joined,
    read_outlines,
    signed,
)
from training.report.blocks import Figure, Section, Table
from training.report.plots.branches import agreement_plot, association_plot, size_plot
from training.report.study_record import Study

PAPER = {
    "lesions": "219",
    "rois": "607",
    "benign": ("-", "261", "10.9 (SD 5.2), 3.2 to 31.7"),
    "malignant": ("-", "346", "14.0 (SD 5.6), 2.8 to 32.1"),
}
"""Section 2.2 of the paper; its diameters are given in cm."""
STRONGEST = 12


def cohort_section(study: Study) -> Section:
    """Who and what was studied."""
    cohort = study.analysis.cohort
    views = ", ".join(f"{view} {count}" for view, count in cohort.views.items())
    patients = "patients not named" if cohort.patients is None else f"{cohort.patients} patients"
    fewest, most = cohort.rois_per_lesion_range
    joined = read_joined(study.analysis.joined)
    left_out = f" Left out: {len(study.skipped)} (reasons at the end)." if study.skipped else ""
    return Section(
        "cohort",
        "Cases",
        (
            f"{cohort.lesions} lesions of {patients} on {cohort.rois} ROIs; {cohort.rois_per_lesion_mean:.1f} ROIs a "
            f"lesion on average ({fewest} to {most}). Views: {views}.{left_out}",
            *([joined] if joined else []),
            read_outlines(study.analysis),
            _cohort_table(cohort),
            Figure(
                "sizes",
                "Size of the lesions as segmented by Method B.",
                "Histogram of effective diameters of benign and malignant lesions.",
                size_plot(cohort),
            ),
        ),
    )


def _cohort_table(cohort: CohortTable) -> Table:
    rows = tuple(
        (name, str(found.lesions), str(found.rois), _sizes(found), PAPER[name][1], PAPER[name][2])
        for name, found in (("benign", cohort.benign), ("malignant", cohort.malignant))
    )
    total = ("all", str(cohort.lesions), str(cohort.rois), "", f"{PAPER['rois']} ({PAPER['lesions']} lesions)", "")
    return Table(
        "The cohort.",
        ("Pathology", "Lesions", "ROIs", "Diameter, mm: mean (SD), range", "Paper: ROIs", "Paper: diameter, mm"),
        (*rows, total),
        "Diameters here are effective ones, 2 \N{SQUARE ROOT}(area/\N{GREEK SMALL LETTER PI}), of the outline that was "
        "measured, as a mean over a lesion's views.",
    )


def _sizes(found: ClassSummary) -> str:
    size = found.diameter_mm
    sd = "" if size.sd is None else f" (SD {size.sd:.1f})"
    return f"{size.mean:.1f}{sd}, {size.smallest:.1f} to {size.largest:.1f}"


def agreement_section(study: Study, scored: Scored) -> Section:
    """Whether the branches agree."""
    found = study.analysis.agreement
    return Section(
        "agreement",
        "Do the two branches agree?",
        (
            read_agreement(found),
            _correlations(found),
            Figure(
                "agreement",
                "SVM1 against SVM2. Upper left and lower right quarter: opposite calls at 0.5. On the dotted line the "
                "average is 0.5: above it the ensemble says malignant.",
                "Scatter of the two branches' probabilities with benign and malignant ROIs marked.",
                agreement_plot(scored),
            ),
            Table(
                "Calls at probability 0.5, ROIs.",
                ("Pathology", "Both malignant", "Only SVM1 malignant", "Only SVM2 malignant", "Both benign"),
                tuple(
                    (
                        truth,
                        str(calls.both_malignant),
                        str(calls.only_cnn_malignant),
                        str(calls.only_lesion_malignant),
                        str(calls.both_benign),
                    )
                    for truth, calls in (("malignant", found.malignant), ("benign", found.benign))
                ),
            ),
        ),
    )


def _correlations(found: BranchAgreement) -> str:
    values = (
        ("all ROIs", found.spearman),
        ("malignant only", found.spearman_malignant),
        ("benign only", found.spearman_benign),
    )
    parts = [f"{name} {'not defined' if value is None else signed(value, 2)}" for name, value in values]
    return (
        f"Rank correlation (Spearman) of the two probabilities: {', '.join(parts)}. Averaging helps most where both "
        "are good and this is low."
    )


def association_section(study: Study) -> Section:
    """What the CNN's score goes with."""
    found = study.analysis.associations
    significant = [one for one in found if one.significant]
    reading = (
        "No lesion feature goes with SVM1's probability beyond chance (after Holm's correction)."
        if not significant
        else f"{len(significant)} of {len(found)} lesion features go with SVM1's probability beyond chance (after "
        f"Holm's correction); the strongest: {significant[0].feature} ({_direction(significant[0])})."
    )
    return Section(
        "associations",
        "What does the CNN's score go with?",
        (
            reading,
            Figure(
                "associations",
                "Spearman correlation of lesion features with the probability of SVM1 (with 95 % limits) and of SVM2, "
                "over lesions (means over views).",
                "Dot plot of rank correlations of lesion features with both branches' probabilities.",
                association_plot(found),
            ),
            Table(
                f"The {min(STRONGEST, len(found))} strongest of {len(found)} (all are in study.json).",
                ("Feature", "Family", "High value means", "rho with SVM1", "95 % CI", "p (Holm)", "rho with SVM2"),
                tuple(_association_row(one) for one in found[:STRONGEST]),
                "Features and scores both depend on the pathology, so a correlation need not mean that the CNN "
                "sees the feature itself.",
            ),
        ),
    )


def _direction(found: Association) -> str:
    return f"{found.reads_as}: {'higher' if found.with_cnn > 0 else 'lower'} probability"


def _association_row(found: Association) -> tuple[str, ...]:
    return (
        found.feature,
        found.family,
        found.reads_as,
        signed(found.with_cnn, 2),
        interval(found.low, found.high, 2),
        p_number(found.p_holm),
        signed(found.with_lesion, 2),
    )


def alternatives_section(study: Study) -> Section:
    """Other ways to combine."""
    plain = study.analysis.performances[-1]
    rows = [
        (
            "plain average (the paper's)",
            "nothing is learnt",
            f"{plain.auc.auc:.3f}",
            interval(plain.auc.low, plain.auc.high),
            f"{plain.calibration.brier:.3f}",
            "",
            "",
        )
    ]
    rows += [
        (
            one.name,
            one.description,
            f"{one.auc.auc:.3f}",
            interval(one.auc.low, one.auc.high),
            f"{one.brier:.3f}",
            f"{signed(one.less_plain.difference)} ({signed(one.less_plain.low)} to {signed(one.less_plain.high)})",
            p_number(one.p_holm),
        )
        for one in study.analysis.alternatives
    ]
    return Section(
        "combining",
        "Other ways to combine",
        (
            read_alternatives(study.analysis.alternatives),
            Table(
                "Ways to combine the two probabilities, on the same outer folds.",
                ("Rule", "What is learnt", "AUC", "95 % CI", "Brier", "AUC less plain average (95 % CI)", "p (Holm)"),
                tuple(rows),
                "A rule that learns saw, in each outer fold, only what inner folds said of its training ROIs.",
            ),
        ),
    )
