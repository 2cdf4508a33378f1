"""`make pacs-demo` and `make viewer-demo`: a PACS, the service and a viewer on this machine, until Ctrl-C.

Plain processes, all on loopback; everything that was started is stopped at the end.
"""

import argparse
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import uvicorn

from scripts.viewer_demo.gateway import Upstream, basic_login, make_gateway
from scripts.viewer_demo.neighbors import PACS, Archive, MarkedView, load_study, running_orthanc, running_service
from scripts.viewer_demo.ohif_configuration import ohif_configuration

NOTICE = "Research use only, not a medical device. The study is a phantom."


def read_arguments() -> argparse.Namespace:
    """What to start and where."""
    parser = argparse.ArgumentParser(prog="python -m scripts.viewer_demo", description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/demo"), help="folder of the bundle")
    parser.add_argument("--folder", type=Path, default=Path("demo/viewer"), help="for logs, database and phantoms")
    parser.add_argument("--ohif", type=Path, help="OHIF's dist; without it PACS and service alone")
    parser.add_argument("--port", type=int, default=8000, help="of the service")
    parser.add_argument("--pacs-port", type=int, default=8042, help="of Orthanc (HTTP)")
    parser.add_argument("--dicom-port", type=int, default=4242, help="of Orthanc (DIMSE)")
    parser.add_argument("--viewer-port", type=int, default=3000, help="of OHIF")
    return parser.parse_args()


def main() -> None:
    """Start everything, say where it is, and wait for Ctrl-C."""
    arguments = read_arguments()
    if not (arguments.model / "bundle.json").is_file():
        sys.exit(f"no model in {arguments.model}: run `make demo` first")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with ExitStack() as stack:
            archive = stack.enter_context(running_orthanc(arguments.folder, arguments.pacs_port, arguments.dicom_port))
            service = stack.enter_context(running_service(arguments.folder, arguments.model, archive, arguments.port))
            views = load_study(arguments.folder, archive)
            say(*pacs_lines(archive, service, views[0]))
            if arguments.ohif is None:
                say("", "Ctrl-C ends it.")
                signal.pause()
            serve_viewer(arguments.ohif, arguments.viewer_port, archive, service, views)
    except KeyboardInterrupt:
        say("stopped")


def serve_viewer(dist: Path, port: int, archive: Archive, service: str, views: list[MarkedView]) -> None:
    """Serve OHIF at one origin with PACS and service, until Ctrl-C."""
    gateway = make_gateway(
        dist,
        ohif_configuration({"pacs": PACS}),
        {
            "dicom-web": Upstream(archive.url, basic_login(archive.user, archive.password)),
            "cadx": Upstream(service, strip=True),
        },
    )
    say(
        "",
        f"OHIF: http://127.0.0.1:{port}/viewer?StudyInstanceUIDs={views[0].study}",
        "  Choose the CADx tool at the right end of the tool bar and click the lesion.",
        "",
        "Ctrl-C ends it.",
    )
    uvicorn.run(gateway, host="127.0.0.1", port=port, log_level="warning", timeout_graceful_shutdown=3)


def pacs_lines(archive: Archive, service: str, view: MarkedView) -> list[str]:
    """What was started, and how it is asked."""
    center = view.case.center
    body = (
        f'{{"dicomweb": {{"pacs": "{PACS}", "study": "{view.study}", "series": "{view.series}", '
        f'"instance": "{view.instance}"}}, "x": {center.x:g}, "y": {center.y:g}}}'
    )
    fragment = f"pacs={PACS}&study={view.study}&series={view.series}&instance={view.instance}"
    return [
        NOTICE,
        f"Orthanc: {archive.url} (user {archive.user}, password {archive.password}; DIMSE port {archive.dicom_port})",
        f"Page: {service}/#{fragment}&x={center.x:g}&y={center.y:g}",
        "Ask, and have the result stored in the study:",
        f"  curl -s '{service}/v1/predictions?store=sr&store=seg' -H 'Content-Type: application/json' -d '{body}'",
    ]


def say(*lines: str) -> None:
    """Print at once, also into a file."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
