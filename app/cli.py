"""The `cadx-serve` command: serve, or help the operator."""

import argparse
import json
import sys
from collections.abc import Sequence

from pydantic import SecretStr

from app.auth.api_keys import Right, new_key
from app.main import create_app
from app.observability.logging import configure_logging
from app.openapi.reference import environment_table, problem_table
from app.server.run import run_server
from app.service import ensure_threads, load_models, make_service, warm_workers
from app.settings import Settings, read_settings
from cadx.errors import CadxError
from cadx.flags import flag_table
from cadx.runtime.machine import tune_process

EXIT_CANNOT_START = 78  # EX_CONFIG of sysexits.h: something is not as it must be for the service to start.


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the service's settings come from the environment."""
    parser = argparse.ArgumentParser(
        prog="cadx-serve", description="Serve mammo-cadx models over HTTP. Settings come from CADX_* variables."
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", help="serve the models (what happens without a command)")
    commands.add_parser("settings", help="print every setting with its default and meaning, as a table")
    commands.add_parser("problems", help="print every refusal with its status and remedy, as a table")
    commands.add_parser("flags", help="print every flag with what it means, as a table")
    commands.add_parser("openapi", help="print the OpenAPI document")
    key = commands.add_parser("new-key", help="make an API key: prints it, and the entry for the list of keys")
    key.add_argument("name", help="whose key it is; stands in the log")
    key.add_argument(
        "--right",
        action="append",
        choices=[right.value for right in Right],
        default=[],
        help="what it may do besides assessing images that it sends: read images from a PACS, store results in it, "
        "administer the service (reload models); repeat it for several",
    )
    key.add_argument("--admin", action="append_const", const=Right.ADMIN.value, dest="right", help="--right admin")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "settings":
            _say(environment_table())
        elif chosen.command == "problems":
            _say(problem_table())
        elif chosen.command == "flags":
            _say(flag_table())
        elif chosen.command == "openapi":
            _say(_openapi_document())
        elif chosen.command == "new-key":
            secret, entry = new_key(chosen.name, [Right(right) for right in chosen.right])
            _say(f"Key, for the caller (not shown again):   {secret}")
            _say(f"Entry, for CADX_API_KEYS or the key file: {entry}")
        else:
            serve(read_settings())
    except CadxError as error:
        sys.stderr.write(f"cadx-serve: {error.code}: {error.detail}\n  What to do: {error.remedy}\n")
        return EXIT_CANNOT_START
    return 0


def serve(settings: Settings) -> None:
    """Load the models, then serve until SIGTERM or SIGINT.

    Raises
    ------
    CadxError
        When there is no model to serve, or it cannot be trusted.
    """
    configure_logging(settings.log_level)
    tune_process(settings.compute_threads)
    service = make_service(settings)
    ensure_threads(service)
    load_models(service)
    warm_workers(service)
    run_server(create_app(service=service), service)


def _openapi_document() -> str:
    """The document of a service that wants keys, without loading a model."""
    keys = (SecretStr(new_key("anyone")[1]),)
    return json.dumps(create_app(read_settings(api_keys=keys)).openapi(), indent=2)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
