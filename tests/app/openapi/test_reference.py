from pathlib import Path

from app.openapi.reference import environment_table, problem_table

DOCS = Path(__file__).parents[3] / "docs" / "configuration.md"


def test_the_documented_table_is_the_settings() -> None:
    assert environment_table() in DOCS.read_text(encoding="utf-8"), "paste what `cadx-serve settings` prints"


def test_the_documented_problems_are_those_of_the_code() -> None:
    text = DOCS.with_name("http-api.md").read_text(encoding="utf-8")
    assert problem_table() in text, "paste what `cadx-serve problems` prints"
