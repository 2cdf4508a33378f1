"""ROC curves: the empirical one, fitted models, points on them."""
