"""docs/reading.md names every refusal and every flag of reading."""

from pathlib import Path

from cadx.errors import CadxError, CenterError, MammogramError
from cadx.flags import FlagCode, FlagOrigin

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reading.md").read_text(encoding="utf-8")


def leaves(error: type[CadxError]) -> list[type[CadxError]]:
    return [leaf for child in error.__subclasses__() for leaf in (leaves(child) or [child])]


def test_every_refusal_is_in_the_docs() -> None:
    codes = {leaf.code for family in (MammogramError, CenterError) for leaf in leaves(family)}
    assert len(codes) > 20
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()


def test_every_flag_of_an_image_is_in_the_docs() -> None:
    elsewhere = {FlagOrigin.OUTLINE, FlagOrigin.MODEL}
    codes = {code for code in FlagCode if code.origin not in elsewhere} - {FlagCode.VIEWS_MIXED}
    assert len(codes) > 15
    assert {code for code in codes if f"`{code}`" not in PAGE} == set()
