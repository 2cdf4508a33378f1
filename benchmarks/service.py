"""The service over HTTP against a loop of the bare function, under overload, over many requests, and beside a peer.

    python benchmarks/service.py models/demo [--quick] [--peer]

Everything runs on this machine in one run: the bare function (`read_mammogram`, then `assess`) in a process of its own,
the service as `python -m app` starts it, and, with --peer, the same function served by LitServe (pip install litserve).
The image is an uncompressed 4096 x 3328 mammogram of 16 bits (26 MiB); for many requests, a region of it as PNG.
"""

import argparse
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

ROWS, COLUMNS = 4096, 3328
CENTER = (1500.0, 2100.0)
SPACING_MM = 0.07
SMALL_PX = 760
SMALL_CENTER = (380.0, 380.0)
NO_ANSWER = 0
DICOM, PNG, FORM = "application/dicom", "image/png", "multipart/form-data; boundary=b"


def mammogram_levels() -> np.ndarray:
    """A lesion-like disc on a textured ground."""
    y, x = np.ogrid[:ROWS, :COLUMNS]
    noise = np.random.default_rng(0).normal(0, 150, (ROWS // 4, COLUMNS // 4)).repeat(4, 0).repeat(4, 1)
    disc = 4000 / (1 + np.exp((np.hypot(y - CENTER[1], x - CENTER[0]) - 90) / 10))
    levels = 6000 + disc + 500 * np.sin(x / 131) * np.cos(y / 147) + noise
    stored: np.ndarray = np.clip(levels, 0, 2**14 - 1).astype(np.uint16)
    return stored


def write_images(folder: Path) -> tuple[Path, Path]:
    """The mammogram as DICOM, and the lesion's surroundings as PNG."""
    import pydicom
    from PIL import Image
    from pydicom.dataset import Dataset, FileMetaDataset

    levels = mammogram_levels()
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
    dataset.PixelData = levels.tobytes()
    dicom, png = folder / "mammogram.dcm", folder / "region.png"
    dataset.save_as(dicom, enforce_file_format=True)
    row, column = round(CENTER[1]) - SMALL_PX // 2, round(CENTER[0]) - SMALL_PX // 2
    Image.fromarray(levels[row : row + SMALL_PX, column : column + SMALL_PX]).save(png)
    return dicom, png


# --- the bare function ----------------------------------------------------------------------------------------------


def bare_function(bundle_folder: Path) -> Callable[[bytes], float]:
    from cadx.assessment import assess
    from cadx.bundle import load_bundle
    from cadx.mammogram import read_mammogram
    from cadx.records import LesionCenter

    bundle = load_bundle(bundle_folder)

    def function(content: bytes) -> float:
        mammogram = read_mammogram(content, policy=bundle.policy)
        return assess(bundle, mammogram, LesionCenter(*CENTER)).probability

    return function


def bare_worker(bundle_folder: Path, image: Path) -> None:
    """Child process: for each line that comes in, run the function for so many seconds and report each time."""
    function, content = bare_function(bundle_folder), image.read_bytes()
    for _ in range(3):
        function(content)
    print("ready", flush=True)
    for line in sys.stdin:
        stop, times = time.perf_counter() + float(line), []
        while time.perf_counter() < stop:
            started = time.perf_counter()
            function(content)
            times.append(time.perf_counter() - started)
        print(json.dumps(times), flush=True)


# --- servers --------------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """A running server and how long it took to answer."""

    process: subprocess.Popen[bytes]
    port: int
    path: str
    ready_seconds: float

    def line(self) -> "Line":
        """A connection to it."""
        return Line("127.0.0.1", self.port, timeout=120)

    def rss_mb(self) -> float:
        """Resident memory of the server and its children."""
        family = psutil.Process(self.process.pid)
        return float(sum(child.memory_info().rss for child in [family, *family.children(recursive=True)]) / 1e6)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def run(command: list[str], port: int, path: str, ready_path: str, **environment: str) -> Iterator[Server]:
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while True:
            if process.poll() is not None:
                sys.exit(f"{command} ended with {process.returncode}")
            try:
                line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                line.request("GET", ready_path)
                if line.getresponse().status == 200:
                    break
            except OSError:
                time.sleep(0.02)
        yield Server(process, port, path, time.perf_counter() - started)
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and every process it started; LitServe's outlive it."""
    try:
        family = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        family = []
    process.terminate()
    process.wait(60)
    for child in family:
        with suppress(psutil.NoSuchProcess):
            child.terminate()
    for child in psutil.wait_procs(family, timeout=10)[1]:
        child.kill()


def our_server(bundle: Path, **settings: str) -> AbstractContextManager[Server]:
    port = free_port()
    environment = {"CADX_MODELS_DIR": str(bundle.parent), "CADX_MODEL": bundle.name, "CADX_PORT": str(port)}
    environment |= {"CADX_LOG_LEVEL": "warning", **settings}
    return run([sys.executable, "-m", "app"], port, "/v1/predictions", "/readyz", **environment)


def peer_server(bundle: Path) -> AbstractContextManager[Server]:
    port = free_port()
    command = [sys.executable, str(Path(__file__).with_name("service_litserve.py")), str(bundle), str(port)]
    return run(command, port, "/predict", "/health")


# --- clients --------------------------------------------------------------------------------------------------------


@dataclass
class Load:
    """What a load saw: times of accepted requests, and every status."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    elapsed: float = 0.0

    @property
    def rate(self) -> float:
        """Accepted requests a second."""
        return len(self.seconds) / self.elapsed

    def percentile(self, share: float) -> float:
        """Quantile of the accepted requests' times in seconds."""
        return float(np.quantile(self.seconds, share))


def form_of(content: bytes) -> bytes:
    """A form with the file as its part `request`, as LitServe wants it."""
    head = b'--b\r\nContent-Disposition: form-data; name="request"; filename="a"\r\n\r\n'
    return head + content + b"\r\n--b--\r\n"


class Line(http.client.HTTPConnection):
    """A connection over loopback with TCP's common congestion control: some machines pace even loopback (BBR)."""

    def connect(self) -> None:
        """Open it."""
        super().connect()
        with suppress(OSError, AttributeError):
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")


def post(line: http.client.HTTPConnection, url: str, content: bytes, kind: str) -> int:
    line.request("POST", url, body=content, headers={"Content-Type": kind})
    answer = line.getresponse()
    answer.read()
    return answer.status


def closed_loop(
    server: Server, content: bytes, kind: str, query: str, clients: int, seconds: float, lines: list[Line] | None = None
) -> Load:
    """Each client sends its next request when its last was answered; a refused one waits a little.

    Clients keep their connections, within a turn and, where the caller keeps `lines`, from turn to turn.
    """
    load, lock, stop = Load(), threading.Lock(), time.perf_counter() + seconds

    def client(line: Line) -> None:
        while time.perf_counter() < stop:
            started = time.perf_counter()
            try:
                status = post(line, f"{server.path}?{query}", content, kind)
            except OSError:
                line.close()
                status = NO_ANSWER
            took = time.perf_counter() - started
            with lock:
                load.statuses[status] += 1
                if status == 200:
                    load.seconds.append(took)
            if status != 200:
                time.sleep(0.05)

    started = time.perf_counter()
    lines = lines or [server.line() for _ in range(clients)]
    threads = [threading.Thread(target=client, args=(line,)) for line in lines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.elapsed = time.perf_counter() - started
    return load


@contextmanager
def health_probe(server: Server) -> Iterator[list[float]]:
    waits: list[float] = []
    stop = threading.Event()

    def probe() -> None:
        while not stop.wait(0.05):
            started = time.perf_counter()
            line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
            line.request("GET", "/healthz")
            line.getresponse().read()
            waits.append(time.perf_counter() - started)

    thread = threading.Thread(target=probe)
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        thread.join()


# --- measurements ---------------------------------------------------------------------------------------------------


def query_of(center: tuple[float, float]) -> str:
    return f"x={center[0]}&y={center[1]}"


def speed(bundle: Path, dicom: Path, rounds: int, seconds: float, *, peer: bool) -> None:
    """Latency of one client and throughput of several, in turns with the bare function.

    A shared machine is faster or slower from one minute to the next, so the turns are short, and a ratio is that of
    neighbors: the medians of all rounds are given.
    """
    content = dicom.read_bytes()
    command = [sys.executable, __file__, str(bundle), "--be-bare", str(dicom)]
    clients = 2 * len(os.sched_getaffinity(0))
    bare_loads: list[Load] = []
    ones: dict[str, list[Load]] = {}
    several: dict[str, list[Load]] = {}
    with ExitStack() as stack:
        bare = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert bare.stdout is not None
        assert bare.stdin is not None
        bare.stdout.readline()
        servers = {"service": (stack.enter_context(our_server(bundle)), content, DICOM, query_of(CENTER))}
        if peer:
            servers["LitServe"] = (stack.enter_context(peer_server(bundle)), form_of(content), FORM, "")
        for name, (server, *_) in servers.items():
            print(f"{name}: start to ready {server.ready_seconds:.2f} s, RSS {server.rss_mb():.0f} MB")
        kept = {name: [server.line() for _ in range(clients)] for name, (server, *_) in servers.items()}
        for number in range(rounds + 1):
            print(seconds, file=bare.stdin, flush=True)
            times = json.loads(bare.stdout.readline())
            one = {name: closed_loop(*request, 1, seconds, kept[name][:1]) for name, request in servers.items()}
            many = {name: closed_loop(*request, clients, 2 * seconds, kept[name]) for name, request in servers.items()}
            if number > 0:  # The first round is for warming up.
                bare_loads.append(Load(times, elapsed=sum(times)))
                for name in servers:
                    ones.setdefault(name, []).append(one[name])
                    several.setdefault(name, []).append(many[name])
        print(f"bare function: p50 {median_ms(bare_loads):.1f} ms, {median_rate(bare_loads):.1f}/s ({rounds} rounds)")
        for name, (server, *_) in servers.items():
            slower = [a.percentile(0.5) / b.percentile(0.5) for a, b in zip(ones[name], bare_loads, strict=True)]
            throughput = [a.rate / b.rate for a, b in zip(several[name], bare_loads, strict=True)]
            pooled = Load([second for load in several[name] for second in load.seconds])
            print(
                f"{name}: one client p50 {median_ms(ones[name]):.1f} ms = {spread(slower)} x function; "
                f"{clients} clients "
                f"{median_rate(several[name]):.1f}/s = {spread(throughput)} x loop, "
                f"p50 {1000 * pooled.percentile(0.5):.0f} ms, p99 {1000 * pooled.percentile(0.99):.0f} ms; "
                f"RSS {server.rss_mb():.0f} MB"
            )
        bare.stdin.close()


def median_ms(loads: list[Load]) -> float:
    return 1000 * statistics.median(load.percentile(0.5) for load in loads)


def median_rate(loads: list[Load]) -> float:
    return statistics.median(load.rate for load in loads)


def spread(ratios: list[float]) -> str:
    """Median and quartiles."""
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def overload(bundle: Path, dicom: Path, seconds: float) -> None:
    """Four times as many clients as the service has workers and places in its queue."""
    content = dicom.read_bytes()
    workers, places = len(os.sched_getaffinity(0)), 4
    with our_server(bundle, CADX_QUEUE_CAPACITY=str(places)) as server:
        closed_loop(server, content, DICOM, query_of(CENTER), 1, 1.0)
        with health_probe(server) as waits:
            load = closed_loop(server, content, DICOM, query_of(CENTER), 4 * (workers + places), seconds)
    print(
        f"overload, {4 * (workers + places)} clients for {workers} workers and {places} places: "
        f"{dict(sorted(load.statuses.items()))}, {load.rate:.1f}/s accepted, p50 {1000 * load.percentile(0.5):.0f} ms, "
        f"p99 {1000 * load.percentile(0.99):.0f} ms; health: p50 {1000 * statistics.median(waits):.1f} ms, "
        f"max {1000 * max(waits):.0f} ms of {len(waits)}"
    )


@contextmanager
def only_cores(cores: set[int]) -> Iterator[None]:
    """What is started here may use these cores."""
    all_cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)


def cores(bundle: Path, dicom: Path, seconds: float) -> None:
    """Throughput by the number of cores that the service may use; the clients share them when it has all."""
    content, all_cores = dicom.read_bytes(), sorted(os.sched_getaffinity(0))
    for count in range(1, len(all_cores) + 1):
        with ExitStack() as stack:
            with only_cores(set(all_cores[:count])):
                server = stack.enter_context(our_server(bundle))
            closed_loop(server, content, DICOM, query_of(CENTER), 1, 1.0)
            loads = [closed_loop(server, content, DICOM, query_of(CENTER), 2 * count, seconds) for _ in range(3)]
            best = max(loads, key=lambda load: load.rate)
            print(
                f"{count} of {len(all_cores)} cores: {best.rate:.1f}/s, p50 {1000 * best.percentile(0.5):.0f} ms, "
                f"p99 {1000 * best.percentile(0.99):.0f} ms, RSS {server.rss_mb():.0f} MB"
            )


def endurance(bundle: Path, png: Path, requests: int) -> None:
    """Memory over many requests."""
    content, query = png.read_bytes(), f"{query_of(SMALL_CENTER)}&pixel_spacing_mm={SPACING_MM}"
    with our_server(bundle) as server:
        done, marks = 0, []
        while done < requests:
            load = closed_loop(server, content, PNG, query, 4, 5.0)
            done += len(load.seconds)
            marks.append((done, server.rss_mb()))
    first = next(mark for mark in marks if mark[0] >= min(1000, requests / 5))
    last = marks[-1]
    print(
        f"memory: {first[1]:.0f} MB after {first[0]} requests, {last[1]:.0f} MB after {last[0]}: "
        f"{100 * (last[1] / first[1] - 1):+.1f} %"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--quick", action="store_true", help="a minute instead of many")
    parser.add_argument("--peer", action="store_true", help="also LitServe")
    parser.add_argument("--only", choices=("speed", "overload", "cores", "endurance"))
    parser.add_argument("--be-bare", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.be_bare:
        bare_worker(chosen.bundle, chosen.be_bare)
    else:
        with tempfile.TemporaryDirectory() as scratch:
            dicom, png = write_images(Path(scratch))
            if chosen.only in (None, "speed"):
                rounds, seconds = (5, 1.0) if chosen.quick else (30, 1.0)
                speed(chosen.bundle, dicom, rounds, seconds, peer=chosen.peer)
            if chosen.only in (None, "overload"):
                overload(chosen.bundle, dicom, 5.0 if chosen.quick else 20.0)
            if chosen.only in (None, "cores"):
                cores(chosen.bundle, dicom, 3.0 if chosen.quick else 10.0)
            if chosen.only in (None, "endurance"):
                endurance(chosen.bundle, png, 300 if chosen.quick else 10_000)


if __name__ == "__main__":
    main()
