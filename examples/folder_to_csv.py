"""Assess a folder of images: a CSV of marked centers becomes a CSV of probabilities.

    python examples/folder_to_csv.py models/demo images/ marks.csv answers.csv

The marks are a CSV with the columns image (a file name in the folder), x and y, and, for files that do not tell their
own, pixel_spacing_mm. Every mark gives one row; a file that cannot be used gives its reason, and the work goes on.
Research use only.
"""

import argparse
import csv
import sys
from pathlib import Path

from cadx import Bundle, CadxError, LesionCenter, assess, load_bundle, read_mammogram

COLUMNS = ("image", "x", "y", "probability", "cnn_probability", "lesion_probability", "flags", "refusal")


def answer(bundle: Bundle, folder: Path, mark: dict[str, str]) -> dict[str, str]:
    """Assess one mark; a refusal is an answer too."""
    row = {name: mark[name] for name in ("image", "x", "y")}
    spacing = mark.get("pixel_spacing_mm")
    try:
        mammogram = read_mammogram(
            folder / mark["image"], policy=bundle.policy, pixel_spacing_mm=float(spacing) if spacing else None
        )
        found = assess(bundle, mammogram, LesionCenter(float(mark["x"]), float(mark["y"])))
    except CadxError as refusal:
        return {**row, "refusal": refusal.code}
    return {
        **row,
        "probability": f"{found.probability:.4f}",
        "cnn_probability": f"{found.cnn_probability:.4f}",
        "lesion_probability": f"{found.lesion_probability:.4f}",
        "flags": " ".join(flag.code for flag in found.flags),
    }


def main() -> int:
    """Parse, assess every mark, write as it goes."""
    parser = argparse.ArgumentParser(description="Assess every marked lesion of a folder of images.")
    parser.add_argument("bundle", type=Path, help="folder of a model, such as models/demo")
    parser.add_argument("images", type=Path, help="folder of DICOM, PNG, TIFF or PGM files")
    parser.add_argument("marks", type=Path, help="CSV with the columns image, x, y and, if needed, pixel_spacing_mm")
    parser.add_argument("answers", type=Path, help="CSV to write")
    arguments = parser.parse_args()
    try:
        bundle = load_bundle(arguments.bundle)
    except CadxError as refusal:
        print(f"{refusal.code}: {refusal}", file=sys.stderr)
        return 1
    refused = 0
    with (
        arguments.marks.open(newline="", encoding="utf-8") as marks,
        arguments.answers.open("w", newline="", encoding="utf-8") as answers,
    ):
        writer = csv.DictWriter(answers, COLUMNS)
        writer.writeheader()
        for mark in csv.DictReader(marks):
            row = answer(bundle, arguments.images, mark)
            writer.writerow(row)
            refused += "refusal" in row
    print(f"written: {arguments.answers}; refused: {refused}")
    for notice in bundle.manifest.notices:
        print(f"notice: {notice}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
