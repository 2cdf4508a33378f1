"""The page's modules: their types, and that their words cover the service's codes. Skipped without node or tsc."""

import json
import shutil
import subprocess

import pytest

from app.openapi.document import leaves
from app.openapi.reference import ANSWERED
from cadx.flags import FlagCode
from cadx.lesion import FEATURES
from cadx.lesion.features.definition import FeatureFamily
from tests.app.pages.conftest import NODE_MODULES, STATIC

TSC = NODE_MODULES / ".bin" / "tsc"
OPTIONS = (
    *("--noEmit", "--allowJs", "--checkJs", "--strict", "--noUnusedLocals", "--noUnusedParameters"),
    *("--target", "es2023", "--module", "es2022", "--moduleResolution", "bundler"),
    *("--lib", "es2023,dom,dom.iterable", "--types", ""),
)


@pytest.fixture(scope="module")
def words() -> dict[str, dict[str, str]]:
    """The catalogue."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node here")
    code = f"import * as t from {json.dumps((STATIC / 'texts.js').as_uri())}; console.log(JSON.stringify(t))"
    done = subprocess.run([node, "--input-type=module", "-e", code], capture_output=True, text=True, check=True)
    found: dict[str, dict[str, str]] = json.loads(done.stdout)
    return found


def test_types() -> None:
    if not TSC.exists():
        pytest.skip("no TypeScript here: make page-tools")
    done = subprocess.run(
        [str(TSC), *OPTIONS, *map(str, sorted(STATIC.glob("*.js")))], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_flag_has_its_words(words: dict[str, dict[str, str]]) -> None:
    assert words["FLAGS"] == {flag.value: flag.heading for flag in FlagCode}


def test_every_feature_has_its_words(words: dict[str, dict[str, str]]) -> None:
    assert set(words["FEATURES"]) == {feature.name for feature in FEATURES}
    assert set(words["FAMILIES"]) == set(FeatureFamily)


def test_every_refusal_in_words_is_one_of_the_service(words: dict[str, dict[str, str]]) -> None:
    assert set(words["REFUSALS"]) <= {kind.code for family in ANSWERED for kind in leaves(family)}


def test_every_text_is_used(words: dict[str, dict[str, str]]) -> None:
    rest = "".join(path.read_text(encoding="utf-8") for path in STATIC.iterdir() if path.name != "texts.js")
    unused = [
        key for key in words["TEXTS"] if f"'{key}'" not in rest and f'"{key}"' not in rest and not key.endswith("How")
    ]
    assert not unused
