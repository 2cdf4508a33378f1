"""The page on statistics names every method there is."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "statistics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", sorted(path.name for path in (ROOT / "training" / "stats").rglob("[a-z]*.py")))
def test_every_statistic_is_on_the_page(module: str) -> None:
    assert f"`{module}`" in PAGE
