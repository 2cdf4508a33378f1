"""What a study says of scores, against independent computations on the same scores."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import cohen_kappa_score, confusion_matrix, roc_auc_score
from statsmodels.stats.multitest import multipletests

from cadx.branches import CNN, LESION
from cadx.lesion import FEATURES
from tests.training.study.conftest import MadeUp, MakeUp
from training.analysis.analysis import Analysis, analyze
from training.analysis.associations import rank_correlation_interval
from training.analysis.scored import scored_by_model
from training.analysis.wording import read_chance, read_comparison, read_conclusion, read_uninformative


@pytest.fixture(scope="module")
def made(make_up: MakeUp) -> MadeUp:
    return make_up(1.5)


@pytest.fixture(scope="module")
def analysis(made: MadeUp) -> Analysis:
    return analyze(made.scored, 0, made.evaluation)


def test_the_headline_is_the_papers_mean_of_fold_aucs(made: MadeUp, analysis: Analysis) -> None:
    scored = made.scored
    assert scored.folds is not None
    for found in analysis.performances:
        p = scored.probabilities[found.name]
        aucs = [roc_auc_score(scored.labels[scored.folds == k], p[scored.folds == k]) for k in range(5)]
        assert found.fold_aucs == pytest.approx(aucs)
        assert found.auc.auc == pytest.approx(np.mean(aucs))
        assert found.auc_sd == pytest.approx(np.std(aucs, ddof=1))
        assert found.pooled.auc == pytest.approx(roc_auc_score(scored.labels, p))
        assert found.auc.low < found.auc.auc < found.auc.high
        assert found.above_chance


def test_p_values_are_adjusted_as_statsmodels_does(analysis: Analysis) -> None:
    raw = [found.clustered.p_value for found in analysis.comparisons]
    assert [found.p_holm for found in analysis.comparisons] == pytest.approx(multipletests(raw, method="holm")[1])
    paper = [found.paper.test.p_value for found in analysis.comparisons if found.paper]
    bonferroni = [found.paper.p_bonferroni for found in analysis.comparisons if found.paper]
    assert bonferroni == pytest.approx(multipletests(paper, method="bonferroni")[1])


def test_the_branches_agreement(made: MadeUp, analysis: Analysis) -> None:
    p1, p2, labels = made.scored.probabilities[CNN], made.scored.probabilities[LESION], made.scored.labels
    found = analysis.agreement
    assert found.kappa == pytest.approx(cohen_kappa_score(p1 >= 0.5, p2 >= 0.5))
    assert found.spearman == pytest.approx(spearmanr(p1, p2).statistic)
    neither, only_second, only_first, both = confusion_matrix(p1[labels] >= 0.5, p2[labels] >= 0.5).ravel()
    calls = found.malignant
    assert (calls.both_benign, calls.only_lesion_malignant) == (neither, only_second)
    assert (calls.only_cnn_malignant, calls.both_malignant) == (only_first, both)
    assert found.disagreement_count == np.sum((p1 >= 0.5) != (p2 >= 0.5))
    gaps = np.abs(p1 - p2)[list(found.disagreements)]
    assert np.all(np.diff(gaps) <= 0)
    assert len({made.scored.lesions[row] for row in found.disagreements}) == len(found.disagreements)


def test_associations_are_spearmans_over_lesions(made: MadeUp, analysis: Analysis) -> None:
    number = made.scored.lesions
    found = analysis.associations[0]
    column = [feature.name for feature in FEATURES].index(found.feature)
    score, value = (
        np.bincount(number, weights=row) / np.bincount(number)
        for row in (made.scored.probabilities[CNN], made.scored.features[:, column])
    )
    assert found.with_cnn == pytest.approx(spearmanr(score, value).statistic)
    assert len(analysis.associations) == len(FEATURES)
    assert not any(one.significant for one in analysis.associations)


def test_the_interval_of_a_rank_correlation_covers() -> None:
    rng = np.random.default_rng(1)
    true, hits = 6 / np.pi * np.arcsin(0.6 / 2), 0
    for _ in range(600):
        x = rng.normal(size=80)
        y = 0.6 * x + 0.8 * rng.normal(size=80)
        low, high = rank_correlation_interval(float(spearmanr(x, y).statistic), 80)
        hits += low < true < high
    assert 0.93 < hits / 600 < 0.98


def test_subgroups_part_the_cohort(made: MadeUp, analysis: Analysis) -> None:
    for kind in ("view", "size"):
        parts = [part for part in analysis.subgroups if part.kind == kind]
        assert sum(part.rows for part in parts) == len(made.scored.labels)
        assert sum(part.malignant_rows for part in parts) == made.scored.labels.sum()
    cc = next(part for part in analysis.subgroups if part.name == "CC")
    rows = np.array([case.view == "CC" for case in made.scored.cases])
    p = made.scored.probabilities[CNN]
    assert cc.aucs[CNN].auc == pytest.approx(roc_auc_score(made.scored.labels[rows], p[rows]))


def test_the_worst_errors_are_errors_and_the_worst(made: MadeUp, analysis: Analysis) -> None:
    p, labels = made.scored.probabilities["ensemble"], made.scored.labels
    high, low = list(analysis.worst.benign_called_malignant), list(analysis.worst.malignant_called_benign)
    assert p[high[0]] == p[~labels].max()
    assert p[low[0]] == p[labels].min()
    assert not labels[high].any()
    assert labels[low].all()


def test_averaging_stays_and_what_is_learnt_is_told(analysis: Analysis) -> None:
    names = [one.name for one in analysis.alternatives]
    assert "stacked" in names
    assert "weighted" in names
    stacked = next(one for one in analysis.alternatives if one.name == "stacked")
    assert len(stacked.learnt) == 5


@pytest.mark.parametrize("seed", range(2))
def test_without_signal_nothing_is_significant(make_up: MakeUp, seed: int) -> None:
    made = make_up(0.0, seed=seed)
    analysis = analyze(made.scored, 0, made.evaluation)
    assert all(abs(found.auc.auc - 0.5) < 0.12 for found in analysis.performances)
    assert read_conclusion(analysis).startswith("Nothing is significant")
    assert all("not significantly better than chance" in read_chance(found) for found in analysis.performances)
    assert all("no significant difference" in read_comparison(found) for found in analysis.comparisons)


def test_a_handful_of_cases_is_not_tested(make_up: MakeUp) -> None:
    made = make_up(3.0, lesions=24)
    analysis = analyze(made.scored, 0, made.evaluation)
    assert read_conclusion(analysis).startswith("Too few cases to test")
    assert not any(found.significant for found in analysis.comparisons)


def test_folds_in_which_a_branch_learnt_nothing_are_counted_and_said(made: MadeUp) -> None:
    branches = dict(made.evaluation.branches)
    branches[CNN] = replace(branches[CNN], informative=(True, False, True, False, True))
    analysis = analyze(made.scored, 0, replace(made.evaluation, branches=branches))
    assert analysis.uninformative_folds == {CNN: 2}
    (sentence,) = read_uninformative(analysis)
    assert "SVM1" in sentence
    assert "2 of 5 folds" in sentence
    assert "branch_uninformative" in sentence


def test_an_external_test_set_has_no_folds_and_learns_nothing(make_up: MakeUp) -> None:
    scored = make_up(1.5, lesions=80).scored
    external = scored_by_model(scored.cases, scored.features, scored.probabilities, scored.calibrated)
    analysis = analyze(external, 0)
    assert analysis.folds == 0
    assert analysis.alternatives == ()
    for found in analysis.performances:
        assert found.auc_sd is None
        assert found.refitted is None
        assert found.auc.auc == pytest.approx(roc_auc_score(external.labels, external.probabilities[found.name]))
    assert all(found.paper is None for found in analysis.comparisons)


def test_a_clear_difference_is_said_the_right_way_round(make_up: MakeUp) -> None:
    scored = make_up(3.0, lesions=80).scored
    worse = dict(scored.probabilities) | {CNN: np.random.default_rng(0).random(len(scored.labels))}
    analysis = analyze(scored_by_model(scored.cases, scored.features, worse, scored.calibrated), 0)
    last = next(found for found in analysis.comparisons if (found.first, found.second) == (CNN, LESION))
    assert last.clustered.difference < 0
    assert read_comparison(last).startswith("SVM2 is significantly better than SVM1: AUC difference 0.")
