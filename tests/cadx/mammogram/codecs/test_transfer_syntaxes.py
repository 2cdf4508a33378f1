"""Every readable transfer syntax against independent decoders: dcmtk's command-line tools, and imagecodecs.

The table in docs/reading.md is made here:
``CADX_UPDATE_DOCS=1 pytest tests/cadx/mammogram/codecs/test_transfer_syntaxes.py``.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.pixels.encoders.base import RLELosslessEncoder

from cadx.mammogram import READABLE_TRANSFER_SYNTAXES, ReadingPolicy, VoiPolicy, read_mammogram

TS = "1.2.840.10008.1.2"
NAMES = {
    TS: "Implicit VR little endian",
    TS + ".1": "Explicit VR little endian",
    TS + ".1.99": "Deflated explicit VR little endian",
    TS + ".2": "Explicit VR big endian (retired)",
    TS + ".4.50": "JPEG baseline, 8 bits",
    TS + ".4.51": "JPEG extended, 12 bits",
    TS + ".4.57": "JPEG lossless",
    TS + ".4.70": "JPEG lossless, first-order prediction",
    TS + ".4.80": "JPEG-LS lossless",
    TS + ".4.81": "JPEG-LS near-lossless",
    TS + ".4.90": "JPEG 2000 lossless",
    TS + ".4.91": "JPEG 2000",
    TS + ".4.201": "HTJ2K lossless",
    TS + ".4.202": "HTJ2K lossless RPCL",
    TS + ".4.203": "HTJ2K",
    TS + ".5": "RLE lossless",
}
BITS = (8, 10, 12, 14, 16)
FULL_RANGE = ReadingPolicy(voi=VoiPolicy.FULL_RANGE)
DOCS = Path(__file__).parents[4] / "docs" / "reading.md"
LOSSY = {TS + ".4.50", TS + ".4.51", TS + ".4.81", TS + ".4.91", TS + ".4.203"}
DCMTK = {
    TS + ".4.50": ("dcmcjpeg", "+eb", "dcmdjpeg"),
    TS + ".4.51": ("dcmcjpeg", "+ee", "dcmdjpeg"),
    TS + ".4.57": ("dcmcjpeg", "+el", "dcmdjpeg"),
    TS + ".4.70": ("dcmcjpeg", "+e1", "dcmdjpeg"),
    TS + ".4.80": ("dcmcjpls", "+el", "dcmdjpls"),
    TS + ".4.81": ("dcmcjpls", "+en", "dcmdjpls"),
    TS + ".5": ("dcmcrle", None, "dcmdrle"),
}


@dataclass(frozen=True)
class Case:
    syntax: str
    bits: int
    signed: bool

    def __str__(self) -> str:
        return f"{self.syntax}-{self.bits}{'s' if self.signed else 'u'}"


def exists(syntax: str, bits: int, signed: bool) -> bool:
    """Whether the standard, and the encoders at hand, allow the combination."""
    if syntax.endswith(".4.50"):
        return bits == 8 and not signed
    if syntax.endswith(".4.51"):
        return bits in {8, 12} and not signed
    if syntax.endswith((".4.81", ".4.91", ".4.203")):
        return not signed
    return True


def tolerance(case: Case) -> int:
    """The irreversible wavelet is not exact in floating point: OpenJPH and OpenJPEG round differently."""
    if not case.syntax.endswith(".4.203"):
        return 0
    return 2 if case.bits == 16 else 1


CASES = [
    Case(syntax, bits, signed)
    for syntax in READABLE_TRANSFER_SYNTAXES
    for bits in BITS
    for signed in (False, True)
    if exists(syntax, bits, signed)
]


def test_every_readable_syntax_has_a_case() -> None:
    assert {case.syntax for case in CASES} == set(READABLE_TRANSFER_SYNTAXES) == set(NAMES)


@pytest.fixture(scope="module")
def compare(
    tmp_path_factory: pytest.TempPathFactory,
    make_dataset: Callable[..., Any],
    save: Callable[..., bytes],
    encapsulate_frames: Callable[..., Any],
    textured: Callable[..., Any],
) -> Callable[[Case], tuple[str, ...]]:
    """Write the case's picture, read it, and tell which references agreed; a disagreement fails."""
    folder = tmp_path_factory.mktemp("syntaxes")

    @lru_cache
    def check(case: Case) -> tuple[str, ...]:
        stored = textured(case.bits, case.signed)
        agreed = []
        for name, (content, expected) in _references(folder, case, stored, make_dataset, save, encapsulate_frames):
            if case.syntax not in LOSSY:
                np.testing.assert_array_equal(expected, stored, err_msg=f"{name} is no reference")
            for inverted in (False, True):
                difference = np.abs(_read(content, case, inverted) - np.asarray(expected, dtype=np.int64)).max()
                assert difference <= tolerance(case), f"{name}: pixels differ by up to {difference}"
            agreed.append(name)
        return tuple(agreed)

    return check


@pytest.mark.parametrize("case", CASES, ids=str)
def test_pixels_equal_those_of_the_reference_decoders(case: Case, compare: Callable[[Case], tuple[str, ...]]) -> None:
    assert compare(case), "no reference decoder is installed: install dcmtk or imagecodecs"


def _read(content: bytes, case: Case, inverted: bool) -> np.ndarray[Any, Any]:
    """Stored values, recovered from the full-range grays, which are an affine map of them."""
    if inverted:
        content = content.replace(b"MONOCHROME2 ", b"MONOCHROME1 ")
    mammogram = read_mammogram(content, policy=FULL_RANGE)
    gray = mammogram.pixels.window(0, mammogram.rows, 0, mammogram.columns).gray.astype(np.float64)
    if inverted and not case.syntax.endswith(".99"):  # the term is inside the deflated part there
        assert mammogram.facts["polarity"] == "MONOCHROME1"
        gray = 1.0 - gray
    smallest = -(2 ** (case.bits - 1)) if case.signed else 0
    stored: np.ndarray[Any, Any] = np.rint(gray * (2**case.bits - 1)).astype(np.int64) + smallest
    return stored


def _references(
    folder: Path, case: Case, stored: Any, make_dataset: Any, save: Any, encapsulate_frames: Any
) -> list[tuple[str, tuple[bytes, Any]]]:
    """Files of the case, each with the pixels that its reference says it holds."""
    if not case.syntax.startswith((TS + ".4.", TS + ".5")):
        return [("the written pixels", (_native(case, stored, make_dataset, save), stored))]
    found = []
    if case.syntax in DCMTK and shutil.which("dcmdjpeg"):
        made = _by_dcmtk(folder, case, make_dataset(stored, case.bits))
        if made is not None:
            found.append(("dcmtk", made))
    try:
        import imagecodecs
    except ImportError:
        return found
    codestream, expected = _by_imagecodecs(imagecodecs, case, stored)
    dataset = encapsulate_frames(make_dataset(stored, case.bits), case.syntax, [codestream])
    found.append(("imagecodecs" if not case.syntax.endswith(".5") else "the written pixels", (save(dataset), expected)))
    return found


def _native(case: Case, stored: Any, make_dataset: Any, save: Any) -> bytes:
    dataset = make_dataset(stored, case.bits)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.UID(case.syntax)
    if case.syntax == TS + ".2":
        dataset.PixelData = stored.astype(stored.dtype.newbyteorder(">")).tobytes()
    return bytes(save(dataset))


def _by_dcmtk(folder: Path, case: Case, dataset: Any) -> tuple[bytes, Any] | None:
    """Encode with dcmtk, decode with dcmtk; None where its encoder does not do the combination."""
    encoder, option, decoder = DCMTK[case.syntax]
    plain, packed, unpacked = (folder / f"{case}-{step}.dcm" for step in ("plain", "packed", "unpacked"))
    dataset.save_as(plain, enforce_file_format=True)
    options = [option] if option else []
    done = subprocess.run([encoder, *options, plain, packed], capture_output=True, timeout=60, check=False)
    if done.returncode:
        return None
    subprocess.run([decoder, packed, unpacked], capture_output=True, timeout=60, check=True)
    reference = pydicom.dcmread(unpacked)
    if reference.BitsStored != case.bits:
        return None  # the encoder changed the depth: another case
    return packed.read_bytes(), reference.pixel_array


def _by_imagecodecs(imagecodecs: Any, case: Case, stored: Any) -> tuple[bytes, Any]:
    """A codestream, and what imagecodecs itself decodes from it (RLE: made by pydicom)."""
    kind = case.syntax.removeprefix(TS + ".4.")
    bare = stored.view(f"u{stored.dtype.itemsize}") & (
        2**case.bits - 1
    )  # two's complement, as codecs without sign see it
    if case.syntax == TS + ".5":
        return _rle(stored), stored
    if kind in {"50", "51"}:
        packed = bytes(imagecodecs.jpeg_encode(stored, level=90, bitspersample=case.bits))
        return packed, imagecodecs.jpeg_decode(packed)
    if kind in {"57", "70"}:
        predictor = 1 if kind == "70" else 6
        packed = bytes(imagecodecs.jpeg_encode(bare, lossless=True, bitspersample=case.bits, predictor=predictor))
        return packed, _signed(imagecodecs.jpeg_decode(packed), case)
    if kind in {"80", "81"}:
        # imagecodecs has no 10 to 14 bits for JPEG-LS: pyjpegls writes them, imagecodecs decodes them.
        import jpeg_ls

        packed = bytes(jpeg_ls.encode_array(bare, lossy_error=3 if kind == "81" else 0))
        return packed, _signed(imagecodecs.jpegls_decode(packed), case)
    if kind in {"90", "91"}:
        options = {"reversible": True, "level": 0} if kind == "90" else {"reversible": False, "level": 60}
        packed = bytes(imagecodecs.jpeg2k_encode(stored, codecformat="j2k", bitspersample=case.bits, **options))
        return packed, imagecodecs.jpeg2k_decode(packed)
    packed = bytes(imagecodecs.htj2k_encode(stored, reversible=kind != "203"))
    return packed, imagecodecs.htj2k_decode(packed)


def _signed(values: Any, case: Case) -> Any:
    if not case.signed:
        return values
    sign = 2 ** (case.bits - 1)
    return (values.astype(np.int64) ^ sign) - sign


def _rle(stored: Any) -> bytes:
    dataset = pydicom.Dataset()
    dataset.Rows, dataset.Columns = stored.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8 * stored.dtype.itemsize
    dataset.PixelRepresentation = int(stored.dtype.kind == "i")
    dataset.PixelData = stored.tobytes()
    return RLELosslessEncoder.encode(dataset)


def test_table_in_the_docs_is_what_this_run_finds(compare: Callable[[Case], tuple[str, ...]]) -> None:
    if not shutil.which("dcmdjpeg"):
        pytest.skip("dcmtk is not installed: its column cannot be checked")
    pytest.importorskip("imagecodecs")
    table = _table(compare)
    text = DOCS.read_text(encoding="utf-8")
    marked = re.compile(r"(<!-- transfer syntaxes: made by a test -->\n).*?(<!-- end -->)", re.DOTALL)
    assert marked.search(text), "the page has no place for the table"
    made = marked.sub(lambda match: match[1] + table + match[2], text)
    if os.environ.get("CADX_UPDATE_DOCS"):
        DOCS.write_text(made, encoding="utf-8")
    assert made == text or os.environ.get("CADX_UPDATE_DOCS"), "run this file with CADX_UPDATE_DOCS=1"


def _table(compare: Callable[[Case], tuple[str, ...]]) -> str:
    kinds = [(bits, signed) for bits in BITS for signed in (False, True)]
    lines = ["| transfer syntax | UID | " + " | ".join(f"{b}{'s' if s else 'u'}" for b, s in kinds) + " |"]
    lines.append("|" + "---|" * (len(kinds) + 2))
    for syntax, name in NAMES.items():
        cells = [
            _cell(Case(syntax, bits, signed), compare) if exists(syntax, bits, signed) else "" for bits, signed in kinds
        ]
        lines.append(f"| {name} | `{syntax}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(case: Case, compare: Callable[[Case], tuple[str, ...]]) -> str:
    letters = {"dcmtk": "D", "imagecodecs": "I", "the written pixels": "W"}
    within = f" ±{tolerance(case)}" if tolerance(case) else ""
    return "".join(letters[agreed] for agreed in compare(case)) + within
