"""Logins and phantoms of the compose profiles `pacs` and `ohif`. Runs in the service's image.

python prepare_demo.py logins FOLDER        a password and a key that nobody else has, as each container reads them
python prepare_demo.py study FOLDER IMAGES  put phantoms into the PACS, once it answers
"""

import base64
import json
import secrets
import sys
import time
from pathlib import Path

import httpx

from app.auth.api_keys import Right, new_key

ORTHANC = "http://orthanc:8042"
USER = "demo"
PLUGINS = "/usr/share/orthanc/plugins"
MOST_IMAGES = 12
READY_SECONDS = 60.0


def write_logins(folder: Path) -> None:
    """Write the files, unless an earlier run left them."""
    if (folder / "orthanc.json").exists():
        return
    password = secrets.token_urlsafe(24)
    key, entry = new_key("viewer", (Right.READ, Right.STORE))
    basic = base64.b64encode(f"{USER}:{password}".encode()).decode()
    orthanc = {
        "Name": "mammo-cadx demonstration",
        "StorageDirectory": "/var/lib/orthanc-demo",
        "IndexDirectory": "/var/lib/orthanc-demo",
        "HttpPort": 8042,
        "DicomPort": 4242,
        "RemoteAccessAllowed": True,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: password},
        "Plugins": [f"{PLUGINS}/libOrthancDicomWeb.so", f"{PLUGINS}/libOrthancGdcm.so"],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "StudiesMetadata": "Full", "SeriesMetadata": "Full"},
    }
    files = {
        "api-keys": f"{entry}\n",
        "pacs.toml": f'[demo]\nurl = "{ORTHANC}/dicom-web"\nuser = "{USER}"\npassword = "{password}"\n',
        "pacs-login.conf": f'proxy_set_header Authorization "Basic {basic}";\n',
        "cadx-login.conf": f'proxy_set_header X-API-Key "{key}";\n',
        "orthanc.json": json.dumps(orthanc, indent=2),
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def load_study(folder: Path, images: Path) -> None:
    """Send phantoms to the PACS; those that it has are no harm."""
    ((user, password),) = json.loads((folder / "orthanc.json").read_text())["RegisteredUsers"].items()
    found = sorted(images.glob("unseen/*.dcm")) + sorted(images.glob("phantoms/images/*.dcm"))
    if not found:
        sys.exit("no phantoms to load: `make demo` writes them")
    with httpx.Client(base_url=ORTHANC, auth=(user, password), timeout=60, trust_env=False) as client:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                client.get("/system").raise_for_status()
                break
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)
        for path in found[:MOST_IMAGES]:
            client.post("/instances", content=path.read_bytes()).raise_for_status()
    sys.stdout.write(f"{min(len(found), MOST_IMAGES)} phantom images are in the PACS\n")


if __name__ == "__main__":
    if sys.argv[1] == "logins":
        write_logins(Path(sys.argv[2]))
    else:
        load_study(Path(sys.argv[2]), Path(sys.argv[3]))
