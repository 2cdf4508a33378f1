"""Clients that ask for another HTTP, or speak an older one: Java's own, curl, and bytes by hand."""

import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from tests.app.conftest import LiveServer, Sample

URL = "/v1/predictions"

# The JDK's HttpClient with its defaults: over plain HTTP its first request asks for an upgrade to HTTP/2.
JAVA = """
import java.net.URI;
import java.net.http.*;
import java.nio.file.Path;

public class Ask {
    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        for (int times = 0; times < 3; times++) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0]))
                .header("Content-Type", arguments[1])
                .POST(HttpRequest.BodyPublishers.ofFile(Path.of(arguments[2])))
                .build();
            HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.body());
        }
    }
}
"""


def needed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"no {program} here")
    return found


@pytest.fixture(scope="module")
def form(sample: "Sample", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A form as a file; its image has no file name, as Spring sends it."""
    start = b"--b\r\nContent-Disposition: form-data; name="
    content = start + b'"image"\r\nContent-Type: application/octet-stream\r\n\r\n' + sample.content
    for name, value in sample.data.items():
        content += b"\r\n" + start + f'"{name}"\r\n\r\n{value}'.encode()
    path = tmp_path_factory.mktemp("form") / "form"
    path.write_bytes(content + b"\r\n--b--\r\n")
    return path


def expected_id(server: "LiveServer", sample: "Sample") -> str:
    answer = httpx.post(f"{server.url}{URL}", files=sample.files, data=sample.data, timeout=60)
    return str(answer.json()["id"])


@pytest.mark.parametrize("bare", [False, True])
def test_javas_own_client_with_its_defaults(
    live_server: "LiveServer", sample: "Sample", form: Path, tmp_path: Path, bare: bool
) -> None:
    (tmp_path / "Ask.java").write_text(JAVA)
    subprocess.run([needed("javac"), "Ask.java"], cwd=tmp_path, check=True, timeout=120)
    (tmp_path / "image.dcm").write_bytes(sample.content)
    query = f"?x={sample.x}&y={sample.y}" if bare else ""
    kind, body = ("application/dicom", tmp_path / "image.dcm") if bare else ("multipart/form-data; boundary=b", form)
    command = [needed("java"), "-cp", str(tmp_path), "Ask", f"{live_server.url}{URL}{query}", kind, str(body)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    answers = done.stdout.splitlines()
    assert [answer[:4] for answer in answers] == ["200 "] * 3, done.stdout[:2000] + done.stderr[-2000:]
    assert all(expected_id(live_server, sample) in answer for answer in answers)


@pytest.mark.parametrize(
    "options",
    [
        ("--http2",),
        ("--http1.0",),
        ("--http1.1",),
        ("--compressed",),
        ("--header", "Expect: 100-continue"),
        ("--header", "Transfer-Encoding: chunked"),
        ("--http2", "--header", "Transfer-Encoding: chunked"),
        ("--header", "Connection: upgrade", "--header", "Upgrade: websocket"),
    ],
    ids=" ".join,
)
def test_curl_in_its_ways(
    live_server: "LiveServer", sample: "Sample", tmp_path: Path, options: tuple[str, ...]
) -> None:
    image = tmp_path / "image.dcm"
    image.write_bytes(sample.content)
    fields = [f"image=@{image}", *(f"{name}={value}" for name, value in sample.data.items())]
    command = [needed("curl"), "--silent", "--show-error", "--max-time", "60", *options]
    for field in fields:
        command += ["--form", field]
    command += ["--write-out", " %{http_code}", f"{live_server.url}{URL}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.endswith(" 200"), done.stdout[-2000:] + done.stderr
    assert expected_id(live_server, sample) in done.stdout


def test_an_answer_to_http_1_0_ends_with_the_connection(live_server: "LiveServer") -> None:
    with socket.create_connection(("127.0.0.1", live_server.port), timeout=10) as line:
        line.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        answer = b""
        while piece := line.recv(4096):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b'{"status":"alive"}')


def test_head_over_the_wire_has_no_body(live_server: "LiveServer") -> None:
    with socket.create_connection(("127.0.0.1", live_server.port), timeout=10) as line:
        line.sendall(b"HEAD /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := line.recv(4096):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"\r\n\r\n")
