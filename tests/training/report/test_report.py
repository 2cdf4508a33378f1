"""The report as files: self-contained, whole, the same in HTML and Markdown."""

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cadx.records import LesionCenter, Roi, Spacing, SpacingSource
from tests.training.study.conftest import MakeUp
from training.analysis.analysis import analyze
from training.analysis.scored import Scored
from training.errors import LayerTableUnreadable
from training.layers.figures import LayerFigures, read_layers
from training.report.blocks import Gallery, Report
from training.report.content import make_report
from training.report.html import render_html, tied
from training.report.markdown import render_markdown
from training.report.sections.pictures import rows_to_draw
from training.report.study_record import BranchTimes, Provenance, Skipped, Study, StudyKind, environment
from training.report.thumbnails import LesionView, bare, outlined
from training.report.write import write_report

VOID = {"meta", "img", "br", "link", "hr", "input"}


class Page(HTMLParser):
    """Every tag must be closed in order; remembers addresses, anchors and text alternatives."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.addresses += [value for name in ("src", "href") if (value := found.get(name))]
        self.ids += [value for name in ("id",) if (value := found.get(name))]
        if tag == "img":
            assert found.get("alt")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def lesion_view(radius_px: float = 60.0) -> LesionView:
    y, x = np.mgrid[:512, :512] + 0.5
    gray = np.exp(-((x - 256) ** 2 + (y - 256) ** 2) / (2 * radius_px**2)).astype(np.float32)
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    outline = 256 + radius_px * np.column_stack([np.cos(turn), np.sin(turn)])
    seen, center = np.ones((512, 512), bool), LesionCenter(9, 9)
    roi = Roi(gray, seen, center, Spacing(0.1, 0.1, SpacingSource.CALLER), 0.0, seen, center)
    return LesionView(roi, outline)


@pytest.fixture(scope="module")
def scored(make_up: MakeUp) -> Scored:
    return make_up(1.5, lesions=60, folds=3).scored


@pytest.fixture(scope="module")
def study(make_up: MakeUp) -> Study:
    made = make_up(1.5, lesions=60, folds=3)
    return Study(
        title="Masses <of> 2026 & before",
        kind=StudyKind.CROSS_VALIDATION,
        notices=("Research use only.", "fitted on nothing"),
        analysis=analyze(made.scored, 0, made.evaluation),
        times={"cnn": BranchTimes(10.0, 2.0), "lesion": BranchTimes(100.0, 20.0)},
        reference=None,
        layers=(LayerFigures("fc6", 4096, 4000, 0.81, 0.02, 9.0), LayerFigures("fc7", 4096, 4090, 0.79, 0.02, 9.0)),
        skipped=(Skipped("L7", "missing_spacing", "no pixel size | at all"),),
        provenance=Provenance(
            created="2026-01-02T03:04:05+00:00",
            manifest="cases.csv",
            manifest_sha256="ab" * 32,
            settings={"seed": 0, "folds": 3},
            backbone={"weights_sha256": "cd" * 32},
            cnn_features_sha256="12" * 32,
            lesion_features_sha256="34" * 32,
            bundle=None,
            **environment(),
        ),
    )


@pytest.fixture(scope="module")
def report(study: Study, scored: Scored) -> Report:
    return make_report(study, scored, dict.fromkeys(rows_to_draw(scored, study.analysis), lesion_view()))


def test_the_page_needs_nothing_but_itself(report: Report) -> None:
    page = Page(render_html(report))
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= set(page.ids)
    assert "script" not in page.tags
    assert "link" not in page.tags
    assert len(page.ids) == len(set(page.ids))


def test_everything_that_a_study_must_show_is_there(report: Report) -> None:
    text = re.sub(r"\s", " ", render_html(report).replace("\N{NO-BREAK SPACE}", " "))
    for needed in (
        "Masses &lt;of&gt; 2026 &amp; before", "Research use only.", "fitted on nothing",
        "SVM1: CNN features", "~10 min", "12.0 s", "2.0 min", "2.2 min", "Fig. 4 of the paper", "Fig. 3 of the paper",
        "Hothorn", "Nadeau", "Bonferroni", "Holm", "DeLong", "Brier", "kappa", "stacked", "under 10 mm",
        "Lesions on which the branches disagree most", "Worst errors", "Contact sheet", "missing_spacing", "ab" * 32,
        "scikit-learn", "sensitivity at least 0.9",
    ):  # fmt: skip
        assert needed in text, needed


def test_markdown_says_the_same_in_whole_tables(report: Report) -> None:
    text = render_markdown(report)
    assert [line[3:] for line in text.splitlines() if line.startswith("## ")] == [s.title for s in report.sections]
    widths: list[int] = []
    for line in text.splitlines():
        if line.startswith("|"):
            widths.append(len(re.findall(r"(?<!\\)\|", line)))
        elif widths:
            assert len(set(widths)) == 1, widths
            widths = []
    assert "no pixel size \\| at all" in text
    for section in report.sections:
        for paragraph in (block for block in section.blocks if isinstance(block, str)):
            assert paragraph in text


def test_the_folder_has_the_plots_as_files_and_the_same_bytes_again(
    study: Study, scored: Scored, report: Report, tmp_path: Path
) -> None:
    write_report(tmp_path, report)
    named = re.findall(r"\]\((figures/[a-z]+\.svg)\)", (tmp_path / "report.md").read_text())
    assert "figures/roc.svg" in named
    assert "figures/layers.svg" in named
    for name in named:
        root = ET.fromstring((tmp_path / name).read_text())
        assert root.tag.endswith("svg")
    again = make_report(study, scored, dict.fromkeys(rows_to_draw(scored, study.analysis), lesion_view()))
    assert again == report


def test_a_study_without_layers_shows_no_figure_3(study: Study, scored: Scored) -> None:
    views = dict.fromkeys(rows_to_draw(scored, study.analysis), lesion_view())
    titles = [section.title for section in make_report(replace(study, layers=()), scored, views).sections]
    assert "Layers of the CNN" not in titles


def test_pictures_name_the_truth_and_the_row(report: Report) -> None:
    pictures = [
        picture
        for section in report.sections
        for block in section.blocks
        if isinstance(block, Gallery)
        for picture in block.pictures
    ]
    assert len(pictures) > 20
    assert all("(row " in picture.lines[0] for picture in pictures)
    assert all(picture.lines[1] in ("benign", "malignant") for picture in pictures)


@pytest.mark.parametrize("radius_px", [10.0, 60.0, 240.0])
def test_a_thumbnail_shows_the_whole_outline(radius_px: float) -> None:
    view = lesion_view(radius_px)
    plain, marked = (
        np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB"), dtype=int) for jpeg in (bare(view), outlined(view))
    )
    assert plain.shape == marked.shape == (224, 224, 3)
    drawn = np.abs(plain - marked).max(axis=2) > 60
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    side_px = max(200.0, min(4 * radius_px, 512.0))
    expected = 2 * radius_px * 224 / side_px
    assert np.ptp(rows) == pytest.approx(expected, abs=8)
    assert np.ptp(columns) == pytest.approx(expected, abs=8)


def test_numbers_stay_together() -> None:
    assert tied("p = 0.02") == "p\xa0=\xa00.02"
    assert tied("0.65 to 0.86") == "0.65\xa0to\xa00.86"
    assert tied("95 % CI, 5 mm") == "95\xa0% CI, 5\xa0mm"


def test_layers_csv_is_read_or_refused(tmp_path: Path) -> None:
    good = tmp_path / "layers.csv"
    good.write_text(
        "layer,length,varying_length,auc,auc_sd,standard_error,seconds,fold_aucs\nfc6,9,8,.8,.1,.05,3.5,.8\n"
    )
    assert read_layers(good) == (LayerFigures("fc6", 9, 8, 0.8, 0.05, 3.5),)
    for content in (
        "",
        "layer,auc\nfc6,0.8\n",
        "layer,length,varying_length,auc,auc_sd,standard_error,seconds\nfc6,x,8,1,1,1,1\n",
    ):
        good.write_text(content)
        with pytest.raises(LayerTableUnreadable):
            read_layers(good)
    with pytest.raises(LayerTableUnreadable):
        read_layers(tmp_path / "none.csv")
