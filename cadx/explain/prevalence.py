"""A probability where malignant lesions are rarer, or commoner, than in the cohort."""

from scipy.special import expit, logit


def at_prevalence(probability: float, cohort_share: float, prevalence: float) -> float:
    """Move a calibrated probability to another prevalence (Saerens et al., Neural Comput. 14:21, 2002).

    Bayes' rule: the odds are multiplied by the ratio of the prior odds. It holds where benign lesions look as benign
    lesions of the cohort do, malignant as malignant ones do, and nothing differs but how many there are of each.

    Parameters
    ----------
    probability
        Calibrated to the cohort, 0 to 1.
    cohort_share
        Share of malignant ROIs in the cohort, between 0 and 1.
    prevalence
        Of malignant lesions among those that will be asked about, between 0 and 1.
    """
    return float(expit(logit(probability) + logit(prevalence) - logit(cohort_share)))
