"""Every flag: what a reader of an answer should doubt. OpenAPI and docs/flags.md are made from this one list.

A flag is not a refusal: the answer stands, with something beside it that may make it wrong. The code is stable; the
message is written where the flag is raised, with the facts of the case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self


class FlagOrigin(StrEnum):
    """What a flag was found in."""

    HEADER = "header"
    IMAGE = "image"
    REGION = "region"
    OUTLINE = "outline"
    MODEL = "model"


class FlagCode(StrEnum):
    """The flags, each with its code, origin, title and meaning.

    Attributes
    ----------
    origin
        What it was found in.
    heading
        A few words for a list.
    meaning
        What it says, and why it matters to the number.
    """

    origin: FlagOrigin
    heading: str
    meaning: str

    def __new__(cls, code: str, origin: FlagOrigin, heading: str, meaning: str) -> Self:
        """Make a member whose value is its code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.origin, member.heading, member.meaning = origin, heading, meaning
        return member

    MAGNIFICATION_VIEW = (
        "magnification_view",
        FlagOrigin.HEADER,
        "Magnification view",
        "The view modifier or the magnification factor (1.2 or more) says so. The paper's cohort held none; sizes hold "
        "in the plane that `image.spacing` names.",
    )
    SPOT_VIEW = (
        "spot_view",
        FlagOrigin.HEADER,
        "Spot compression view",
        "The view modifier says so: the paddle's edge may lie in the region, and compression changes margins.",
    )
    SPECIAL_PADDLE = (
        "special_paddle",
        FlagOrigin.HEADER,
        "Special paddle",
        "The paddle is one for spots, magnification or biopsy; its edge may lie in the region.",
    )
    IMPLANT = (
        "implant",
        FlagOrigin.HEADER,
        "Breast implant",
        "The header says that an implant is present: its edge can be taken for a lesion's.",
    )
    TOMOSYNTHESIS_SLICE = (
        "tomosynthesis_slice",
        FlagOrigin.HEADER,
        "Slice of a tomosynthesis",
        "One slice, not a projection: models are fitted on projections.",
    )
    SYNTHETIC_2D = (
        "synthetic_2d",
        FlagOrigin.HEADER,
        "Synthetic 2-D image",
        "The image was computed from a tomosynthesis: its texture is the algorithm's as well as the tissue's.",
    )
    FOR_PROCESSING = (
        "for_processing",
        FlagOrigin.HEADER,
        "Raw detector data",
        "The image is FOR PROCESSING, which this model was fitted to expect.",
    )
    BURNED_IN_ANNOTATION = (
        "burned_in_annotation",
        FlagOrigin.HEADER,
        "Burned-in text",
        "The header declares text in the pixels; where it lies in the region it is measured as tissue.",
    )
    LOSSY_COMPRESSION = (
        "lossy_compression",
        FlagOrigin.HEADER,
        "Lossy compression",
        "Fine texture may be gone or be the compression's own.",
    )
    POLARITY_CONTRADICTION = (
        "polarity_contradiction",
        FlagOrigin.HEADER,
        "Polarity told twice",
        "Presentation LUT Shape and Photometric Interpretation disagree; the latter was followed. If the thumbnail is "
        "a negative, the answer is wrong.",
    )
    SPACING_CONTRADICTION = (
        "spacing_contradiction",
        FlagOrigin.HEADER,
        "Pixel size told twice",
        "Imager Pixel Spacing and Pixel Spacing differ without a calibration that explains it; `image.spacing` says "
        "which was used.",
    )
    HEADER_VALUE_IGNORED = (
        "header_value_ignored",
        FlagOrigin.HEADER,
        "Header value ignored",
        "An attribute makes no sense and the answer can do without it: it was read as if it were absent. The facts "
        "name it and the reason, never its value.",
    )
    LABEL_CONTRADICTS_DATA = (
        "label_contradicts_data",
        FlagOrigin.HEADER,
        "The label is not what the data are",
        "The file says one thing of its data (transfer syntax, sign, length, frames) and the data are unmistakably "
        "another. They were read as what they are; the facts name both.",
    )
    MODALITY_NOT_MG = (
        "modality_not_mg",
        FlagOrigin.HEADER,
        "Modality is not MG",
        "Body part, view, anatomic region or SOP class say that this is a breast; the modality does not. Models are "
        "fitted on mammograms.",
    )
    VIEWS_MIXED = (
        "views_mixed",
        FlagOrigin.HEADER,
        "Views that do not belong together",
        "Their headers name different patients, studies or sides (the facts tell which of these), so that the mean may "
        "be over different lesions. DICOM and FHIR are refused for them.",
    )
    VOI_OVERRIDDEN = (
        "voi_overridden",
        FlagOrigin.HEADER,
        "Other gray levels than the model's",
        "The caller chose another VOI policy than the one the model was fitted with, as the model allows: grays, and "
        "so probabilities, may differ.",
    )
    VALUES_CLIPPED = (
        "values_clipped",
        FlagOrigin.IMAGE,
        "Values beyond the declared bits",
        "The decoded picture holds values beyond BitsStored, as lossy compression can give; they were brought to the "
        "nearest value that fits.",
    )
    UNUSED_BITS_SET = (
        "unused_bits_set",
        FlagOrigin.IMAGE,
        "Unused bits are not empty",
        "Bits above BitsStored hold something that no overlay declares. They were dropped, as the standard says; if "
        "BitsStored is too small, the picture is wrong: look at the thumbnail.",
    )
    ORIENTATION_NOT_APPLIED = (
        "orientation_not_applied",
        FlagOrigin.IMAGE,
        "Stored turned",
        "The file asks viewers to turn or mirror the picture. It was read as it is stored: marks must be in pixels of "
        "the stored raster, the region as the thumbnail shows it.",
    )
    SPACING_UNUSUAL = (
        "spacing_unusual",
        FlagOrigin.IMAGE,
        "Unusual pixel size",
        "Far from the 0.1 mm at which features are defined: detail was invented or thrown away.",
    )
    PIXELS_NOT_SQUARE = (
        "pixels_not_square",
        FlagOrigin.IMAGE,
        "Pixels are not square",
        "Rows and columns have different spacings; both were respected.",
    )
    POLARITY_SUSPECT = (
        "polarity_suspect",
        FlagOrigin.IMAGE,
        "Looks like a negative",
        "The commonest gray is among the brightest, as where air is white. If so, the answer is wrong.",
    )
    ROI_PADDED = (
        "roi_padded",
        FlagOrigin.REGION,
        "Region leaves the image",
        "A part of the region lies outside the image and was padded; `region.padded_share` says how much.",
    )
    ROI_NOT_TISSUE = (
        "roi_not_tissue",
        FlagOrigin.REGION,
        "Region holds what is no tissue",
        "A part of the region is air, collimation, a film's border or blanked-out text: it was left out of outline and "
        "features, and is black for the CNN; `region.tissue_share` says how much is left.",
    )
    LOW_CONTRAST = (
        "low_contrast",
        FlagOrigin.REGION,
        "Little contrast",
        "The region's grays span little of the range: check the window or VOI that was applied.",
    )
    STRAIGHT_EDGE = (
        "straight_edge",
        FlagOrigin.REGION,
        "Long straight edge",
        "A paddle, a collimator or the film's frame may lie in the region.",
    )
    BRIGHT_OBJECT = (
        "bright_object",
        FlagOrigin.REGION,
        "Bright object",
        "Something bright ends abruptly: a marker, text, a clip or a coarse calcification.",
    )
    NO_LESION_FOUND = (
        "no_lesion_found",
        FlagOrigin.OUTLINE,
        "No lesion found",
        "No outline about the mark was believable; a disc stands in for it, so that Method B measured tissue.",
    )
    LESION_TOUCHES_BORDER = (
        "lesion_touches_border",
        FlagOrigin.OUTLINE,
        "Lesion runs out of the region or of the image",
        "The strongest outline leaves the region, and a smaller one or a disc was measured instead; or the edge of the "
        "image or of the tissue cuts the lesion, and only its part inside was measured.",
    )
    BRANCH_UNINFORMATIVE = (
        "branch_uninformative",
        FlagOrigin.MODEL,
        "A classifier that learnt nothing",
        "It ranked held-out cases of its cohort no better than chance, so that its probability is their prevalence and "
        "says nothing of this lesion; the fact `branch` names it.",
    )
    BRANCHES_DISAGREE = (
        "branches_disagree",
        FlagOrigin.MODEL,
        "The two methods disagree",
        "Method A's probability and Method B's are further apart than for 95 % of the model's cohort: at least one of "
        "them is far off, and their average says little. Look at outline and features.",
    )
    UNLIKE_COHORT = (
        "unlike_cohort",
        FlagOrigin.MODEL,
        "Unlike the model's cohort",
        "The features of the branch that the fact `branch` names lie further from the cohort than those of 39 of 40 of "
        "its own held-out cases: another kind of image, a wrong pixel size, a negative, or a rare lesion. One of 40 "
        "ordinary cases is flagged for each branch, at most one of 20 for either.",
    )
    UNSTABLE = (
        "unstable",
        FlagOrigin.MODEL,
        "Depends on the click",
        "With the mark moved by 2 mm at most, the probability spreads more than for 95 % of the sampled lesions of the "
        "model's cohort: draw the outline, or give the diameter. Only beside `include=robustness`, and for models that "
        "were fitted with `--robustness`.",
    )


@dataclass(frozen=True, slots=True)
class Flag:
    """Something doubtful that the reader of an answer should know; not a refusal.

    Attributes
    ----------
    code
        Which flag.
    message
        One sentence for a person.
    facts
        The numbers behind it; never patient data.
    """

    code: FlagCode
    message: str
    facts: Mapping[str, float | int | str] = field(default_factory=dict)


def flag_table() -> str:
    """Every flag as a Markdown table: code, what it was found in, title, meaning."""
    rows = (f"| `{code}` | {code.origin} | {code.heading} | {code.meaning} |" for code in FlagCode)
    return "\n".join(["| code | found in | title | what it means |", "|---|---|---|---|", *rows])
