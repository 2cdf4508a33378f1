"""Assess one lesion in Python: a model, an image and a marked center give a probability and what it rests on.

    python examples/assess.py models/demo demo/unseen/UNSEEN-01-CC.dcm --x 318 --y 483

Research use only: not for diagnosis or any clinical decision.
"""

import argparse
import sys
from pathlib import Path

from cadx import CadxError, LesionCenter, assess, load_bundle, read_mammogram


def main() -> int:
    """Parse, assess, print."""
    parser = argparse.ArgumentParser(description="Assess one lesion on one image.")
    parser.add_argument("bundle", type=Path, help="folder of a model, such as models/demo")
    parser.add_argument("image", type=Path, help="DICOM, PNG, TIFF or PGM")
    parser.add_argument("--x", type=float, required=True, help="column of the lesion's center, in stored pixels")
    parser.add_argument("--y", type=float, required=True, help="row of the lesion's center, in stored pixels")
    parser.add_argument("--pixel-spacing-mm", type=float, help="for a file that does not tell its own")
    arguments = parser.parse_args()
    try:
        # Every file of the bundle is verified before anything in it is loaded.
        bundle = load_bundle(arguments.bundle)
        # The model's own reading policy: gray levels and spacing as they were when it was fitted.
        mammogram = read_mammogram(arguments.image, policy=bundle.policy, pixel_spacing_mm=arguments.pixel_spacing_mm)
        assessment = assess(bundle, mammogram, LesionCenter(arguments.x, arguments.y))
    except CadxError as refusal:
        # Each refusal has a stable code, what is wrong and what can be done about it.
        print(f"{refusal.code}: {refusal}", file=sys.stderr)
        return 1
    print(f"probability of malignancy   {assessment.probability:.3f}")
    print(f"  A, CNN features           {assessment.cnn_probability:.3f}")
    print(f"  B, lesion features        {assessment.lesion_probability:.3f}")
    print(f"outline                     {assessment.segmentation.outcome}, {len(assessment.contour)} points")
    for feature in assessment.features[:4]:
        print(f"  {feature.definition.name:<26}{feature.value:.3g} {feature.definition.unit}")
    # Whatever is doubtful about the file, the region or the outline. Read it before the number.
    for flag in assessment.flags:
        print(f"flag {flag.code}: {flag.message}")
    for notice in bundle.manifest.notices:
        print(f"notice: {notice}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
