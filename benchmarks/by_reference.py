"""A prediction by UID, cold and from the cache, against the upload of the same file and the bare function; in turns.

    python benchmarks/by_reference.py models/demo [--rounds 12]

A real Orthanc (Debian: orthanc orthanc-dicomweb) and the service run on this machine. Each round takes a 4096 x 3328
mammogram of 16 bits (26 MiB) that the service has not seen: it is asked about by UID (cold: fetched from the PACS),
again by UID (from the cache), uploaded, and given to the bare function in a process of its own.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import httpx
import pydicom

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.service import CENTER, bare_worker, free_port, query_of, write_images  # noqa: E402 - after the path
from scripts.viewer_demo.neighbors import PACS, running_orthanc, running_service  # noqa: E402 - after the path

AIM = 1.1


def new_instance(content: bytes) -> tuple[bytes, dict[str, str]]:
    """The same pixels under new UIDs."""
    dataset = pydicom.dcmread(io.BytesIO(content))
    dataset.PatientID, dataset.PatientName = "BENCHMARK", "BENCHMARK"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID = (
        pydicom.uid.generate_uid() for _ in range(3)
    )
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    names = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
    return buffer.getvalue(), dict(
        zip(("study", "series", "instance"), (str(dataset[n].value) for n in names), strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    bundle = arguments.bundle.absolute()
    if arguments.bare:
        bare_worker(bundle, arguments.bare)
        return
    times: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image, _ = write_images(folder)
        command = [sys.executable, __file__, str(bundle), "--bare", str(image)]
        bare = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert bare.stdin is not None
        assert bare.stdout is not None
        bare.stdout.readline()
        print(f"load {os.getloadavg()[0]:.2f} before")
        with (
            running_orthanc(folder, free_port(), free_port()) as archive,
            running_service(folder, bundle, archive, free_port()) as url,
            httpx.Client(timeout=120, trust_env=False) as client,
        ):

            def ask(what: str, **request: object) -> None:
                started = time.perf_counter()
                answer = client.post(f"{url}/v1/predictions", **request)  # type: ignore[arg-type]
                times[what].append(time.perf_counter() - started)
                answer.raise_for_status()

            for number in range(arguments.rounds + 1):
                content, uids = new_instance(image.read_bytes())
                auth = (archive.user, archive.password)
                httpx.post(
                    f"{archive.url}/instances", content=content, auth=auth, timeout=120, trust_env=False
                ).raise_for_status()
                body = {"dicomweb": {"pacs": PACS, **uids}, "x": CENTER[0], "y": CENTER[1]}
                ask("by UID, cold", json=body)
                for _ in range(3):
                    ask("by UID, from the cache", json=body)
                ask("upload", params=query_of(CENTER), content=content, headers={"Content-Type": "application/dicom"})
                bare.stdin.write("0.3\n")
                bare.stdin.flush()
                times["bare function"] += json.loads(bare.stdout.readline())
                if number == 0:
                    times.clear()  # warms everything up
        bare.stdin.close()
        bare.wait(60)
    function = statistics.median(times["bare function"])
    for what, seconds in times.items():
        p50 = statistics.median(seconds)
        print(f"{what:24} p50 {1000 * p50:7.1f} ms  ratio {p50 / function:5.2f}  ({len(seconds)} requests)")
        print("    " + " ".join(f"{1000 * each:.0f}" for each in seconds))
    ratio = statistics.median(times["by UID, from the cache"]) / function
    print(f"from the cache: {ratio:.2f} x the bare function (aim: {AIM}); load {os.getloadavg()[0]:.2f} after")


if __name__ == "__main__":
    main()
