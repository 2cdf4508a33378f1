"""What a PACS may do wrong, played."""

import asyncio
import gzip
import logging
import socketserver
import ssl
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, TypeVar

import pytest

from cadx.errors import (
    InstanceNotInPacs,
    PacsAnswerUnreadable,
    PacsError,
    PacsFileInvalid,
    PacsInstanceTooLarge,
    PacsRefused,
    PacsTooSlow,
    PacsUnreachable,
)
from cadx.exchange.dicomweb import InstanceName, PacsClient, PacsConnection, StoreState, read_connections
from cadx.exchange.dicomweb.storing import reason_text, told_of
from tests.cadx.exchange.dicomweb.played import RELATED, Answer, Pacs, related, says, served

Value = TypeVar("Value")

NAME = InstanceName("1.2.3", "1.2.4", "1.2.5")
INSTANCE = bytes(range(256)) * 4000


def ask(url: str, what: Callable[[PacsClient], Awaitable[Value]], seconds: float = 10, **more: Any) -> Value:
    async def run() -> Value:
        client = PacsClient(PacsConnection(name="archive", url=url, **more), seconds)
        try:
            return await what(client)
        finally:
            await client.close()

    return asyncio.run(run())


class Bytes(bytearray):
    def append(self, data: bytes | memoryview) -> None:  # type: ignore[override]
        self.extend(data)


def fetch(pacs: Pacs, *, limit_mb: int = 8, seconds: float = 10, **more: Any) -> bytes:
    sinks: list[Bytes] = []

    def begin(_: int) -> Bytes:
        sinks.append(Bytes())
        return sinks[-1]

    with served(pacs) as url:
        ask(url, lambda client: client.fetch(NAME, begin, limit_mb), seconds, **more)
    return bytes(sinks[-1])


def refused(pacs: Pacs, **more: Any) -> PacsError:
    with pytest.raises(PacsError) as refusal:
        fetch(pacs, **more)
    assert "127.0.0.1" not in str(refusal.value)
    assert NAME.instance not in str(refusal.value)
    return refusal.value


def test_an_instance_comes_whole_and_is_asked_for_as_it_is_stored() -> None:
    pacs = Pacs(says(body=related(INSTANCE)))
    assert fetch(pacs, headers={"X-Tenant": "7"}) == INSTANCE
    path, headers = pacs.asked[0]
    assert path == "/dicom-web/studies/1.2.3/series/1.2.4/instances/1.2.5"
    assert headers["accept"] == 'multipart/related; type="application/dicom"; transfer-syntax=*'
    assert headers["accept-encoding"] == "identity"
    assert headers["x-tenant"] == "7"


def test_the_single_part_form_is_read() -> None:
    assert fetch(Pacs(says(body=INSTANCE, kind="application/dicom"))) == INSTANCE


def test_gzip_although_identity_was_asked() -> None:
    assert fetch(Pacs(says(body=gzip.compress(related(INSTANCE)), Content_Encoding="gzip"))) == INSTANCE
    half = gzip.compress(related(INSTANCE))[:-200]
    assert isinstance(refused(Pacs(says(body=half, Content_Encoding="gzip"))), PacsAnswerUnreadable)
    assert isinstance(refused(Pacs(says(body=b"junk", Content_Encoding="gzip"))), PacsAnswerUnreadable)
    assert isinstance(refused(Pacs(says(body=b"junk", Content_Encoding="br"))), PacsAnswerUnreadable)


def test_a_small_answer_that_unpacks_to_much_is_stopped() -> None:
    bomb = gzip.compress(related(bytes(64 * 2**20)))
    assert len(bomb) < 2**20
    assert isinstance(refused(Pacs(says(body=bomb, Content_Encoding="gzip"))), PacsInstanceTooLarge)


def test_a_huge_instance_is_refused_before_it_comes() -> None:
    started = time.monotonic()
    error = refused(Pacs(says(body=b"", Content_Length=str(2 * 2**30))))
    assert isinstance(error, PacsInstanceTooLarge)
    assert time.monotonic() - started < 5


def test_a_huge_instance_that_is_not_announced_is_stopped() -> None:
    sent = []

    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", RELATED)
        handler.end_headers()
        handler.wfile.write(b"--xx\r\n\r\n")
        for _ in range(2048):
            handler.wfile.write(bytes(2**20))
            sent.append(1)

    assert isinstance(refused(Pacs(endless)), PacsInstanceTooLarge)
    assert len(sent) < 64


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (says(body=related(INSTANCE, closing=False)), "cut short"),
        (says(body=b"", kind="application/dicom"), "empty"),
        (says(body=related(b"")), "empty"),
        (says(body=b"<html>", kind="text/html"), "type"),
        (says(body=related(INSTANCE, kind="image/jpeg")), "type"),
        (says(body=related(INSTANCE, closing=False) + b"\r\n" + related(INSTANCE)), "more than one"),
        (says(body=b"no parts at all"), "well-formed"),
        (says(body=related(INSTANCE), kind="multipart/related"), "boundary"),
    ],
)
def test_an_answer_that_cannot_be_used(answer: Answer, why: str) -> None:
    error = refused(Pacs(answer))
    assert isinstance(error, PacsAnswerUnreadable)
    assert why in error.reason


@pytest.mark.parametrize("status", [400, 401, 403, 406, 413, 500, 501])
def test_a_refusal_is_told_with_its_status_and_not_tried_again(status: int) -> None:
    pacs = Pacs(says(status))
    error = refused(pacs)
    assert isinstance(error, PacsRefused)
    assert error.pacs_status == status
    assert len(pacs.asked) == 1


def test_not_there() -> None:
    assert isinstance(refused(Pacs(says(404))), InstanceNotInPacs)


def test_a_busy_pacs_is_asked_again() -> None:
    pacs = Pacs(says(503, Retry_After="1"), says(502), says(body=related(INSTANCE)))
    assert fetch(pacs) == INSTANCE
    assert len(pacs.asked) == 3
    pacs = Pacs(says(503, Retry_After="0"))
    assert isinstance(refused(pacs), PacsRefused)
    assert len(pacs.asked) == 3


def test_an_answer_that_breaks_off_is_asked_for_again_from_the_beginning() -> None:
    body = related(INSTANCE)
    half = says(body=body[:1000], Content_Length=str(len(body)))
    assert fetch(Pacs(half, says(body=body))) == INSTANCE
    assert isinstance(refused(Pacs(half)), PacsUnreachable)


def test_nobody_there() -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as free:
        url = f"http://127.0.0.1:{free.server_address[1]}"
    with pytest.raises(PacsUnreachable, match="no connection"):
        ask(url, PacsClient.ping)


def test_a_redirect_on_the_same_origin_is_followed_and_another_host_never() -> None:
    assert fetch(Pacs(says(302, Location="/elsewhere"), says(body=related(INSTANCE)))) == INSTANCE
    error = refused(Pacs(says(302, Location="http://169.254.169.254/latest/meta-data")))
    assert isinstance(error, PacsAnswerUnreadable)
    assert "another host" in error.reason
    assert isinstance(refused(Pacs(says(302, Location="/again"))), PacsAnswerUnreadable)
    assert isinstance(refused(Pacs(says(302, Location="http://["))), PacsAnswerUnreadable)


def test_a_slow_pacs_is_given_up() -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", RELATED)
        handler.end_headers()
        handler.wfile.write(b"--xx\r\n\r\n")
        for _ in range(60):
            handler.wfile.write(b"-")
            time.sleep(0.1)

    started = time.monotonic()
    assert isinstance(refused(Pacs(slow), seconds=0.5), PacsTooSlow)
    assert time.monotonic() - started < 4


def self_signed(key: Path, certificate: Path) -> None:
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], capture_output=True, check=True)


def test_a_certificate_that_nobody_known_signed_is_refused_and_taken_with_its_authority(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    self_signed(key, certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with served(Pacs(says(body=b"[]", kind="application/dicom+json")), context) as url:
        with pytest.raises(PacsUnreachable, match="not trusted"):
            ask(url, PacsClient.ping)
        ask(url, PacsClient.ping, ca_file=certificate)


def test_a_client_certificate_is_shown(tmp_path: Path) -> None:
    pem = tmp_path / "both.pem"
    self_signed(tmp_path / "k", tmp_path / "c")
    pem.write_bytes((tmp_path / "k").read_bytes() + (tmp_path / "c").read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    context.load_verify_locations(pem)
    context.verify_mode = ssl.CERT_REQUIRED
    with served(Pacs(says(body=b"[]", kind="application/dicom+json")), context) as url:
        with pytest.raises(PacsUnreachable):
            ask(url, PacsClient.ping, ca_file=pem)
        ask(url, PacsClient.ping, ca_file=pem, client_certificate=pem)


def test_a_token_of_a_file_is_sent(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("secret-token\n", encoding="utf-8")
    pacs = Pacs(says(body=b"[]", kind="application/dicom+json"))
    with served(pacs) as url:
        ask(url, PacsClient.ping, token_file=token)
        with pytest.raises(PacsUnreachable, match="token"):
            ask(url, PacsClient.ping, token_file=tmp_path / "missing")
    assert pacs.asked[0][1]["authorization"] == "Bearer secret-token"


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetch(Pacs(says(body=related(INSTANCE)))) == INSTANCE


def test_nothing_of_a_request_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        fetch(Pacs(says(body=related(INSTANCE))), user="u", password="p")
    assert NAME.instance not in caplog.text
    assert "authorization" not in caplog.text.lower()


@pytest.mark.parametrize("uid", ["", "1.2/../../x", "1.2?x=1", "a.b", "1.2.3#", "..", "1" * 65, "1.2\n", "\uff11.2"])
def test_what_is_no_uid_never_becomes_part_of_a_url(uid: str) -> None:
    with pytest.raises(ValueError, match="UID"):
        InstanceName("1.2.3", "1.2.4", uid)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"7", b'[7, {"00081198": 3}]', b'{"00081198": {"Value": [1]}}'])
def test_a_store_answer_that_says_nothing_is_looked_after(body: bytes) -> None:
    """The objects are not there when looked for: failed, whatever the answer's status."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        reply = says(200, body, "application/dicom+json") if handler.command == "POST" else says(404)
        reply(handler)

    with served(Pacs(answer)) as url:
        (outcome,) = ask(url, lambda client: client.store("1.2.3", {NAME: INSTANCE}))
    assert outcome.state is StoreState.FAILED


def test_a_store_whose_answer_is_lost_counts_when_the_object_is_there() -> None:
    stored = threading.Event()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.command == "POST":
            stored.set()
            handler.connection.close()
        elif stored.is_set():
            says(200, b'[{"00080018": {"vr": "UI", "Value": ["1.2.5"]}}]', "application/dicom+json")(handler)
        else:
            says(404)(handler)

    with served(Pacs(answer)) as url:
        (outcome,) = ask(url, lambda client: client.store("1.2.3", {NAME: INSTANCE}))
    assert outcome.state is StoreState.STORED


@pytest.mark.parametrize("status", [401, 403, 413, 500, 503])
def test_a_store_that_is_refused_says_so(status: int) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        (says(status, b"no", "text/plain") if handler.command == "POST" else says(404))(handler)

    with served(Pacs(answer)) as url, pytest.raises(PacsRefused) as refusal:
        ask(url, lambda client: client.store("1.2.3", {NAME: INSTANCE}))
    assert refusal.value.pacs_status == status


def test_what_a_store_answer_says_is_read() -> None:
    def item(uid: str, tag: str, reason: int) -> dict[str, Any]:
        return {"00081155": {"vr": "UI", "Value": [uid]}, tag: {"vr": "US", "Value": [reason]}}

    told = told_of(
        {
            "00081199": {"vr": "SQ", "Value": [item("1.1", "00081196", 0xB000), {"00081155": {"Value": ["1.2"]}}]},
            "00081198": {"vr": "SQ", "Value": [item("1.3", "00081197", 0x0122)]},
        }
    )
    assert [(uid, said.stored, said.reason) for uid, said in told.items()] == [
        ("1.1", True, 0xB000),
        ("1.2", True, None),
        ("1.3", False, 0x0122),
    ]
    assert "Comprehensive" in reason_text(0x0122)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "no PACS"),
        ("a = 1", "a: a table"),
        ("[a]", "give `url`"),
        ('[a]\nurl = "ftp://x"', "a.url"),
        ('[a]\nurl = "http://user:pass@x/"', "a.url"),
        ('[a]\nwado = "http://x"\nqido = "http://x"', "give `url`"),
        ('[a]\nurl = "http://x"\nuser = "u"', "password_file"),
        ('[a]\nurl = "http://x"\nunheard = 1', "a.unheard"),
        ('["a b"]\nurl = "http://x"', "a b.name"),
        ('[a]\nurl = "http://x"\nname = "b"', "a.name"),
        ('[a]\npassword = "sec', "not TOML"),
    ],
)
def test_a_pacs_file_that_cannot_be_used_is_refused_by_entry(text: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "pacs.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PacsFileInvalid) as refusal:
        read_connections(path)
    assert named in str(refusal.value)
    assert "sec" not in str(refusal.value).replace("seconds", "")


def test_prefixes_may_differ(tmp_path: Path) -> None:
    path = tmp_path / "pacs.toml"
    path.write_text('[a]\nurl = "http://x/rs/"\nstow = "http://y/stow"\n', encoding="utf-8")
    connection = read_connections(path)["a"]
    assert (connection.wado, connection.qido, connection.stow) == ("http://x/rs", "http://x/rs", "http://y/stow")
