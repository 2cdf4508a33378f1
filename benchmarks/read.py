"""Header and region of an uncompressed 4096 x 3328 mammogram of 16 bits, against decoding and displaying all of it.

The peer is what most projects do: ``pydicom.dcmread(path).pixel_array`` and ``apply_voi_lut``, then a crop. Each way
runs in a process of its own.

    python benchmarks/read.py
"""

import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

ROWS, COLUMNS = 4096, 3328
CENTER_X, CENTER_Y = 1500.0, 2100.0
SPACING_MM = 0.07
REPEATS = 7


def write_file(path: Path) -> None:
    import pydicom
    from pydicom.dataset import Dataset, FileMetaDataset

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 2**14, (ROWS, COLUMNS), dtype=np.uint16)
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = pydicom.uid.DigitalMammographyXRayImageStorageForPresentation
    dataset.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID("2.25.1")
    dataset.SOPClassUID, dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPClassUID, "2.25.1"
    dataset.Modality, dataset.PresentationIntentType = "MG", "FOR PRESENTATION"
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = ROWS, COLUMNS, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 14, 13, 0
    dataset.ImagerPixelSpacing = [SPACING_MM, SPACING_MM]
    dataset.WindowCenter, dataset.WindowWidth = 8000, 12000
    dataset.PixelData = pixels.tobytes()
    dataset.save_as(path, enforce_file_format=True)


def ours(path: Path) -> float:
    from cadx.artifacts import artifact_flags
    from cadx.mammogram import read_mammogram
    from cadx.records import LesionCenter
    from cadx.roi import extract_roi

    roi = extract_roi(read_mammogram(path), LesionCenter(CENTER_X, CENTER_Y))
    artifact_flags(roi.gray, roi.tissue)
    return float(roi.gray.mean())


def read_and_show(path: Path) -> float:
    """Ours without the search for artifacts and the resampling: the same work as the peer's."""
    from cadx.mammogram import read_mammogram

    half = round(25.6 / SPACING_MM)
    row, column = round(CENTER_Y), round(CENTER_X)
    window = read_mammogram(path).pixels.window(row - half, row + half, column - half, column + half)
    return float(window.gray.mean())


def peer(path: Path) -> float:
    import pydicom
    from pydicom.pixels.processing import apply_voi_lut

    dataset = pydicom.dcmread(path)
    shown = apply_voi_lut(dataset.pixel_array, dataset) / 2**14
    half = round(25.6 / SPACING_MM)
    row, column = round(CENTER_Y), round(CENTER_X)
    return float(shown[row - half : row + half, column - half : column + half].mean())


WAYS = {"ours": ours, "ours, crop only": read_and_show, "pydicom, whole image": peer}


def measure(name: str, path: Path) -> dict[str, float]:
    """Seconds (best of several) and peak of the memory that Python and numpy take, in a run of its own."""
    run = WAYS[name]
    run(path)  # imports are no part of the measurement
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        run(path)
        seconds.append(time.perf_counter() - started)
    tracemalloc.start()
    run(path)
    return {"seconds": min(seconds), "peak_mb": tracemalloc.get_traced_memory()[1] / 2**20}


def main() -> None:
    if len(sys.argv) == 3:
        print(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mammogram.dcm"
        write_file(path)
        results = {}
        for name in WAYS:
            command = [sys.executable, __file__, name, str(path)]
            results[name] = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        size_mb = path.stat().st_size / 2**20
    whole = results["pydicom, whole image"]
    print(f"file: {size_mb:.0f} MB; best time of {REPEATS}, peak of the memory taken while reading")
    for name, result in results.items():
        faster, smaller = whole["seconds"] / result["seconds"], whole["peak_mb"] / result["peak_mb"]
        print(
            f"{name:22s}{1000 * result['seconds']:9.1f} ms{result['peak_mb']:9.1f} MB   x {faster:.1f}, x {smaller:.1f}"
        )


if __name__ == "__main__":
    main()
