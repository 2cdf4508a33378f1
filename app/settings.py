"""Everything that an operator may set, read from the environment (prefix ``CADX_``) once, at the edge."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import SettingsInvalid

_ANCESTOR = re.compile(r"self|https?://(\*\.)?[A-Za-z0-9.-]+(:([0-9]+|\*))?|https?://\[[0-9A-Fa-f:]+\](:[0-9]+)?")
Names = Annotated[tuple[str, ...], NoDecode]


class Settings(BaseSettings):
    """Settings of the service. Each description gives the unit and the reason; the docs table is made from them."""

    model_config = SettingsConfigDict(env_prefix="CADX_", frozen=True, env_ignore_empty=True, extra="ignore")

    host: str = Field(
        "127.0.0.1",
        description="Address to listen on. 0.0.0.0, which the container sets: every address of IPv4; `::`: every "
        "one of IPv6 and of IPv4.",
    )
    port: int = Field(8000, ge=0, le=65535, description="TCP port to listen on; 0 takes a free one.")

    models_dir: Path = Field(Path("models"), description="Folder whose sub-folders are model bundles.")
    model: Names = Field(
        (),
        description="Names of the bundles to serve, separated by commas; the first is the default. Empty: the only one "
        "in the folder.",
    )
    model_digests: Names = Field(
        (),
        description="Pins, as NAME=SHA256 separated by commas: a bundle whose manifest has another digest is refused.",
    )

    workers: int = Field(
        0,
        ge=0,
        le=256,
        description="Requests computed at the same time, each in a thread. 0: one a core that this process may use "
        "(CPU affinity and container quota are respected), at most 8.",
    )
    compute_threads: int = Field(
        1,
        ge=1,
        le=256,
        description="Threads that onnxruntime, BLAS and OpenMP may use inside one worker. 1 gives the best throughput; "
        "with a single reader and idle cores, 1 worker with more threads gives the shortest wait.",
    )
    queue_capacity: int = Field(
        16,
        ge=0,
        le=10_000,
        description="Requests that may wait for a worker; the next one is refused with 503 and Retry-After, because a "
        "late answer helps no reader.",
    )
    deadline_seconds: float = Field(
        30.0, gt=0, le=3600, description="Seconds from the last byte of a request to its answer; then 503."
    )

    max_body_mb: int = Field(
        128,
        ge=1,
        le=4096,
        description="Largest request body, and largest size a deflated file may inflate to, in MiB. "
        "An uncompressed 4096 x 3328 mammogram of 16 bits is 26 MiB.",
    )
    max_megapixels: int = Field(
        50,
        ge=1,
        le=1000,
        description="Largest image (one frame), in millions of pixels, judged from its header before anything is "
        "decoded. The finest film scans have about 40.",
    )
    upload_memory_mb: int = Field(
        512,
        ge=1,
        le=65536,
        description="Memory for all request bodies in flight, in MiB. Bodies stay in memory and never touch a disk.",
    )
    upload_seconds: float = Field(60.0, gt=0, le=3600, description="Seconds that a request body may take to arrive.")
    header_seconds: float = Field(
        10.0,
        gt=0,
        le=600,
        description="Seconds that the headers of a request may take to arrive; then the connection is closed.",
    )
    max_connections: int = Field(
        1000,
        ge=1,
        description="Connections open at the same time; requests on more are answered 503, but for health and metrics.",
    )
    max_lesions: int = Field(32, ge=1, le=1000, description="Lesions of one image in one request.")
    max_views: int = Field(8, ge=1, le=64, description="Views of one lesion in one request.")

    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="API keys as NAME:SHA256 or NAME:SHA256:RIGHTS (read, store, admin, joined by +), separated by "
        "commas (`cadx-serve new-key` prints them). With none here and none in the file the service is open: then keep "
        "it behind a proxy or on loopback.",
    )
    api_keys_file: Path | None = Field(
        None,
        description="File with one API key a line, as above; read again when it changes, so that removing a line "
        "revokes the key.",
    )
    rate_per_minute: int = Field(0, ge=0, description="Requests a minute for each API key; 0: no limit.")
    rate_burst: int = Field(20, ge=1, description="Requests that a key may send at once before the rate applies.")
    cors_origins: Names = Field(
        (),
        description="Origins of browser viewers that may call the service, separated by commas; empty: none.",
    )
    hosts: Names = Field(
        (),
        description="Names by which the service is reached (the host of the URL that callers use), separated by "
        "commas. IP addresses, localhost and names without a dot are always known; a request for another name is "
        "refused, so that no web page can make a browser call the service under a name of its own.",
    )
    pacs_file: Path | None = Field(
        None,
        description="TOML file that names the PACS (docs/pacs.md). Needs API keys, unless the service listens on "
        "loopback only.",
    )
    pacs_seconds: float = Field(
        60.0, gt=0, le=3600, description="Seconds that fetching an image from a PACS, or storing in it, may take."
    )
    image_cache_mb: int = Field(
        512,
        ge=0,
        le=65536,
        description="Memory for images that are kept for the next request about them, in MiB: fetched from a PACS, or "
        "sent to /v1/images. 0: none is kept, and /v1/images is off.",
    )
    image_cache_minutes: float = Field(
        15.0, gt=0, le=1440, description="Minutes that an image is kept after it was last asked for."
    )
    audit_file: Path | None = Field(
        None,
        description="File that gets one JSON line for each image read from a PACS and each object stored in it: key, "
        "UIDs, outcome. It holds UIDs: keep it as you keep the PACS's own log. Empty: none.",
    )
    frame_ancestors: Names = Field(
        (),
        description="Who may frame the page at `/`: origins such as https://pacs.hospital.example, or `self`, "
        "separated by commas. Empty: nobody, so that no other page can lead a reader's clicks.",
    )
    docs: bool = Field(True, description="Serve the interactive documentation at /docs (works without internet).")

    drain_seconds: float = Field(
        0.0,
        ge=0,
        le=300,
        description="Seconds from SIGTERM until connections are refused; /readyz says 503 meanwhile, so that a "
        "balancer moves on.",
    )
    shutdown_seconds: float = Field(
        30.0, gt=0, le=600, description="Seconds that requests in flight get to finish after that."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")
    otlp_endpoint: str = Field(
        "",
        description="URL of an OpenTelemetry collector (OTLP over HTTP), such as http://collector:4318/v1/traces; "
        "empty: no traces. Needs the extra `otel`.",
    )

    @field_validator("model", "model_digests", "api_keys", "cors_origins", "hosts", "frame_ancestors", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("frame_ancestors")
    @classmethod
    def _check_ancestors(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(_ANCESTOR.fullmatch(source) for source in value):
            raise ValueError("a source is `self`, or an origin: scheme, host and perhaps port, without a path")
        return value

    @field_validator("model_digests")
    @classmethod
    def _check_pins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pin in value:
            name, _, digest = pin.partition("=")
            if not name or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
                raise ValueError("a pin is NAME=SHA256 with 64 lower-case hexadecimal digits")
        return value

    @property
    def pinned_digests(self) -> dict[str, str]:
        """The pins of `model_digests` by model name."""
        return dict(pin.split("=", 1) for pin in self.model_digests)


def read_settings(**overrides: Any) -> Settings:
    """Read the settings from the environment.

    Parameters
    ----------
    overrides
        Values that stand before the environment, by field name.

    Raises
    ------
    SettingsInvalid
        When a value cannot be used; names each variable, never its value.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        problems = tuple(
            f"{variable_name(str(part['loc'][0]) if part['loc'] else '?')}: {part['msg']}" for part in error.errors()
        )
        raise SettingsInvalid(problems) from None


def variable_name(field: str) -> str:
    """Name of the environment variable of a settings field."""
    return f"CADX_{field.upper()}"
