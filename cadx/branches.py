"""The three classifiers of the paper and what each is called, everywhere.

The paper says SVM1, SVM2 and ensemble (Huynh 2016, Table 1); this project's documents say Method A, B and C; records,
metrics and file formats use the short codes.
"""

from collections.abc import Mapping
from typing import Final

CNN: Final = "cnn"
LESION: Final = "lesion"
ENSEMBLE: Final = "ensemble"

METHODS: Mapping[str, str] = {
    CNN: "A: CNN features, SVM",
    LESION: "B: lesion features, SVM",
    ENSEMBLE: "C: average of A and B",
}
"""By code, in the words of this project's documents."""
PAPER_NAMES: Mapping[str, str] = {CNN: "SVM1", LESION: "SVM2", ENSEMBLE: "Ensemble"}
"""By code, as the paper's tables have them."""
PAPER_LABELS: Mapping[str, str] = {
    CNN: "SVM1: CNN features",
    LESION: "SVM2: lesion features",
    ENSEMBLE: "Ensemble: average of SVM1 and SVM2",
}
"""The same with what each is made of."""
UNINFORMATIVE: Mapping[str, str] = {
    CNN: "Method A (CNN features) ranked held-out cases no better than chance: its probability is their prevalence.",
    LESION: "Method B (lesion features) ranked held-out cases no better than chance: its probability is their "
    "prevalence.",
    ENSEMBLE: "The average ranked held-out cases no better than chance: its calibrated probability is their "
    "prevalence.",
}
"""By code, what is said of one that has learnt nothing."""
