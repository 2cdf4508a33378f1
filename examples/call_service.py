"""Call the service over HTTP with nothing but Python's standard library.

    make serve    # elsewhere
    python examples/call_service.py demo/unseen/UNSEEN-01-CC.dcm --x 318 --y 483

The file goes as the request's body, everything else in the query; a form works too (docs/http-api.md). Set CADX_API_KEY
where the service asks for a key. Research use only.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

MEDIA_TYPES = {".dcm": "application/dicom", ".png": "image/png", ".tif": "image/tiff", ".tiff": "image/tiff"}


def predict(service: str, image: Path, query: dict[str, str]) -> dict[str, Any]:
    """Send an image; return the answer, or the problem document (RFC 9457) of a refusal."""
    headers = {"Content-Type": MEDIA_TYPES.get(image.suffix.lower(), "image/x-portable-graymap")}
    if key := os.environ.get("CADX_API_KEY"):
        headers["X-API-Key"] = key
    request = Request(f"{service}/v1/predictions?{urlencode(query)}", image.read_bytes(), headers)
    try:
        with urlopen(request, timeout=60) as response:
            answer: dict[str, Any] = json.load(response)
    except HTTPError as refusal:
        answer = json.load(refusal)
    return answer


def main() -> int:
    """Parse, ask, print."""
    parser = argparse.ArgumentParser(description="Ask a running service about one lesion.")
    parser.add_argument("image", type=Path, help="DICOM, PNG, TIFF or PGM")
    parser.add_argument("--x", required=True, help="column of the lesion's center, in stored pixels")
    parser.add_argument("--y", required=True, help="row of the lesion's center, in stored pixels")
    parser.add_argument("--pixel-spacing-mm", help="for a file that does not tell its own")
    parser.add_argument("--service", default="http://127.0.0.1:8000", help="where the service listens")
    arguments = parser.parse_args()
    query = {"x": arguments.x, "y": arguments.y}
    if arguments.pixel_spacing_mm:
        query["pixel_spacing_mm"] = arguments.pixel_spacing_mm
    try:
        answer = predict(arguments.service, arguments.image, query)
    except URLError as error:
        print(f"no service at {arguments.service}: {error.reason}", file=sys.stderr)
        return 1
    if "probability" not in answer:
        # `code` is stable: branch on it. `detail` and `remedy` are for people.
        print(f"{answer['code']}: {answer['detail']} {answer['remedy']}", file=sys.stderr)
        return 1
    print(f"probability of malignancy {answer['probability']:.3f} (model {answer['model']['name']})")
    for flag in answer["flags"]:
        print(f"flag {flag['code']}: {flag['message']}")
    for notice in answer["notices"]:
        print(f"notice: {notice}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
