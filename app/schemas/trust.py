"""Parts of an answer on why it is what it is, and when not to believe it (docs/explanation.md)."""

from typing import Literal

from pydantic import Field

from app.schemas.base import Answer


class FeatureContribution(Answer):
    """One feature's part in Method B's decision."""

    name: str
    family: str
    value: float
    unit: str
    reads_as: str = Field(description="What a higher value means.")
    benign_percentile: float | None = Field(
        None, description="Percent of the cohort's benign ROIs with a lower value, 1 to 99; absent without a cohort."
    )
    malignant_percentile: float | None = Field(None, description="The same among its malignant ROIs.")
    contribution: float = Field(description="Exact Shapley value; above 0 it speaks for malignancy.")


class ExplanationFacts(Answer):
    """Method B's decision, shared out among the features. It tells how the model weighs, not what causes what."""

    sentence: str = Field(description="What speaks most for and against, in a reader's words.")
    decision_value: float = Field(description="The SVM's own: `baseline` and all contributions add up to it.")
    baseline: float = Field(description="The decision value of a lesion with the cohort's mean in every feature.")
    log_odds_slope: float = Field(description="Calibrated log-odds for each unit of the decision value.")
    families: dict[str, float] = Field(description="Sum of the contributions of each family of features.")
    features: tuple[FeatureContribution, ...]


class MapFacts(Answer):
    """Where in the region Method A's decision comes from, in cells of equal size."""

    kind: Literal["class_activation", "occlusion"]
    meaning: str = Field(description="What must be known to read the map.")
    values: tuple[tuple[float, ...], ...] = Field(
        description="Rows of cells, in units of Method A's decision value; above 0 speaks for malignancy."
    )
    left: float = Field(description="Left edge of the first column of cells, in pixels of the stored image.")
    top: float = Field(description="Upper edge of the first row of cells, in pixels of the stored image.")
    cell_width: float = Field(description="In pixels of the stored image.")
    cell_height: float = Field(description="In pixels of the stored image.")
    decision_value: float
    baseline: float = Field(description="The decision value of the cohort's mean features.")
    passes: int = Field(description="Regions that went through the CNN for the map: its cost.")


class SimilarCaseFacts(Answer):
    """One lesion of the model's cohort."""

    outcome: Literal["benign", "malignant"]
    distance: float
    thumbnail_png: str | None = Field(None, description="8-bit PNG in base64; only where the model keeps pictures.")


class SimilarFacts(Answer):
    """The lesions of the model's cohort that are nearest, nearest first."""

    benign: int = Field(description="How many of them turned out benign.")
    malignant: int = Field(description="How many turned out malignant.")
    atypical: bool = Field(description="True when nothing is near: they are then no comparison.")
    space: str = Field(description="In which features they were compared.")
    agreement: float = Field(
        description="In the cohort: mean share of the nearest lesions of other patients with a lesion's own outcome."
    )
    base_rate: float = Field(description="That share among lesions drawn at random; likeness that says no more is nil.")
    cases: tuple[SimilarCaseFacts, ...]


class NoveltyFacts(Answer):
    """How far a branch's features are from the cohort's."""

    distance: float = Field(description="In whitened feature space, root mean square a direction; about 1 is usual.")
    flagged_from: float
    percentile: float = Field(description="Percent of held-out ROIs of the cohort that are nearer, 1 to 99.")


class ReliabilityFacts(Answer):
    """When not to believe the number."""

    novelty: dict[str, NoveltyFacts] = Field(description="By branch: `cnn`, `lesion`.")
    novelty_false_alarm_rate: float = Field(
        description="Share of the cohort's own held-out ROIs that at least one branch flags."
    )
    difference: float = Field(description="Method A's probability less Method B's.")
    difference_range: tuple[float, float] = Field(description="Within which 95 % of the cohort's lie.")
    venn_abers: tuple[float, float] = Field(
        description="p0 and p1 (Venn-Abers): what isotonic calibration of `probability` says if the lesion is benign, "
        "and if it is malignant. Not limits of confidence."
    )
    conformal_set: tuple[Literal["benign", "malignant"], ...] = Field(
        description="Labels that are not ruled out. Both: nothing is decided. None: it is unlike either."
    )
    conformal_coverage: float = Field(description="Share of the cases of each label whose set holds their label.")


class AtPrevalence(Answer):
    """`calibrated_probability`, moved to another prevalence by Bayes' rule."""

    prevalence: float
    cohort_share: float = Field(description="Share of malignant ROIs in the cohort that the model was fitted on.")
    calibrated_probability: float = Field(ge=0, le=1)


class SpreadFacts(Answer):
    """What a probability did while the mark moved, the mark's own included."""

    lowest: float
    highest: float
    sd: float


class DiscFacts(Answer):
    """What came of marks moved over one disc about the mark."""

    radius_mm: float
    points: int = Field(description="Moved marks that were assessed.")
    refused: int = Field(description="Moved marks that cannot be assessed: in air, outside the image.")
    probability: SpreadFacts
    cnn_probability: SpreadFacts
    lesion_probability: SpreadFacts
    mean_overlap: float = Field(ge=0, le=1, description="Mean Dice coefficient of their outlines with the mark's.")
    least_overlap: float = Field(ge=0, le=1, description="The lowest.")


class RobustnessFacts(Answer):
    """How far the answer depends on where exactly the lesion was marked."""

    discs: tuple[DiscFacts, ...] = Field(description="From the smallest.")
