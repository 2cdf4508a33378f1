"""Send a phantom to a container and compare its answer with the same assessment made here, without any container."""

import statistics
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from cadx.assessment import assess
from cadx.bundle import load_bundle
from cadx.mammogram import read_mammogram
from training.cohort.cases import Case
from training.phantoms import write_unseen_phantom

REQUESTS = 8
PAGE = Path(__file__).parents[2] / "app" / "pages" / "static"
DOCUMENTS = ("/healthz", "/v1/models", "/metrics", "/docs", "/openapi.json")


def main(port: str, folder: Path, model: Path) -> int:
    """Print one line on the answer, or end with what is wrong with it."""
    case = write_unseen_phantom(folder, seed=7)
    content = case.image.read_bytes()
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        answer, seconds = predict(client, case, content)
        refused = client.post("/v1/predictions", files={"image": ("phantom.dcm", content)}, data={"x": "-5", "y": "-5"})
        if refused.status_code != 422 or refused.headers["content-type"] != "application/problem+json":
            sys.exit(f"a center outside the image: {refused.status_code} {refused.text}")
        for path in DOCUMENTS:
            if client.get(path).status_code != httpx.codes.OK:
                sys.exit(f"GET {path}: {client.get(path).text[:500]}")
        for file in PAGE.iterdir():
            path = "/" if file.name == "index.html" else f"/page/{file.name}"
            if client.get(path).content != file.read_bytes():
                sys.exit(f"GET {path}: not the file that the page is made of")
    both = answer["cnn_probability"], answer["lesion_probability"]
    if abs(answer["probability"] - sum(both) / 2) > 1e-12:
        sys.exit(f"{answer['probability']} is not the mean of {both}")
    bundle = load_bundle(model)
    here = assess(bundle, read_mammogram(case.image, policy=bundle.policy), case.center).probability
    difference = abs(here - answer["probability"])
    if difference > 1e-6:
        sys.exit(f"here the same assessment gives {here}, in the container {answer['probability']}")
    sys.stdout.write(
        f"p = {answer['probability']:.6f} = mean of {both[0]:.6f} and {both[1]:.6f}; {difference:.1e} from the same "
        f"assessment outside; {seconds * 1e3:.0f} ms a request ({len(content) / 1e6:.1f} MB DICOM)\n"
    )
    return 0


def predict(client: httpx.Client, case: Case, content: bytes) -> tuple[dict[str, Any], float]:
    """Ask several times; return the answer, which must always be the same, and the median time without the first."""
    answers: list[dict[str, Any]] = []
    seconds = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        response = client.post(
            "/v1/predictions",
            files={"image": ("phantom.dcm", content)},
            data={"x": str(case.center.x), "y": str(case.center.y)},
        )
        seconds.append(time.perf_counter() - started)
        if response.status_code != httpx.codes.OK:
            sys.exit(f"{response.status_code}: {response.text}")
        answers.append(response.json())
    if len({(answer["id"], answer["probability"]) for answer in answers}) != 1:
        sys.exit("the same request got different answers")
    return answers[0], statistics.median(seconds[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
