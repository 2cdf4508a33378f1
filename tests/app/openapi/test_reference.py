from pathlib import Path

from app.openapi.reference import environment_table, problem_table
from cadx.flags import flag_table

DOCS = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_documented_table_is_the_settings() -> None:
    assert environment_table() in DOCS.read_text(encoding="utf-8"), "paste what `cadx-serve settings` prints"


def test_the_documented_problems_are_those_of_the_code() -> None:
    text = DOCS.with_name("http-api.md").read_text(encoding="utf-8")
    assert problem_table() in text, "paste what `cadx-serve problems` prints"


def test_the_documented_flags_are_those_of_the_code() -> None:
    text = DOCS.with_name("flags.md").read_text(encoding="utf-8")
    assert flag_table() in text, "paste what `cadx-serve flags` prints"
