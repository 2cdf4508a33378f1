"""A study that must find nothing: the same cases with their truths dealt out anew."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from training.cohort.cases import Case


def shuffle_labels(cases: Sequence[Case], seed: int) -> tuple[Case, ...]:
    """Permute truths among lesions, so that all views of a lesion still share one; the number of each truth stays."""
    lesions = sorted({case.lesion_id: case.label for case in cases}.items())
    dealt = np.random.default_rng([seed, 1]).permutation(len(lesions))
    label = {lesion: lesions[k][1] for (lesion, _), k in zip(lesions, dealt, strict=True)}
    return tuple(replace(case, label=label[case.lesion_id]) for case in cases)
