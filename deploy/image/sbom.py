"""Complete the software bill of materials: add the Debian packages of the image to the Python packages' list.

Reads the CycloneDX document that cyclonedx-py wrote for the Python environment and dpkg's own record of what is
installed, and writes one CycloneDX document with both to standard output.
"""

import json
import sys
from email.parser import HeaderParser
from pathlib import Path
from typing import Any
from urllib.parse import quote


def debian_components(dpkg_status: str) -> list[dict[str, Any]]:
    """Turn dpkg's status file into CycloneDX components with package URLs, in order of name."""
    parser = HeaderParser()
    packages = (parser.parsestr(paragraph) for paragraph in dpkg_status.split("\n\n") if paragraph.strip())
    installed = [package for package in packages if package["Status"] == "install ok installed"]
    return [
        _component(package["Package"], package["Version"], package["Architecture"])
        for package in sorted(installed, key=lambda package: str(package["Package"]))
    ]


def with_debian(document: dict[str, Any], dpkg_status: str) -> dict[str, Any]:
    """Return the document with the Debian packages added to its components."""
    return {**document, "components": [*document.get("components", []), *debian_components(dpkg_status)]}


def _component(name: str, version: str, architecture: str) -> dict[str, Any]:
    purl = f"pkg:deb/debian/{quote(name, safe='')}@{quote(version, safe='')}?arch={architecture}&distro=debian-12"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def main(python_document: Path, dpkg_status: Path) -> int:
    """Write the whole document to standard output."""
    document = json.loads(python_document.read_text(encoding="utf-8"))
    whole = with_debian(document, dpkg_status.read_text(encoding="utf-8"))
    json.dump(whole, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
