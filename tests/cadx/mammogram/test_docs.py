"""docs/reading.md names every refusal and every flag of reading."""

import re
from pathlib import Path

from cadx.errors import CadxError, CenterError, MammogramError

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")


def leaves(error: type[CadxError]) -> list[type[CadxError]]:
    return [leaf for child in error.__subclasses__() for leaf in (leaves(child) or [child])]


def test_every_refusal_is_in_the_docs() -> None:
    codes = {leaf.code for family in (MammogramError, CenterError) for leaf in leaves(family)}
    assert len(codes) > 20
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()


def test_every_flag_is_in_the_docs() -> None:
    sources = [*(ROOT / "cadx" / "mammogram").glob("*.py"), ROOT / "cadx" / "roi.py", ROOT / "cadx" / "artifacts.py"]
    codes = {code for source in sources for code in re.findall(r'Flag\(\s*"(\w+)"', source.read_text(encoding="utf-8"))}
    assert len(codes) > 15
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
