"""A study that must find nothing: the same cases with their labels permuted."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from training.cohort.cases import Case
from training.cohort.grouping import Picture, components


def shuffle_labels(cases: Sequence[Case], pictures: Sequence[Picture], seed: int) -> tuple[Case, ...]:
    """Permute labels among lesions, so that all views of a lesion still share one.

    Lesions that share a picture get one truth together: were they dealt different ones, folds that split the picture
    would go unseen. The number of each truth stays where no
    two lesions share a picture.

    Parameters
    ----------
    cases
        With their true labels.
    pictures
        What the image of each case shows.
    seed
        Decides the deal.
    """
    lesions = [case.lesion_id for case in cases]
    unit = components(lesions, lesions, [picture.content for picture in pictures])
    first = np.unique(unit, return_index=True)[1]
    dealt = np.random.default_rng([seed, 1]).permutation(len(first))
    labels = [cases[first[k]].label for k in dealt]
    return tuple(replace(case, label=labels[number]) for case, number in zip(cases, unit, strict=True))
