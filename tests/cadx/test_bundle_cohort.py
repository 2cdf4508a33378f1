"""What a bundle keeps of its cohort: written, read back, refused when it is wrong, and left out without harm."""

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cadx.assessment import assess
from cadx.branches import CNN, LESION
from cadx.bundle import MANIFEST, Bundle, load_bundle
from cadx.bundle.cohort_files import cohort_files, parse_cohort
from cadx.bundle.files import COHORT_ARRAYS, COHORT_FACTS, KNOWN_CASES
from cadx.bundle.known_cases_file import known_cases_files, parse_known_cases
from cadx.errors import BundleFileInvalid, BundleFileMissing
from cadx.explain import ClickLimit, CohortReference, KnownCases
from cadx.flags import FlagCode
from cadx.lesion import FEATURES
from cadx.mammogram import read_mammogram
from training.cohort.cases import Case

KEPT = Path(__file__).parents[1] / "data" / "bundles" / "format-2"


@pytest.fixture(scope="module")
def bundle(bundle_folder: Path) -> Bundle:
    return load_bundle(bundle_folder)


@pytest.fixture(scope="module")
def reference(bundle: Bundle) -> CohortReference:
    assert bundle.reference is not None
    return bundle.reference


@pytest.fixture(scope="module")
def known(bundle: Bundle) -> KnownCases:
    assert bundle.known_cases is not None
    return bundle.known_cases


def test_distributions_come_back(reference: CohortReference) -> None:
    again = parse_cohort("small", *cohort_files(reference).values())
    assert again.conformal == reference.conformal
    assert again.difference_low == reference.difference_low
    assert list(again.drift) == list(reference.drift)
    features = np.random.default_rng(0).normal(size=(5, len(FEATURES)))
    for branch, width in ((CNN, 512), (LESION, len(FEATURES))):
        rows = features if branch == LESION else np.random.default_rng(1).random((5, width))
        assert again.novelty[branch].whitening.distances(rows) == pytest.approx(
            reference.novelty[branch].whitening.distances(rows), rel=1e-6
        )
        assert again.novelty[branch].flagged_from() == reference.novelty[branch].flagged_from()
    scores = np.linspace(0, 1, 21).tolist()
    assert [*map(again.venn_abers.pair, scores)] == [*map(reference.venn_abers.pair, scores)]
    assert [f.name for f in FEATURES] == list(again.quantiles)


def test_the_limit_of_moved_marks_comes_back_and_is_optional(reference: CohortReference) -> None:
    assert reference.click is None
    facts, arrays = cohort_files(reference).values()
    assert "click" not in json.loads(facts)
    click = ClickLimit(2.0, 0.0625, 200)
    again, same = cohort_files(replace(reference, click=click)).values()
    assert same == arrays
    assert parse_cohort("small", again, arrays).click == click
    wrong = json.dumps({**json.loads(again), "click": {"radius_mm": 2.0, "sd": -1, "lesions": 200}})
    with pytest.raises(BundleFileInvalid):
        parse_cohort("small", wrong.encode(), arrays)


def test_known_cases_come_back(known: KnownCases) -> None:
    again = parse_known_cases("small", known_cases_files(known)[KNOWN_CASES])
    assert again.space.name == known.space.name
    assert again.coordinates == pytest.approx(known.coordinates, rel=1e-6)
    assert (again.malignant == known.malignant).all()
    assert (again.agreement, again.base_rate) == (known.agreement, known.base_rate)
    assert known.thumbnails is not None
    assert again.thumbnails is not None
    assert (again.thumbnails == known.thumbnails).all()
    assert known.thumbnails.shape[1:] == (64, 64)
    assert (
        parse_known_cases("small", known_cases_files(replace(known, thumbnails=None))[KNOWN_CASES]).thumbnails is None
    )


def _changed(content: bytes, change: Callable[[dict[str, np.ndarray]], object]) -> bytes:
    with np.load(io.BytesIO(content)) as file:
        arrays = dict(file)
    change(arrays)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("venn_abers.p0"),
        lambda arrays: arrays.update({"venn_abers.p1": arrays["venn_abers.p1"][1:]}),
        lambda arrays: arrays.update({"novelty.cnn.scale": arrays["novelty.cnn.scale"] * np.nan}),
        lambda arrays: arrays.update({"novelty.cnn.scale": -arrays["novelty.cnn.scale"]}),
        lambda arrays: arrays.update({"drift.edges": arrays["drift.edges"][:, ::-1]}),
        lambda arrays: arrays.update({"novelty.lesion.columns": arrays["novelty.lesion.columns"].astype(float)}),
    ],
)
def test_arrays_that_are_wrong_are_refused(
    reference: CohortReference, change: Callable[[dict[str, np.ndarray]], object]
) -> None:
    files = cohort_files(reference)
    with pytest.raises(BundleFileInvalid):
        parse_cohort("small", files[COHORT_FACTS], _changed(files[COHORT_ARRAYS], change))


def test_files_that_are_no_arrays_are_refused(reference: CohortReference) -> None:
    with pytest.raises(BundleFileInvalid):
        parse_cohort("small", cohort_files(reference)[COHORT_FACTS], b"nothing")
    with pytest.raises(BundleFileInvalid):
        parse_cohort("small", b"{}", cohort_files(reference)[COHORT_ARRAYS])
    with pytest.raises(BundleFileInvalid):
        parse_known_cases("small", b"nothing")


def test_columns_that_the_model_has_not_are_refused(tmp_path: Path, bundle_folder: Path) -> None:
    folder = shutil.copytree(bundle_folder, tmp_path / "small")

    def too_wide(arrays: dict[str, np.ndarray]) -> None:
        arrays["novelty.lesion.columns"][-1] = 1000

    content = _changed((folder / COHORT_ARRAYS).read_bytes(), too_wide)
    (folder / COHORT_ARRAYS).write_bytes(content)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][COHORT_ARRAYS] = {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(Exception, match="more lesion features than it names"):
        load_bundle(folder)


def test_one_file_of_two_is_refused(tmp_path: Path, bundle_folder: Path) -> None:
    folder = shutil.copytree(bundle_folder, tmp_path / "small")
    manifest = json.loads((folder / MANIFEST).read_text())
    del manifest["files"][COHORT_ARRAYS]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(BundleFileMissing):
        load_bundle(folder)


def test_a_bundle_of_an_earlier_version_has_none_of_it() -> None:
    bundle = load_bundle(KEPT)
    assert bundle.reference is None
    assert bundle.known_cases is None


def test_flags_of_the_cohort_are_raised(bundle: Bundle, reference: CohortReference, unseen_phantom: Case) -> None:
    mammogram = read_mammogram(unseen_phantom.image, policy=bundle.policy)
    model = replace(bundle, reference=replace(reference, difference_low=0.9, difference_high=0.95))
    codes = [flag.code for flag in assess(model, mammogram, unseen_phantom.center).flags]
    assert FlagCode.BRANCHES_DISAGREE in codes
    model = replace(bundle, reference=replace(reference, difference_low=-1.0, difference_high=1.0))
    codes = [flag.code for flag in assess(model, mammogram, unseen_phantom.center).flags]
    assert FlagCode.BRANCHES_DISAGREE not in codes
    far = {CNN: np.full(512, 1e4), LESION: np.full(len(FEATURES), 1e5)}
    flagged = reference.flags({CNN: 0.5, LESION: 0.5}, far)
    assert [(flag.code, flag.facts["branch"]) for flag in flagged] == [
        (FlagCode.UNLIKE_COHORT, CNN),
        (FlagCode.UNLIKE_COHORT, LESION),
    ]
