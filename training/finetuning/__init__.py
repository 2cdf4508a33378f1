"""The baselines of the paper's discussion: a CNN that is itself trained on the cohort, on the folds of the study."""
