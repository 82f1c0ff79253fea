"""What a run tells: where a version comes from, how good it is, and the files that show it."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from pandas import DataFrame

from models.card import comparison_rows, training_card
from models.gates.gate import GatesReport
from models.plots import calibration_plot, importance_plot, slices_plot
from models.scores import Comparison, Scorecard
from models.spec import Fitted, Model

CARD = "card.md"


@dataclass(frozen=True)
class RunStory:
    """Everything about a training run that the bundle itself does not say."""

    as_of: datetime
    start: datetime  # of the posts learned from, by the time they were scored
    end: datetime
    rows: int
    data_versions: Mapping[str, int]  # table -> Delta version
    reason: str
    scorecard: Scorecard
    fresh: DataFrame  # rows with target that were not learned from
    predictions: DataFrame  # of this version on `fresh`
    report: Path | None = None  # the Evidently report, where drift asked for this run
    base: str | None = None  # the version whose booster this one shares, where only the calibrator is new
    about: Mapping[str, bytes] = field(default_factory=dict)  # files in which the bundle says what it is (models.about)


def params_of(model: Model, fitted: Fitted, story: RunStory) -> dict[str, str]:
    """What MLflow shows as parameters: where the rows come from, then how the booster was fitted."""
    data = {f"data.{table}": version for table, version in story.data_versions.items()}
    told = {
        "as_of": f"{story.as_of:%Y-%m-%dT%H:%MZ}",
        "trained_rows": story.rows,
        "trained_from": f"{story.start:%Y-%m-%d}",
        "trained_to": f"{story.end:%Y-%m-%d}",
        "feature_service": model.service,
        "features": len(model.features),
        "target": model.target,
    }
    shared: dict[str, object] = {"booster_of_version": story.base} if story.base else {}
    return {name: str(value)[:6000] for name, value in (data | told | shared | dict(fitted.params)).items()}


def metrics_of(card: Scorecard) -> dict[str, float]:
    """Each metric with its ends, and the headline of each slice; MLflow groups names by the part before `/`."""
    found: dict[str, float] = {}
    for name, score in card.overall.items():
        found |= {name: score.value, f"{name}_low": score.low, f"{name}_high": score.high}
    for part in card.slices:
        found[f"slice_{_plain(part.slicing)}/{_plain(part.slice)}"] = part.metrics[card.headline].value
    return found


def write_story(folder: Path, model: Model, fitted: Fitted, story: RunStory) -> None:
    """The files of a run: card, scorecard, slices as a table, importance, calibration, the drift report."""
    _write(folder / CARD, training_card(model, fitted, story))
    _write_json(folder / "scorecard.json", asdict(story.scorecard))
    _write_json(folder / "slices.json", slices_table(story.scorecard))
    _write_json(folder / "importance.json", dict(fitted.importance))
    if fitted.importance:
        importance_plot(fitted.importance, folder / "importance.png")
    calibration_plot(story.fresh, story.predictions, folder / "calibration.png")
    if story.report is not None and story.report.is_file():
        (folder / "drift_report.html").write_bytes(story.report.read_bytes())


def write_comparison(folder: Path, comparison: Comparison) -> None:
    """The comparison as JSON, its slices as a table and as a picture."""
    name = f"comparison_{comparison.champion}_{comparison.challenger}"
    _write_json(folder / f"{name}.json", comparison.evidence())
    header, *rows = comparison_rows(comparison)
    _write_json(folder / f"{name}_slices.json", {"columns": header, "data": rows})
    slices_plot(comparison, folder / f"{name}.png")


def write_gates(folder: Path, report: GatesReport) -> None:
    """gates.json: what every gate found, wanted and said."""
    _write_json(folder / "gates.json", {"sentence": str(report), "passed": report.passed, "gates": report.evidence()})


def slices_table(card: Scorecard) -> dict[str, list[Any]]:
    """The slices as MLflow keeps tables: columns and data."""
    names = [f"{name}{end}" for name in card.overall for end in ("", "_low", "_high")]
    data = [
        [part.slicing, part.slice, part.rows]
        + [end for score in part.metrics.values() for end in (score.value, score.low, score.high)]
        for part in card.slices
    ]
    return {"columns": ["slicing", "slice", "rows", *names], "data": data}


def _plain(name: str) -> str:
    """A name that MLflow takes in a metric."""
    return re.sub(r"[^\w .-]", "_", name)[:100]


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _write_json(path: Path, content: Any) -> None:
    _write(path, json.dumps(content, indent=1, default=str, ensure_ascii=False))
