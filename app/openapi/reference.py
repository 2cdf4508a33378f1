"""The tables of the documentation that are made from the code: settings and problems."""

from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

import app.errors as service
import cadx.errors as science
from app.openapi.document import leaves
from app.problems import status_of, title_of
from app.settings import Settings, variable_name

ANSWERED = (
    service.RequestError,
    service.AccessError,
    service.BusyError,
    science.MammogramError,
    science.CenterError,
    science.LesionError,
    science.ExchangeError,
    science.PacsError,
    service.StoreError,
)
"""Families of errors that a request can be answered with."""


def environment_table() -> str:
    """Every setting as a Markdown table: variable, default, range, meaning."""
    rows = ["| variable | default | range | meaning |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        rows.append(f"| `{variable_name(name)}` | {_default(field)} | {_range(field)} | {field.description} |")
    return "\n".join(rows)


def problem_table() -> str:
    """Every refusal of a request as a Markdown table: code, status, what it is, what to do."""
    kinds = dict.fromkeys(kind for family in ANSWERED for kind in leaves(family))
    rows = (f"| `{kind.code}` | {status_of(kind)} | {title_of(kind)} | {kind.remedy} |" for kind in kinds)
    return "\n".join(["| code | status | what it is | what to do |", "|---|---|---|---|", *rows])


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or value in ((), ""):
        return "(empty)"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _range(field: FieldInfo) -> str:
    bounds = []
    for item in field.metadata:
        match item:
            case Ge(ge=bound):
                bounds.append(f"≥ {bound}")
            case Gt(gt=bound):
                bounds.append(f"> {bound}")
            case Le(le=bound):
                bounds.append(f"≤ {bound}")
            case Lt(lt=bound):
                bounds.append(f"< {bound}")
            case _:
                pass
    return ", ".join(bounds)
