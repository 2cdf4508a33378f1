import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

from app.openapi.document import example_error, leaves
from app.openapi.reference import ANSWERED
from app.problems import Problem, problem_of
from cadx.errors import CadxError

KINDS = sorted({kind for family in ANSWERED for kind in leaves(family)}, key=lambda kind: kind.code)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_answered_error_is_a_problem_with_a_status_of_its_own(kind: type[CadxError]) -> None:
    problem = problem_of(example_error(kind), "/v1/predictions", "abc")
    assert problem.code == kind.code
    assert problem.status in {400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 421, 422, 429, 431, 502, 503, 504}
    assert problem.title
    assert problem.detail
    assert problem.remedy
    assert "{" not in problem.detail.replace("{'", "")
    Problem.model_validate(json.loads(problem.model_dump_json()))


def test_codes_are_unique() -> None:
    kinds = list(dict.fromkeys(leaves(CadxError)))
    assert len({kind.code for kind in kinds}) == len(kinds)


@dataclass(eq=False)
class _Odd(CadxError):
    """Odd facts."""

    value: object

    code: ClassVar[str] = "odd"


def test_facts_are_plain_json_whatever_they_hold() -> None:
    odd = _Odd((math.nan, {"path": Path("a")}, [1, None, True], math.inf))
    problem = problem_of(odd, "/", "abc")
    assert problem.facts == {"value": ["nan", {"path": "a"}, [1, None, True], "inf"]}
    assert problem.status == 500
    json.loads(problem.model_dump_json())
