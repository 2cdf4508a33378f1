"""From pip's configuration on this machine to one for the image build, and the read-only mounts that it needs.

Writes pip.conf and build.conf (run.conf with the mounts) into the folder given, and prints whether pip here has wheels
of its own: then torch is looked for there, and not on the index that the Dockerfile names.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

PLACES = ("find-links", "index-url", "extra-index-url")
TAKEN_OVER = {*PLACES, "cert", "trusted-host", "proxy", "default-timeout"}


def main(work: Path) -> int:
    """Write both files."""
    settings = pip_settings()
    certificates = settings.setdefault("cert", os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
    if not Path(certificates).is_file():
        del settings["cert"]
    configuration = work / "pip.conf"
    configuration.touch(mode=0o600)
    lines = [f"{name} = " + "\n    ".join(value.split()) for name, value in settings.items()]
    configuration.write_text("\n".join(["[global]", "disable-pip-version-check = true", *lines]) + "\n")
    volumes = [f"{configuration}:/etc/pip.conf:ro", *(f"{path}:{path}:ro" for path in local_paths(settings))]
    listed = ", ".join(f'"{volume}"' for volume in volumes)
    run = (work / "run.conf").read_text()
    (work / "build.conf").write_text(run.replace("[engine]", f"volumes = [{listed}]\n[engine]"))
    sys.stdout.write("own-wheels\n" if "find-links" in settings else "index\n")
    return 0


def pip_settings() -> dict[str, str]:
    """Read what pip uses here to reach its packages, from files and environment alike."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True, timeout=60
    )
    found = {}
    for line in listed.stdout.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2]
        if name in TAKEN_OVER:
            found[name] = str(ast.literal_eval(value))
    return found


def local_paths(settings: dict[str, str]) -> list[str]:
    """Files and folders of this machine that the settings name."""
    paths = [settings["cert"]] if "cert" in settings else []
    for name in PLACES:
        for place in settings.get(name, "").split():
            path = Path(unquote(urlsplit(place).path) if place.startswith("file:") else place)
            # The pages of an index kept as files link to wheels in a folder beside it.
            folder = path.parent if name.endswith("index-url") else path
            if path.is_absolute() and folder.is_dir() and folder != Path("/"):
                paths.append(str(folder))
    return list(dict.fromkeys(paths))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
