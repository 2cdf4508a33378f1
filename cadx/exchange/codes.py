"""Coded concepts: the standard's, and those of our own scheme."""

from collections.abc import Mapping
from dataclasses import dataclass

from cadx.branches import CNN, LESION
from cadx.exchange.uids import named_uid
from cadx.exchange.verdicts import Category, Verdict
from cadx.flags import FlagCode

OWN_SCHEME = "99CADX"
OWN_SCHEME_NAME = "mammo-cadx concepts"
OWN_SCHEME_UID = named_uid("coding scheme", OWN_SCHEME)
OWN_SCHEME_URL = "urn:mammo-cadx:codes"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded concept (PS3.3 8.8); its scheme's version only where the standard names one."""

    value: str
    scheme: str
    meaning: str
    version: str = ""


def dcm(value: str, meaning: str) -> Code:
    """A concept of the standard's own terminology (PS3.16 annex D)."""
    return Code(value, "DCM", meaning)


def sct(value: str, meaning: str) -> Code:
    """A concept of SNOMED CT."""
    return Code(value, "SCT", meaning)


def own(value: str, meaning: str) -> Code:
    """A concept of our own."""
    return Code(value, OWN_SCHEME, meaning)


PROBABILITY_OF_CANCER = dcm("111047", "Probability of cancer")
BRANCH_PROBABILITIES: Mapping[str, Code] = {
    CNN: own("P01", "Probability of cancer, Method A (CNN features)"),
    LESION: own("P02", "Probability of cancer, Method B (lesion features)"),
}
CALIBRATED_PROBABILITY = own("P03", "Probability of cancer, calibrated to the cohort")
MOVED_MM = (1, 2, 3)
"""Radii of the discs over which a mark is moved; a code stands for one of them."""
MOVED_PROBABILITY: Mapping[float, Code] = {
    mm: own(f"R{at:02d}", f"Probability of cancer, mark moved by up to {mm} mm")
    for at, mm in enumerate(MOVED_MM, start=1)
}
MOVED_SD: Mapping[float, Code] = {
    mm: own(f"R{at:02d}", f"Standard deviation of R{at - 3:02d}, mark moved by up to {mm} mm")
    for at, mm in enumerate(MOVED_MM, start=4)
}
MOVED_OVERLAP: Mapping[float, Code] = {
    mm: own(f"R{at:02d}", f"Overlap of outlines (Dice), mark moved by up to {mm} mm")
    for at, mm in enumerate(MOVED_MM, start=7)
}
MARK = own("M01", "Reader's mark that was assessed")
DOUBT = own("G01", "Reason to doubt this result")
NOTICE = own("N01", "Notice")

# A code stands for its feature for ever: a new feature takes the next number, a removed one leaves a gap.
FEATURE_NUMBERS: Mapping[str, int] = {
    "area_mm2": 1,
    "effective_diameter_mm": 2,
    "perimeter_mm": 3,
    "longest_diameter_mm": 4,
    "circularity": 5,
    "irregularity": 6,
    "compactness": 7,
    "eccentricity": 8,
    "solidity": 9,
    "fractional_concavity": 10,
    "spiculation_index": 11,
    "fourier_factor": 12,
    "signature_fractal_dimension": 13,
    "mean_gray": 14,
    "contrast_gray": 15,
    "sd_gray": 16,
    "gradient_texture_gray_per_mm": 17,
    "sharpness_gray_per_mm": 18,
    "normalized_radial_gradient": 19,
    "radial_gradient_index": 20,
    "fwhm_region_degrees": 21,
    "fwhm_margin_degrees": 22,
    "fwhm_opposite_degrees": 23,
    "fwhm_roi_degrees": 24,
    "glcm_energy": 25,
    "glcm_contrast": 26,
    "glcm_correlation": 27,
    "glcm_joint_variance": 28,
    "glcm_inverse_difference_moment": 29,
    "glcm_sum_average": 30,
    "glcm_sum_variance": 31,
    "glcm_sum_entropy": 32,
    "glcm_joint_entropy": 33,
    "glcm_difference_variance": 34,
    "glcm_difference_entropy": 35,
    "glcm_information_correlation_1": 36,
    "glcm_information_correlation_2": 37,
    "glcm_maximal_correlation": 38,
    "ngtdm_coarseness": 39,
}

PERCENT = Code("%", "UCUM", "percent")
UNITS: Mapping[str, Code] = {
    "1": Code("1", "UCUM", "no units"),
    "mm": Code("mm", "UCUM", "millimeter"),
    "mm2": Code("mm2", "UCUM", "square millimeter"),
    "degrees": Code("deg", "UCUM", "degree"),
    "gray": Code("{gray}", "UCUM", "gray, 0 to 1"),
    "gray/mm": Code("{gray}/mm", "UCUM", "gray per millimeter"),
    "bit": Code("bit", "UCUM", "bit"),
}

BREAST = sct("76752008", "Breast")
LATERALITY: Mapping[str, Code] = {
    "L": sct("7771000", "Left"),
    "R": sct("24028007", "Right"),
    "B": sct("51440002", "Bilateral"),
}
SIDE: Mapping[str, Code] = {
    "L": sct("80248007", "Left breast"),
    "R": sct("73056007", "Right breast"),
    "B": sct("63762007", "Both breasts"),
}
SELECTED_REGION = dcm("111099", "Selected region")
BREAST_MASS = sct("129788004", "Mammographic breast mass")
CALCIFICATION = sct("309587003", "Calcification of breast")

READER_PROBABILITY_UNAIDED = own("V01", "Probability of cancer, by the reader before the result was shown")
SHOWN_PROBABILITY = own("V02", "Probability of cancer that the reader was shown")
PREDICTION = own("V03", "Prediction that the reader was shown")
VERDICT = own("V04", "What the reader made of the result")
VERDICTS: Mapping[Verdict, Code] = {
    Verdict.ACCEPT: own("V05", "Accepted as it is"),
    Verdict.MODIFY: own("V06", "Modified"),
    Verdict.REJECT: own("V07", "Rejected"),
}
ASSESSMENT = dcm("111005", "Assessment Category")
ASSESSMENT_UNAIDED = own("V08", "Assessment category, before the result was shown")
# CID 6027. The meanings are those of the fifth edition.
CATEGORIES: Mapping[Category, Code] = {
    Category.C0: sct("397138000", "0 - Incomplete - Need additional imaging evaluation +/- priors"),
    Category.C1: sct("397140005", "1 - Negative"),
    Category.C2: sct("397141009", "2 - Benign"),
    Category.C3: sct("397143007", "3 - Probably Benign"),
    Category.C4: sct("397144001", "4 - Suspicious"),
    Category.C4A: Code("MA.II.A.5.4A", "BI", "4A - Low suspicion", "4.0"),
    Category.C4B: Code("MA.II.A.5.4B", "BI", "4B - Intermediate suspicion", "4.0"),
    Category.C4C: Code("MA.II.A.5.4C", "BI", "4C - Moderate suspicion", "4.0"),
    Category.C5: sct("397145000", "5 - Highly suggestive of malignancy"),
    Category.C6: Code("MA.II.A.5.6", "BI", "6 - Known biopsy proven malignancy", "4.0"),
}


def feature_code(name: str) -> Code:
    """Our code of a lesion feature: F01 and on."""
    return own(f"F{FEATURE_NUMBERS[name]:02d}", name.replace("_", " "))


def flag_code(flag: FlagCode) -> Code:
    """Our code of a flag: its own name."""
    return own(flag.value, flag.heading)
