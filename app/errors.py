"""Refusals of the HTTP service itself; those of the science are in `cadx.errors`.

::

    CadxError
    └── ServiceError
        ├── RequestError        the request cannot be used as it stands
        ├── AccessError         the caller may not do this
        ├── BusyError           the service cannot do it now; try again later
        ├── StartError          the service cannot start as it is configured
        └── StoreError          the result was computed, and could not be stored
"""

from dataclasses import dataclass, field
from typing import ClassVar

from cadx.errors import CadxError


@dataclass(eq=False)
class ServiceError(CadxError):
    """Base of the service's own refusals."""

    code: ClassVar[str] = "service_error"


# --- the request ----------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class RequestError(ServiceError):
    """The request cannot be used as it stands."""

    code: ClassVar[str] = "request_error"


@dataclass(eq=False)
class InvalidRequest(RequestError):
    """One or more parameters are missing, unknown or out of range."""

    problems: tuple[dict[str, str], ...]

    code: ClassVar[str] = "invalid_request"
    summary: ClassVar[str] = "Parameters are missing, unknown or out of range; `problems` names each."
    remedy: ClassVar[str] = "Correct the named parameters; /docs and /openapi.json describe every one."


@dataclass(eq=False)
class BodyUnreadable(RequestError):
    """The multipart body is malformed."""

    reason: str

    code: ClassVar[str] = "body_unreadable"
    summary: ClassVar[str] = "The request body is not well-formed multipart/form-data: {reason}"
    remedy: ClassVar[str] = "Send the image as a file part named `image`, with x and y as form fields beside it."


@dataclass(eq=False)
class BodyTypeUnsupported(RequestError):
    """The Content-Type is not one that the endpoint reads."""

    content_type: str
    accepted: tuple[str, ...]

    code: ClassVar[str] = "body_type_unsupported"
    summary: ClassVar[str] = "A request body of type '{content_type}' is not read here."
    remedy: ClassVar[str] = "Send one of the types listed under `accepted`."


@dataclass(eq=False)
class BodyEncodingUnsupported(RequestError):
    """The body is compressed as a whole."""

    encoding: str

    code: ClassVar[str] = "body_encoding_unsupported"
    summary: ClassVar[str] = "A request body with the Content-Encoding '{encoding}' is not read here."
    remedy: ClassVar[str] = "Send the body as it is; an image may be compressed itself (JPEG Lossless, JPEG 2000, PNG)."


@dataclass(eq=False)
class BodyTooLarge(RequestError):
    """The body is larger than the service takes."""

    limit_mb: int

    code: ClassVar[str] = "body_too_large"
    summary: ClassVar[str] = "The request body is larger than the limit of {limit_mb} MiB."
    remedy: ClassVar[str] = "Send one mammogram a request, or ask the operator to raise CADX_MAX_BODY_MB."


@dataclass(eq=False)
class UploadTooSlow(RequestError):
    """The body did not arrive in time."""

    limit_seconds: float

    code: ClassVar[str] = "upload_too_slow"
    summary: ClassVar[str] = "The request body did not arrive within {limit_seconds:g} s."
    remedy: ClassVar[str] = "Send it again over a faster connection, or compressed (JPEG Lossless, JPEG 2000, PNG)."


@dataclass(eq=False)
class ModelUnknown(RequestError):
    """No such model is loaded."""

    name: str
    loaded: tuple[str, ...]

    code: ClassVar[str] = "model_unknown"
    summary: ClassVar[str] = "No model named '{name}' is loaded."
    remedy: ClassVar[str] = "Name one of the models listed under `loaded`, or none for the default."


@dataclass(eq=False)
class PartUnavailable(RequestError):
    """The model cannot give this part of an answer."""

    part: str
    model: str
    needs: str

    code: ClassVar[str] = "part_unavailable"
    summary: ClassVar[str] = "Model {model} cannot give include={part}: that needs {needs}."
    remedy: ClassVar[str] = "Leave the part out, or ask a model whose `parts` in /v1/models name it."


@dataclass(eq=False)
class ImageExpired(RequestError):
    """The image is not kept here any more."""

    code: ClassVar[str] = "image_expired"
    summary: ClassVar[str] = (
        "No image of that id is kept here for this caller: its time is up, or another replica has it."
    )
    remedy: ClassVar[str] = "Send the image again (POST /v1/images), and use the new id."


@dataclass(eq=False)
class ImagesNotKept(RequestError):
    """The service keeps no images between requests."""

    code: ClassVar[str] = "images_not_kept"
    summary: ClassVar[str] = "This service keeps no images between requests."
    remedy: ClassVar[str] = "Send the image with each request, or ask the operator to set CADX_IMAGE_CACHE_MB."


@dataclass(eq=False)
class NotAcceptable(RequestError):
    """No format that the client accepts is answered here."""

    offered: tuple[str, ...]

    code: ClassVar[str] = "not_acceptable"
    summary: ClassVar[str] = "None of the media types in the Accept header is answered here."
    remedy: ClassVar[str] = "Accept one of the types listed under `offered`, or leave the header out for JSON."


@dataclass(eq=False)
class PathUnknown(RequestError):
    """Nothing is served at this path."""

    path: str

    code: ClassVar[str] = "path_unknown"
    summary: ClassVar[str] = "Nothing is served at '{path}'."
    remedy: ClassVar[str] = "See /docs or /openapi.json for what is."


@dataclass(eq=False)
class MethodNotAllowed(RequestError):
    """The path exists, the method does not."""

    method: str
    allowed: tuple[str, ...]

    code: ClassVar[str] = "method_not_allowed"
    summary: ClassVar[str] = "{method} is not a method of this path."
    remedy: ClassVar[str] = "Use one of the methods listed under `allowed`."


@dataclass(eq=False)
class HeadersTooLarge(RequestError):
    """The request's headers are too large."""

    limit_kb: int

    code: ClassVar[str] = "headers_too_large"
    summary: ClassVar[str] = "The request's headers are larger than the limit of {limit_kb} KiB."
    remedy: ClassVar[str] = "Send no more headers than the service asks for; cookies, say, are not read here."


@dataclass(eq=False)
class RequestMalformed(RequestError):
    """The request breaks HTTP itself."""

    status: int
    reason: str

    code: ClassVar[str] = "request_malformed"
    summary: ClassVar[str] = "The request could not be handled: {reason}"
    remedy: ClassVar[str] = "Check the request against /openapi.json."


@dataclass(eq=False)
class InternalError(ServiceError):
    """The service failed; the fault is not in the request."""

    code: ClassVar[str] = "internal_error"
    summary: ClassVar[str] = "The service failed to answer; the fault is not in the request."
    remedy: ClassVar[str] = "Report the request_id to the operator, who finds it in the log."


# --- access ---------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class AccessError(ServiceError):
    """The caller may not do this."""

    code: ClassVar[str] = "access_error"


@dataclass(eq=False)
class KeyMissing(AccessError):
    """No API key came with the request."""

    code: ClassVar[str] = "key_missing"
    summary: ClassVar[str] = "This service wants an API key."
    remedy: ClassVar[str] = "Send it in the X-API-Key header; the operator issues keys with `cadx-serve new-key`."


@dataclass(eq=False)
class KeyUnknown(AccessError):
    """The API key is not, or no longer, valid."""

    code: ClassVar[str] = "key_unknown"
    summary: ClassVar[str] = "The API key is not, or no longer, valid."
    remedy: ClassVar[str] = "Ask the operator for a new one."


@dataclass(eq=False)
class NotAnAdministrator(AccessError):
    """The API key may not administer the service."""

    code: ClassVar[str] = "not_an_administrator"
    summary: ClassVar[str] = "This needs an API key with the role admin."
    remedy: ClassVar[str] = "Configure an admin key (`cadx-serve new-key NAME --admin`), or send SIGHUP to the process."


@dataclass(eq=False)
class RightMissing(AccessError):
    """The API key may not do this."""

    right: str

    code: ClassVar[str] = "right_missing"
    summary: ClassVar[str] = "The API key does not have the right '{right}'."
    remedy: ClassVar[str] = "Ask the operator for a key with that right (`cadx-serve new-key NAME --right RIGHT`)."


@dataclass(eq=False)
class HostUnknown(AccessError):
    """The request was sent to a name that is not the service's."""

    code: ClassVar[str] = "host_unknown"
    summary: ClassVar[str] = "The Host header has a name that this service is not known by."
    remedy: ClassVar[str] = "Use an address or name that it is known by; the operator adds names to CADX_HOSTS."


@dataclass(eq=False)
class OriginRefused(AccessError):
    """A web page of another origin sent the request."""

    code: ClassVar[str] = "origin_refused"
    summary: ClassVar[str] = "The Origin header names a web page that may not call this service."
    remedy: ClassVar[str] = "The operator lists the origins of viewers in CADX_CORS_ORIGINS."


@dataclass(eq=False)
class RateExceeded(AccessError):
    """The key has used up its rate."""

    per_minute: int
    retry_after_seconds: int

    code: ClassVar[str] = "rate_exceeded"
    summary: ClassVar[str] = "This API key may send {per_minute} requests a minute and has used them up."
    remedy: ClassVar[str] = "Wait for the seconds given in Retry-After."


# --- load -----------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class BusyError(ServiceError):
    """The service cannot do it now; try again later."""

    retry_after_seconds: int = field(default=1, kw_only=True)

    code: ClassVar[str] = "busy"
    remedy: ClassVar[str] = "Send the same request again after the seconds given in Retry-After."


@dataclass(eq=False)
class QueueFull(BusyError):
    """Every worker is busy and the queue is full."""

    capacity: int

    code: ClassVar[str] = "queue_full"
    summary: ClassVar[str] = "Every worker is busy and the queue of {capacity} requests is full."


@dataclass(eq=False)
class TooManyConnections(BusyError):
    """Too many connections are open."""

    limit: int

    code: ClassVar[str] = "too_many_connections"
    summary: ClassVar[str] = "More than {limit} connections are open."


@dataclass(eq=False)
class UploadMemoryFull(BusyError):
    """The requests being received fill the memory set aside for them."""

    limit_mb: int

    code: ClassVar[str] = "upload_memory_full"
    summary: ClassVar[str] = "The requests in flight fill the {limit_mb} MiB set aside for request bodies."


@dataclass(eq=False)
class DeadlinePassed(BusyError):
    """The answer was not ready in time."""

    limit_seconds: float

    code: ClassVar[str] = "deadline_passed"
    summary: ClassVar[str] = "The answer was not ready within {limit_seconds:g} s; the work was stopped."


@dataclass(eq=False)
class ThreadsExhausted(BusyError):
    """The system gives the service no more threads or processes."""

    code: ClassVar[str] = "threads_exhausted"
    summary: ClassVar[str] = "The system gave the service no thread or process for this request."
    remedy: ClassVar[str] = (
        "Send the same request again after the seconds given in Retry-After; if it lasts, the operator must raise the "
        "limit on processes and threads (container: pids limit; systemd: TasksMax; shell: ulimit -u)."
    )


@dataclass(eq=False)
class NotReady(BusyError):
    """No model is ready to answer."""

    reason: str

    code: ClassVar[str] = "not_ready"
    summary: ClassVar[str] = "The service is not ready: {reason}."


# --- starting -------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class StartError(ServiceError):
    """The service cannot start as it is configured."""

    code: ClassVar[str] = "start_error"


@dataclass(eq=False)
class NoModelBundle(StartError):
    """There is no model to serve."""

    models_dir: str

    code: ClassVar[str] = "no_model_bundle"
    summary: ClassVar[str] = "There is no model bundle in '{models_dir}'."
    remedy: ClassVar[str] = (
        "Run `make demo` to build a demonstration model, or `cadx-train fit MANIFEST --out models/NAME` on your own "
        "cases, or set CADX_MODELS_DIR to the folder that holds your bundles. In a container, mount that folder, "
        "readable by user 10001: `-v ./models:/models:ro`."
    )


@dataclass(eq=False)
class ModelChoiceNeeded(StartError):
    """Several bundles are there and none is named the default."""

    models_dir: str
    found: tuple[str, ...]

    code: ClassVar[str] = "model_choice_needed"
    summary: ClassVar[str] = "'{models_dir}' holds several model bundles {found}, and CADX_MODEL names none of them."
    remedy: ClassVar[str] = "Set CADX_MODEL to the names to serve, separated by commas; the first is the default."


@dataclass(eq=False)
class ThreadsTooFew(StartError):
    """The system allows fewer threads and processes than the service needs."""

    found: int
    needed: int

    code: ClassVar[str] = "threads_too_few"
    summary: ClassVar[str] = (
        "The system lets this process start {found} threads and processes; the service needs {needed}."
    )
    remedy: ClassVar[str] = (
        "Raise the limit on processes and threads (container: --pids-limit, pids_limit or the pod's limit; systemd: "
        "TasksMax; shell: ulimit -u), or set CADX_WORKERS lower."
    )


@dataclass(eq=False)
class AddressUnusable(StartError):
    """The service cannot listen where it is told to."""

    address: str
    reason: str

    code: ClassVar[str] = "address_unusable"
    summary: ClassVar[str] = "The service cannot listen on {address}: {reason}."
    remedy: ClassVar[str] = "Set CADX_HOST and CADX_PORT to an address of this machine that is free."


@dataclass(eq=False)
class SettingsInvalid(StartError):
    """A setting in the environment cannot be used."""

    problems: tuple[str, ...]

    code: ClassVar[str] = "settings_invalid"
    summary: ClassVar[str] = "The settings cannot be used: {problems}."
    remedy: ClassVar[str] = "`cadx-serve settings` prints every setting with its unit, range and default."


@dataclass(eq=False)
class KeyFileInvalid(StartError):
    """The list of API keys cannot be read."""

    where: str
    line: int
    reason: str

    code: ClassVar[str] = "key_file_invalid"
    summary: ClassVar[str] = "{where}, entry {line}: {reason}."
    remedy: ClassVar[str] = "One entry is NAME:SHA256 or NAME:SHA256:admin; `cadx-serve new-key NAME` prints one."


@dataclass(eq=False)
class TracingNotInstalled(StartError):
    """Traces are asked for and their packages are missing."""

    code: ClassVar[str] = "tracing_not_installed"
    summary: ClassVar[str] = "CADX_OTLP_ENDPOINT is set, and the OpenTelemetry packages are not installed."
    remedy: ClassVar[str] = "Install the extra (`pip install 'mammo-cadx[otel]'`), or leave the variable empty."


@dataclass(eq=False)
class KeysNeeded(StartError):
    """A service with a PACS must not be open to the network."""

    code: ClassVar[str] = "keys_needed"
    summary: ClassVar[str] = (
        "A PACS is configured and no API key is, and the service would not listen on loopback only."
    )
    remedy: ClassVar[str] = (
        "Make keys (`cadx-serve new-key NAME --right read`) and set CADX_API_KEYS_FILE, or set CADX_HOST=127.0.0.1."
    )


@dataclass(eq=False)
class AuditFileUnusable(StartError):
    """The audit file cannot be written."""

    reason: str

    code: ClassVar[str] = "audit_file_unusable"
    summary: ClassVar[str] = "The audit file cannot be written: {reason}."
    remedy: ClassVar[str] = "Let CADX_AUDIT_FILE name a file that the service may append to, or leave it empty."


# --- the PACS -------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class StoreError(ServiceError):
    """The result was computed, and could not be stored; the problem carries the assessment."""

    pacs: str
    reason: str
    stored: tuple[dict[str, str], ...] = ()

    code: ClassVar[str] = "store_error"
    summary: ClassVar[str] = (
        "The assessment stands below, but not everything was stored in the PACS '{pacs}': {reason}."
    )
    remedy: ClassVar[str] = "Send the same request again: what is stored already is not stored twice."


@dataclass(eq=False)
class StoreFailed(StoreError):
    """The PACS did not store the result."""

    code: ClassVar[str] = "store_failed"


@dataclass(eq=False)
class StoreTooSlow(StoreError):
    """The PACS did not store the result in time."""

    code: ClassVar[str] = "store_too_slow"


@dataclass(eq=False)
class StoreNotAllowed(RequestError):
    """Results are not stored in this PACS."""

    pacs: str

    code: ClassVar[str] = "store_not_allowed"
    summary: ClassVar[str] = "The operator does not let results be stored in the PACS '{pacs}'."
    remedy: ClassVar[str] = "Ask for the objects themselves (POST /v1/predictions/sr), or leave out `store`."
