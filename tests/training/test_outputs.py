"""Nothing that lies where a command would write is lost, and nothing is computed that could not be written."""

import importlib
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from tests.conftest import SMALL_BACKBONE
from training.cli import cli, main
from training.cohort.cases import read_manifest
from training.demo import Demonstration, check_places
from training.errors import BundleNameInvalid, OutputInTheWay, OutputNotOurs, OutputNotWritable
from training.fitting.bundle_place import check_bundle
from training.fitting.fit import FitSettings, fit_models, save_fit

Snapshot = dict[str, bytes]
RANDOM = ("--backbone", "squeezenet1_1", "--layer", "features.12.cat", "--weights", "random:0", "--pooling", "mean")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def snapshot(folder: Path) -> Snapshot:
    """Every file below a folder, hidden ones too, and every folder."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b"folder"
        for path in sorted(folder.rglob("*"))
    }


PATCHED = (
    "training.demo",
    "training.features.extraction",
    "training.importers.cbis_ddsm",
    "training.importers.inbreast",
    "training.importers.mini_mias",
    "training.importers.vindr_mammo",
    "training.layers.pictures",
    "training.pictures.contact_sheets",
    "training.pictures.inspection",
    "training.study.external",
    "training.study.run",
)


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let any work fail: what is refused is refused before it."""

    def worked(*_: Any, **__: Any) -> None:
        raise AssertionError("work was done")

    for module in PATCHED:
        importlib.import_module(module)  # before the patches, so that none keeps one for its own
    for name in (
        "training.cohort.cases.read_manifest",
        "training.study.run.read_manifest",
        "training.study.external.load_bundle",
        "training.fitting.fit.fit_models",
        "training.phantoms.write_planned_cohort",
        "training.importers.mini_mias.import_mini_mias",
        "training.importers.inbreast.import_inbreast",
        "training.importers.cbis_ddsm.import_cbis_ddsm",
        "training.importers.vindr_mammo.import_vindr_mammo",
        "cadx.mammogram.read_mammogram",
    ):
        monkeypatch.setattr(name, worked)


FOLDER_COMMANDS = ("fit", "study", "evaluate", "layers", "segment", "phantoms")
FILE_COMMANDS = ("features", "import mini-mias", "import cbis-ddsm", "import inbreast", "import vindr-mammo", "inspect")


def command(name: str, out: Path, *options: str) -> Result:
    arguments: dict[str, tuple[str, ...]] = {
        "evaluate": ("bundle", "cases.csv"),
        "phantoms": (),
        "inspect": ("image.png",),
        "import cbis-ddsm": ("folder", "--digitizer", "dba"),
    }
    default = ("folder",) if name.startswith("import") else ("cases.csv",)
    return run(*name.split(), *arguments.get(name, default), "--out", out, *options)


CLASHES = {
    "fit": "notes.txt",
    "study": "report.html",
    "evaluate": "study.json",
    "layers": "layers.csv",
    "segment": "features.csv",
    "phantoms": "manifest.csv",
}


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("options", [(), ("--replace",)])
@pytest.mark.parametrize("name", FOLDER_COMMANDS)
def test_what_is_not_ours_is_never_replaced(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "mine"
    out.mkdir()
    (out / CLASHES[name]).write_text("years of work")
    before = snapshot(tmp_path)
    assert isinstance(command(name, out, *options).exception, OutputNotOurs)
    assert snapshot(tmp_path) == before


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("options", [(), ("--replace",)])
@pytest.mark.parametrize("name", [*FOLDER_COMMANDS, *FILE_COMMANDS])
def test_a_file_in_the_way_stays(name: str, options: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / ("mine.csv" if name in FILE_COMMANDS else "mine")
    out.write_text("years of work")
    assert isinstance(command(name, out, *options).exception, OutputNotOurs)
    assert snapshot(tmp_path) == {out.name: b"years of work"}


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("name", FILE_COMMANDS)
def test_a_folder_in_the_way_of_a_file_stays(name: str, tmp_path: Path) -> None:
    out = tmp_path / "mine.csv"
    out.mkdir()
    assert isinstance(command(name, out, "--replace").exception, OutputNotOurs)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("name", [*FOLDER_COMMANDS, *FILE_COMMANDS])
def test_a_place_below_a_file_is_refused_before_any_work(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "mine" / ("t.csv" if name in FILE_COMMANDS else "mine")
    error = command(name, out).exception
    assert isinstance(error, OutputNotWritable)
    assert "is not a folder" in error.detail or "Not a directory" in error.detail


@pytest.mark.usefixtures("no_work")
@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no file system here in which nobody can make a folder")
@pytest.mark.parametrize("name", [*FOLDER_COMMANDS, *FILE_COMMANDS])
def test_a_place_that_cannot_be_written_is_refused_before_any_work(name: str) -> None:
    out = Path("/proc/mine") / ("t.csv" if name in FILE_COMMANDS else "mine")
    assert isinstance(command(name, out).exception, OutputNotWritable)


@pytest.mark.usefixtures("no_work")
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused_before_any_work(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert isinstance(command("fit", tmp_path / "mine").exception, OutputNotWritable)


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("name", ["my model ü", ".", "..", "", "-x", ".hidden", "a" * 65, "naïve", "a\nb"])
def test_a_name_that_no_model_may_bear_is_refused_before_any_work(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(run("fit", "cases.csv", "--out", name).exception, BundleNameInvalid)
    assert snapshot(tmp_path) == {}


@pytest.mark.usefixtures("no_work")
def test_a_study_needs_a_name_that_a_model_may_bear(tmp_path: Path) -> None:
    assert isinstance(command("study", tmp_path / "my study ü").exception, BundleNameInvalid)
    assert isinstance(command("study", tmp_path / "fine", "--name", "a b").exception, BundleNameInvalid)
    for options in (("--name", "fine"), ("--negative-control",)):
        error = command("study", tmp_path / "my study ü", *options).exception
        assert isinstance(error, AssertionError), "only the work itself stops it"


@pytest.mark.usefixtures("no_work")
@pytest.mark.parametrize("name", ["a" * 300, "a/" + "b" * 300])
def test_names_that_the_file_system_refuses(name: str, tmp_path: Path) -> None:
    assert isinstance(command("segment", tmp_path / name).exception, OutputNotWritable)


def test_asking_leaves_nothing_behind(tmp_path: Path) -> None:
    check_bundle(tmp_path / "models" / "mine", replace=False)
    assert snapshot(tmp_path) == {}


@pytest.fixture
def copy(bundle_folder: Path, tmp_path: Path) -> Path:
    """A bundle in a folder of bundles."""
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    for file in bundle_folder.iterdir():
        os.link(file, folder / file.name)
    return folder


def test_a_bundle_is_replaced_only_when_asked(copy: Path) -> None:
    before = snapshot(copy)
    with pytest.raises(OutputInTheWay, match="--replace"):
        check_bundle(copy, replace=False)
    check_bundle(copy, replace=True)
    assert snapshot(copy) == before


def test_a_folder_of_bundles_is_no_bundle(copy: Path) -> None:
    with pytest.raises(OutputNotOurs, match="mine"):
        check_bundle(copy.parent, replace=True)


def test_a_bundle_with_notes_beside_it_is_not_replaced(copy: Path) -> None:
    (copy / "notes.txt").write_text("why this model")
    with pytest.raises(OutputNotOurs, match=r"notes\.txt"):
        check_bundle(copy, replace=True)


def test_a_link_to_a_bundle_is_not_replaced(copy: Path) -> None:
    link = copy.parent / "link"
    link.symlink_to(copy)
    with pytest.raises(OutputNotOurs, match="a link"):
        check_bundle(link, replace=True)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"not json", b"[" * 100_000, b'{"format": 2, "files": {}}'])
def test_another_bundle_json_is_no_bundle(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bundle.json").write_bytes(content)
    with pytest.raises(OutputNotOurs):
        check_bundle(tmp_path, replace=True)


def test_bundles_of_every_kept_format_are_ours() -> None:
    kept = sorted((Path(__file__).parents[1] / "data" / "bundles").glob("format-?"))
    assert kept
    for folder in kept:
        files = json.loads((folder / "bundle.json").read_text())["files"]
        assert files
        with pytest.raises((OutputInTheWay, OutputNotOurs)) as caught:
            check_bundle(folder, replace=False)
        if {path.name for path in folder.iterdir()} == {*files, "bundle.json"}:
            assert isinstance(caught.value, OutputInTheWay)


def test_an_empty_folder_is_in_nobodys_way(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    check_bundle(folder, replace=False)


def test_a_fit_replaces_its_own_bundle_and_what_came_meanwhile_stays(phantom_manifest: Path, tmp_path: Path) -> None:
    fit = fit_models(read_manifest(phantom_manifest), FitSettings(backbone=SMALL_BACKBONE, folds=3, synthetic=True))
    folder = tmp_path / "mine"
    first = save_fit(fit, folder)
    with pytest.raises(OutputInTheWay):
        save_fit(fit, folder)
    time.sleep(1.1)
    assert save_fit(fit, folder, replace=True).created > first.created
    assert {path.name for path in tmp_path.iterdir()} == {"mine"}
    (folder / "notes.txt").write_text("came while another fit ran")
    with pytest.raises(OutputNotOurs):
        save_fit(fit, folder, replace=True)
    assert (folder / "notes.txt").is_file()


def test_phantoms_twice_need_replace_and_other_files_stay(tmp_path: Path) -> None:
    out = tmp_path / "phantoms"
    assert run("phantoms", "--out", out, "--lesions", 1, "--format", "png").exit_code == 0
    (out / "mine.txt").write_text("a note")
    before = snapshot(out)
    again = run("phantoms", "--out", out, "--lesions", 1, "--format", "png")
    assert isinstance(again.exception, OutputInTheWay)
    assert snapshot(out) == before
    assert run("phantoms", "--out", out, "--lesions", 1, "--format", "png", "--replace").exit_code == 0
    assert snapshot(out) == before


def test_segment_features_and_inspect_twice_need_replace(phantom_manifest: Path, tmp_path: Path) -> None:
    image = next((phantom_manifest.parent / "images").iterdir())
    small = phantom_manifest.parent / "two.csv"
    small.write_text("".join(phantom_manifest.read_text().splitlines(keepends=True)[:3]))
    cache = tmp_path / "cache"
    for arguments in (
        ("segment", small, "--no-pictures", "--out", tmp_path / "seen"),
        ("features", small, *RANDOM, "--cache", cache, "--out", tmp_path / "t.csv"),
        ("features", small, *RANDOM, "--cache", cache, "--out", tmp_path / "t.parquet"),
        ("inspect", image, "--out", tmp_path / "picture.png"),
    ):
        assert run(*arguments).exit_code == 0, arguments
        assert isinstance(run(*arguments).exception, OutputInTheWay), arguments
        assert run(*arguments, "--replace").exit_code == 0, arguments


def test_inspect_never_draws_over_an_image(tmp_path: Path) -> None:
    image = tmp_path / "image.png"
    Image.new("L", (64, 64), 7).save(image)
    before = image.read_bytes()
    done = run("inspect", image, "--spacing-mm", 0.1, "--out", image, "--replace")
    assert isinstance(done.exception, OutputNotOurs)
    assert image.read_bytes() == before


def test_an_import_twice_needs_replace_and_a_list_of_its_own(tmp_path: Path) -> None:
    data = tmp_path / "mini-mias"
    data.mkdir()
    (data / "Info.txt").write_text("mdb001 G CIRC B 535 425 197\nmdb003 D NORM\n")
    (data / "mdb001.pgm").write_bytes(b"P5\n1024 1024\n255\n")
    out = tmp_path / "mias.csv"
    assert run("import", "mini-mias", data, "--out", out).exit_code == 0
    assert isinstance(run("import", "mini-mias", data, "--out", out).exception, OutputInTheWay)
    assert run("import", "mini-mias", data, "--out", out, "--replace").exit_code == 0
    (tmp_path / "mias.skipped.csv").write_text("my own list")
    assert isinstance(run("import", "mini-mias", data, "--out", out, "--replace").exception, OutputNotOurs)


def test_a_demonstration_replaces_its_own_and_no_model_of_patients(copy: Path, tmp_path: Path) -> None:
    demo = Demonstration(tmp_path / "demo", copy)
    check_places(demo)
    manifest = json.loads((copy / "bundle.json").read_text())
    (copy / "bundle.json").unlink()
    manifest["cohort"]["synthetic"] = False
    (copy / "bundle.json").write_text(json.dumps(manifest))
    with pytest.raises(OutputNotOurs, match="no phantoms"):
        check_places(demo)


def test_a_demonstration_keeps_a_folder_of_ones_own(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "demo" / "phantoms" / "images").mkdir(parents=True)
    with pytest.raises(OutputNotOurs):
        check_places(Demonstration(tmp_path / "demo", copy))


def test_the_command_line_says_it_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("years of work")
    monkeypatch.setattr("sys.argv", ["cadx-train", "fit", "cases.csv", "--out", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 2
    message = capsys.readouterr().err
    assert "output_not_ours" in message
    assert "notes.txt" in message
    assert "Traceback" not in message
