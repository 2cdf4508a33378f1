"""Validators that are started once."""

from collections.abc import Iterator

import pytest

from tests.cadx.exchange.validators import PIXELMED, PixelMed


@pytest.fixture(scope="module")
def pixelmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PixelMed]:
    if not PIXELMED.exists():
        pytest.skip("PixelMed is not installed (Debian: libpixelmed-java)")
    validator = PixelMed(tmp_path_factory.mktemp("pixelmed"))
    try:
        yield validator
    finally:
        validator.close()
