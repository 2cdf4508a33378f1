"""Tables and figures of docs/evidence.md, from what `benchmarks/evidence.py` and `cadx-train layers` wrote.

What stands between ``<!-- table NAME -->`` and ``<!-- end -->`` of the page is replaced; figures are written beside it.
Only figures over many cases leave this script. By view: mean of the fold AUCs; by lesion: the same of lesions, each by
its mean probability over views; intervals and tests clustered by patient, means over the seeds of the folds (of the
limits too, as `benchmarks/evidence.py` says; of several p the largest is shown).

Run:  python benchmarks/evidence_report.py scored.csv --facts facts.csv [--layers mean.csv max.csv none.csv]
                                           [--finetuned CSV ...] --page docs/evidence.md
"""

import argparse
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from cadx.branches import CNN, ENSEMBLE, LESION, METHODS
from training.layers.figures import read_layers
from training.report.plots.style import COLORS, GRAY, LINES, canvas
from training.stats.agreement import agreement
from training.stats.calibration import calibration
from training.stats.inference.clustered import clustered_auc, clustered_difference
from training.stats.roc.binormal import fit_binormal
from training.stats.roc.operating_points import at_sensitivity, at_specificity, operating_point

LETTERS = {CNN: "A", LESION: "B", ENSEMBLE: "C"}
SIZES_MM = (0.0, 10.0, 15.0, 20.0, 1000.0)
MARGINS = ("spiculated", "ill defined", "microlobulated", "obscured", "circumscribed")
SHAPES = ("irregular", "architectural distortion", "lobulated", "oval", "round")
OF_LESION = ["seed", "fold", "patient", "lesion_id"]
ROW = ["image", "x", "y", "lesion_id"]
FEWEST = 20
"""Of either class, in a part of the cohort whose AUC is shown."""
CURVE = np.concatenate([[0.0], np.geomspace(1e-4, 1e-2, 12), np.linspace(0.02, 1.0, 50)])

Frame = pd.DataFrame


def of_presets(scored: Frame) -> list[tuple[str, Frame]]:
    """The rows of each preset, in the order in which they were run."""
    return [(str(preset), scored[scored["preset"] == preset]) for preset in dict.fromkeys(scored["preset"])]


def by_lesion(scored: Frame, names: Sequence[str] = tuple(METHODS)) -> Frame:
    """Average the views of each lesion."""
    return scored.groupby(["preset", *OF_LESION], as_index=False, sort=False)[["malignant", *names]].mean()


def auc_of(rows: Frame, name: str) -> tuple[float, float, float]:
    """Mean over the seeds of the AUC and of its limits."""
    found = [
        clustered_auc(part["malignant"] > 0.5, part[name], part["patient"], strata=part["fold"])
        for _, part in rows.groupby("seed")
    ]
    low, high = np.mean([(one.low, one.high) for one in found], axis=0)
    return float(np.mean([one.auc for one in found])), low, high


def difference_of(rows: Frame, first: str, second: str) -> str:
    """Mean over the seeds of a difference of AUCs, its limits, and the largest p."""
    found = [
        clustered_difference(part["malignant"] > 0.5, part[first], part[second], part["patient"], strata=part["fold"])
        for _, part in rows.groupby("seed")
    ]
    middle, low, high = np.mean([(one.difference, one.low, one.high) for one in found], axis=0)
    p = max(one.p_value for one in found)
    return f"{middle:+.3f} ({low:+.3f} to {high:+.3f}), p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}"


def shown(auc: tuple[float, float, float]) -> str:
    return f"{auc[0]:.3f} ({auc[1]:.3f} to {auc[2]:.3f})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def main_table(scored: Frame) -> str:
    lesions, presets = by_lesion(scored), list(dict.fromkeys(scored["preset"]))
    rows = [
        [METHODS[name], preset] + [shown(auc_of(frame[frame["preset"] == preset], name)) for frame in (scored, lesions)]
        for name in METHODS
        for preset in presets
    ]
    return table(["classifier", "preset", "AUC by view (95 % CI)", "AUC by lesion (95 % CI)"], rows)


def paired_table(scored: Frame) -> str:
    """Best less paper on the same rows and folds, and what averaging adds in each."""
    rows = []
    frames = {"by view": scored, "by lesion": by_lesion(scored)}
    presets = list(dict.fromkeys(scored["preset"]))
    for title, frame in frames.items():
        if len(presets) > 1:
            both = [frame[frame["preset"] == preset] for preset in presets[:2]]
            on = [*OF_LESION, "image", "x", "y"] if "image" in frame else OF_LESION
            joined = both[1].merge(both[0], on=on, suffixes=("", "_other"), validate="one_to_one")
            less = f"{presets[1]} less {presets[0]}"
            rows += [
                [f"{less}, {METHODS[name]}", title, difference_of(joined, name, f"{name}_other")] for name in METHODS
            ]
        for preset in presets:
            part = frame[frame["preset"] == preset]
            rows += [
                [f"{preset}: C less {LETTERS[other]}", title, difference_of(part, ENSEMBLE, other)]
                for other in (CNN, LESION)
            ]
    return table(["difference of AUC", "", "mean over seeds (95 % CI)"], rows)


def parts_table(scored: Frame, part_of: pd.Series, head: str) -> str:
    """AUC of C within parts of the cohort; views, one stratum a seed, since folds hold few of a part."""
    rows = []
    named = scored.assign(part=part_of.reindex(scored["image"]).to_numpy())
    for part, found in named.groupby("part", observed=True, sort=False):
        one = found[(found["seed"] == found["seed"].min()) & (found["preset"] == found["preset"].iloc[0])]
        malignant = int(one["malignant"].sum())
        row = [str(part).capitalize(), str(len(one)), str(malignant)]
        for preset in dict.fromkeys(scored["preset"]):
            of_preset = found[found["preset"] == preset].assign(fold=0)
            enough = min(malignant, len(one) - malignant) >= FEWEST
            row.append(shown(auc_of(of_preset, ENSEMBLE)) if enough else "too few of one class")
        rows.append(row)
    order = [str(part).capitalize() for part in (part_of.cat.categories if part_of.dtype == "category" else ())]
    rows.sort(key=lambda row: order.index(row[0]) if order else -int(row[1]))
    return table([head, "views", "malignant", *(f"C, {p} (95 % CI)" for p in dict.fromkeys(scored["preset"]))], rows)


def calibration_table(scored: Frame) -> str:
    rows = []
    for preset, part in of_presets(scored):
        for name, title in ((CNN, "A"), (LESION, "B"), (ENSEMBLE, "C, the average"), ("calibrated", "C, calibrated")):
            found = [
                calibration(seed["malignant"] > 0.5, seed[name], seed["patient"]) for _, seed in part.groupby("seed")
            ]
            slopes, brier = [one.slope or np.nan for one in found], [one.brier for one in found]
            large = [one.in_the_large for one in found]
            rows.append([title, preset, *(f"{np.mean(x):.3f}" for x in (brier, slopes, large))])
    return table(["probability", "preset", "Brier score", "slope (ideal 1)", "in the large (ideal 0)"], rows)


def operating_table(scored: Frame) -> str:
    rows = []
    for preset, part in of_presets(scored):
        seed = part[part["seed"] == part["seed"].min()]
        given = (seed["malignant"] > 0.5, seed["calibrated"], seed["patient"])
        points = (
            operating_point(*given, 0.5, rule="0.5, set beforehand"),
            at_sensitivity(*given, 0.95),
            at_sensitivity(*given, 0.90),
            at_specificity(*given, 0.90),
        )
        rows += [
            [preset, point.rule, f"{point.threshold:.2f}"]
            + [f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})" for one in (point.sensitivity, point.specificity)]
            for point in points
        ]
    return table(["preset", "rule", "threshold", "sensitivity (95 % CI)", "specificity (95 % CI)"], rows)


def agreement_table(scored: Frame) -> str:
    rows = []
    for preset, part in of_presets(scored):
        seed = part[part["seed"] == part["seed"].min()]
        found = agreement(seed["malignant"] > 0.5, seed[CNN], seed[LESION], seed["patient"])
        rows.append(
            [
                preset,
                f"{found.kappa:.2f} ({found.kappa_low:.2f} to {found.kappa_high:.2f})",
                f"{found.rank_correlation:.2f}",
                f"{found.rank_correlation_benign:.2f}",
                f"{found.rank_correlation_malignant:.2f}",
                f"{len(found.disagreements)} of {len(seed)}",
            ]
        )
    head = ["preset", "kappa at 0.5 (95 % CI)", "Spearman", "benign", "malignant", "views called differently"]
    return table(head, rows)


def goes_with_table(scored: Frame, facts: Frame) -> str:
    """Spearman's rank correlation of A and B with what readers and outlines say."""
    columns = {
        "equivalent_diameter_mm": "diameter of the official outline",
        "subtlety": "subtlety (5 = obvious)",
        "birads_assessment": "readers' BI-RADS assessment",
    }
    rows = []
    for preset, part in of_presets(scored):
        seed = part[part["seed"] == part["seed"].min()]
        known = facts.reindex(seed["image"])
        for column, title in columns.items():
            there = known[column].notna().to_numpy()
            found = [spearmanr(seed[name][there], known[column].to_numpy()[there])[0] for name in (CNN, LESION)]
            rows.append([title, preset, *(f"{value:+.2f}" for value in found)])
    return table(["goes with (Spearman)", "preset", "A", "B"], rows)


def layers_table(files: Sequence[Path]) -> str:
    found = {path.stem: {layer.layer: layer for layer in read_layers(path)} for path in files}
    names = list(dict.fromkeys(layer for layers in found.values() for layer in layers))
    rows = [
        [name]
        + [
            f"{layers[name].auc_mean:.3f} ± {layers[name].auc_se:.3f} ({layers[name].features:,})"
            if name in layers
            else "-"
            for layers in found.values()
        ]
        for name in names
    ]
    return table(["layer", *(f"{pooling}: AUC ± SD/√5 (features)" for pooling in found)], rows)


def trained_table(scored: Frame, files: Sequence[Path]) -> str:
    """Networks trained on the cohort, beside Method A on the same rows and folds, and averaged with Method B.

    Raises
    ------
    SystemExit
        When a file's folds are not those of any seed.
    """
    rows = []
    for path in files:
        network = pd.read_csv(path, dtype={"image": str, "lesion_id": str}).dropna(subset=["probability"])
        name = path.stem + ("" if network["finished"].all() else " (unfinished)")
        for preset, frame in of_presets(scored):
            both = _on_its_folds(frame, network, path)
            both = both.assign(
                **{f"with_{other}": (both["probability"] + both[other]) / 2 for other in (LESION, ENSEMBLE)}
            )
            rows.append(
                [
                    name,
                    f"{len(both)}",
                    shown(auc_of(both, "probability")),
                    shown(auc_of(by_lesion(both, ["probability"]), "probability")),
                    preset,
                    difference_of(both, "probability", CNN),
                    *(shown(auc_of(both, f"with_{other}")) for other in (LESION, ENSEMBLE)),
                ]
            )
    head = ["network", "views", "AUC by view (95 % CI)", "by lesion (95 % CI)", "preset"]
    return table(
        [*head, "less its A, by view (95 % CI)", "averaged with its B (95 % CI)", "with its C (95 % CI)"], rows
    )


def _on_its_folds(frame: Frame, network: Frame, path: Path) -> Frame:
    for _, part in frame.groupby("seed"):
        both = part.merge(network.drop(columns="malignant"), on=ROW, suffixes=("", "_of_network"))
        if len(both) == len(network) and (both["fold"] == both["fold_of_network"]).all():
            return both
    raise SystemExit(f"{path} comes from other folds than those of any seed: give both the same --seed")


def roc_figure(scored: Frame) -> str:
    """The paper's Figure 4: fitted binormal curves, pooled rows of the first seed."""
    presets = list(dict.fromkeys(scored["preset"]))
    with canvas(4.6 * len(presets), 4.4) as drawn:
        for axes, preset in zip(drawn.figure.subplots(1, len(presets), squeeze=False)[0], presets, strict=True):
            part = scored[(scored["preset"] == preset) & (scored["seed"] == scored["seed"].min())]
            axes.plot([0, 1], [0, 1], color=GRAY, linewidth=0.8, linestyle=":")
            for name in METHODS:
                fit = fit_binormal(part["malignant"] > 0.5, part[name])
                label = f"{LETTERS[name]}: fitted AUC {fit.auc:.3f}"
                axes.plot(
                    CURVE, fit.true_positive_fraction(CURVE), color=COLORS[name], linestyle=LINES[name], label=label
                )
            axes.set(title=preset, xlabel="1 - specificity", ylabel="sensitivity", aspect="equal")
            axes.legend(loc="lower right")
    return drawn.svg


def layers_figure(files: Sequence[Path]) -> str:
    """The paper's Figure 3: AUC by layer, error bar SD / sqrt(folds)."""
    with canvas(7.2, 3.6) as drawn:
        axes = drawn.figure.subplots()
        found = [read_layers(path) for path in files]
        names = list(dict.fromkeys(layer.layer for layers in found for layer in layers))
        for number, (path, layers) in enumerate(zip(files, found, strict=True)):
            places = np.array([names.index(layer.layer) for layer in layers]) + 0.12 * (number - (len(files) - 1) / 2)
            means, errors = [layer.auc_mean for layer in layers], [layer.auc_se for layer in layers]
            axes.errorbar(places, means, errors, fmt="os^"[number % 3] + "-", linewidth=1, capsize=2, label=path.stem)
        axes.set_xticks(range(len(names)), names, rotation=35, ha="right")
        axes.set(ylabel="AUC")
        axes.legend(title="pooling")
    return drawn.svg


def replaced(page: str, tables: Mapping[str, str]) -> str:
    """Put the tables in their places on the page."""
    for name, text in tables.items():
        pattern = re.compile(rf"(<!-- table {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
        found = pattern.search(page)
        if found is None:
            raise SystemExit(f"the page has no place for the table {name!r}")
        begin, end = found.end(1), found.start(2)
        page = f"{page[:begin]}\n{text}\n\n{page[end:]}"
    return page


def _sizes(facts: Frame) -> pd.Series:
    labels = ["under 10 mm", "10 to 15 mm", "15 to 20 mm", "over 20 mm"]
    return pd.cut(facts["equivalent_diameter_mm"], SIZES_MM, labels=labels)


def _word(facts: Frame, column: str, words: Sequence[str]) -> pd.Series:
    """The readers' word; of several, the first of these, which is the most suspicious."""
    return facts[column].map(lambda told: _first(str(told).lower().replace("_", " "), words))


def _first(told: str, words: Sequence[str]) -> str:
    return next((word for word in words if word in told), "another word, or none")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scored", type=Path, help="CSV of benchmarks/evidence.py")
    parser.add_argument("--facts", type=Path, required=True, help="CSV: diameter and words by image")
    parser.add_argument("--layers", type=Path, nargs="*", default=[], help="layers.csv, named after their pooling")
    parser.add_argument("--finetuned", type=Path, nargs="*", default=[], help="CSVs of cadx-train finetune")
    parser.add_argument("--page", type=Path, required=True)
    arguments = parser.parse_args()
    scored = pd.read_csv(arguments.scored, dtype={"image": str, "lesion_id": str, "patient": str})
    facts = pd.read_csv(arguments.facts)
    facts = facts.set_index(facts["image"].map(lambda path: Path(path).name))
    makers: dict[str, Callable[[], str]] = {
        "presets": lambda: main_table(scored),
        "paired": lambda: paired_table(scored),
        "size": lambda: parts_table(scored, _sizes(facts), "diameter"),
        "margin": lambda: parts_table(scored, _word(facts, "margins", MARGINS), "margin"),
        "shape": lambda: parts_table(scored, _word(facts, "shape", SHAPES), "shape"),
        "calibration": lambda: calibration_table(scored),
        "operating points": lambda: operating_table(scored),
        "agreement": lambda: agreement_table(scored),
        "goes with": lambda: goes_with_table(scored, facts),
    }
    if arguments.layers:
        makers["layers"] = lambda: layers_table(arguments.layers)
    if arguments.finetuned:
        makers["trained"] = lambda: trained_table(scored, arguments.finetuned)
    tables = {name: make() for name, make in makers.items()}
    arguments.page.write_text(replaced(arguments.page.read_text(encoding="utf-8"), tables), encoding="utf-8")
    pictures = arguments.page.parent / "images"
    (pictures / "evidence-roc.svg").write_text(roc_figure(scored), encoding="utf-8")
    if arguments.layers:
        (pictures / "evidence-layers.svg").write_text(layers_figure(arguments.layers), encoding="utf-8")


if __name__ == "__main__":
    main()
