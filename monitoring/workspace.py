"""What an Evidently user opens: a project a model, its windows as runs, its series on a dashboard.

Besides monitoring.drift the one importer of Evidently. Nothing is measured here: each window becomes one run of what
the ledger and the lake hold of it, written once. It is a view, which can be thrown away and is made again.
"""

import json
import logging
import math
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

import pyarrow.compute as pc

from models.stores import Stores
from monitoring.measures import ALL
from monitoring.status_series import windows

if TYPE_CHECKING:
    from evidently.core.metric_types import SingleValue
    from evidently.core.serialization import SnapshotModel
    from evidently.sdk.models import DashboardModel

log = logging.getLogger("trimtab.workspace")
FOLDER = "workspace"  # below the reports
TYPE = "evidently:metric_v2:trimtab"
SERIES = {  # of a point, as the dashboard calls them
    "loss": "calculated loss", "loss_low": "calculated loss, low end", "loss_high": "calculated loss, high end",
    "estimate": "estimated loss", "usual": "usual loss",
    "spent": "all evidence", "deciding": "evidence from the loss and the calibration", "posts": "posts scored",
}  # fmt: skip
PANELS = {  # title: its series
    "Loss of each window": ("loss", "loss_low", "loss_high", "estimate", "usual"),
    "Evidence, as a share of the alarm's limit (1 raises it; shown up to 2)": ("spent", "deciding"),
    "Posts of each window": ("posts",),
}
MOST = 2.0  # limits: of a clear case the size tells no more, and hides all others
COLUMNS = "Distance of each column from the reference"
NAMESPACE = uuid5(NAMESPACE_URL, "trimtab/workspace")


def follow(stores: Stores, model: str) -> int:
    """Write the runs of the windows that have none yet; returns how many. Never raises: nothing depends on it."""
    try:
        return _follow(stores, model)
    except Exception as error:  # noqa: BLE001 - a view must not fail a run of the monitor
        log.warning("The Evidently workspace was not brought up to date (%s: %s).", type(error).__name__, error)
        return 0


def _follow(stores: Stores, model: str) -> int:
    points = windows(stores.ledger.entries(model, "decision"), model, stores.settings.reports_path)
    project = stores.settings.reports_path / FOLDER / str(project_id(model))
    missing = [point for point in points if not _run_path(project, model, point).exists()]
    if not missing:
        return 0
    _quiet()
    (project / "snapshots").mkdir(parents=True, exist_ok=True)
    columns = _columns(stores, model, missing[0]["end"])
    _project(project, model)
    for point in missing:
        drifted = columns.get((point["end"], point["version"]), {})
        _put(_run_path(project, model, point), _plain(_run(model, point, drifted)))
    return len(missing)


def project_id(model: str) -> UUID:
    """The same in every home."""
    return uuid5(NAMESPACE, model)


def _run_path(project: Path, model: str, point: dict[str, Any]) -> Path:
    name = uuid5(NAMESPACE, f"{model}/{point['end'].isoformat()}/{point['version']}")
    return project / "snapshots" / f"{name}.json"


def _columns(stores: Stores, model: str, since: datetime) -> dict[tuple[datetime, str], dict[str, float]]:
    """By end of window and version: the distance of each column from the reference."""
    wanted = (pc.field("model") == model) & (pc.field("kind") == "drift") & (pc.field("slice") == ALL)
    rows = stores.lake.read(
        "measures", ["version", "window_end", "name", "value"], wanted & (pc.field("window_end") >= since)
    )
    found: dict[tuple[datetime, str], dict[str, float]] = {}
    for row in rows.to_pylist():
        if row["value"] is not None:
            found.setdefault((row["window_end"], row["version"]), {})[row["name"]] = row["value"]
    return found


def _run(model: str, point: dict[str, Any], columns: dict[str, float]) -> "SnapshotModel":
    from evidently.core.serialization import ReportModel, SnapshotModel
    from evidently.legacy.renderers.html_widgets import header_text, table_data

    shares = {name: min(point[name], MOST) for name in ("spent", "deciding") if point[name] is not None}
    told = point | shares
    values = [_value(shown, "window", told[name]) for name, shown in SERIES.items()]
    values += [_value(name, "column", value) for name, value in sorted(columns.items())]
    kept = {value.metric_value_location.metric.metric_id: value for value in values if value is not None}
    rows = [(value.display_name, f"{value.value:,.4g}") for value in kept.values()]
    end = point["end"]
    title = f"{model} version {point['version']}, {point['start']:%Y-%m-%d} to {end:%Y-%m-%d}: {point['action']}"
    widgets = [header_text(label=_harmless(title)), table_data(column_names=("what", "value"), data=rows)]
    for place, widget in enumerate(widgets):
        widget.id = str(uuid5(NAMESPACE, f"widget {place}"))  # the same figures give the same bytes
    return SnapshotModel(
        report=ReportModel(items=[]),
        name=title,
        timestamp=end.astimezone(UTC).replace(tzinfo=None),  # Evidently's own have no zone
        metadata={"version": str(point["version"]), "decision": point["action"]},
        tags=[],
        metric_results=kept,
        top_level_metrics=[],
        widgets=widgets,
        tests_widgets=[],
    )


def _value(name: str, part: str, value: float | None) -> "SingleValue | None":
    from evidently.core.metric_types import MetricConfig, MetricValueLocation, SingleValue

    if value is None or not math.isfinite(value):
        return None
    config = MetricConfig(metric_id=f"{part}/{name}", params={"type": TYPE, "of": part, "series": name})
    return SingleValue(
        display_name=_harmless(name), metric_value_location=MetricValueLocation(config, {}), value=float(value)
    )


def _project(project: Path, model: str) -> None:
    """The project before its runs: a UI that is open takes up both as they come."""
    from evidently.sdk.models import ProjectModel

    about = f"Windows of the {model} model as trimtab judged them; decisions are in its ledger and on its status page."
    _put(project / "dashboard.json", _plain(_dashboard()))
    _put(project / "metadata.json", _plain(ProjectModel(id=project_id(model), name=model, description=about)))


def _dashboard() -> "DashboardModel":
    from evidently.sdk.models import DashboardModel, DashboardTabModel, PanelMetric
    from evidently.sdk.panels import line_plot_panel

    def metric(part: str, name: str | None = None) -> PanelMetric:
        labels = {"of": part} | ({"series": name} if name else {})
        return PanelMetric(legend=name or "{{series}}", metric=TYPE, metric_labels=labels)

    panels = [
        line_plot_panel(title, [metric("window", SERIES[name]) for name in names]) for title, names in PANELS.items()
    ]
    panels.append(line_plot_panel(COLUMNS, [metric("column")]))
    for panel in panels:
        panel.id = uuid5(NAMESPACE, panel.title)
    tab = DashboardTabModel(id=uuid5(NAMESPACE, "tab"), title="Windows", panels=[panel.id for panel in panels])
    return DashboardModel(tabs=[tab], panels=panels)


def _plain(model: Any) -> str:
    from evidently.legacy.utils import NumpyEncoder

    return json.dumps(model.dict(), cls=NumpyEncoder)


def _put(path: Path, content: str) -> None:
    """Whole or not at all, and as a file that was created, which is what an open UI waits for."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(content, encoding="utf-8")
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:  # a disk without hard links
        if not path.exists():
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _harmless(text: str) -> str:
    """Evidently's pages take texts as they are."""
    return text.replace("<", "\u2039")


def _quiet() -> None:
    """Evidently's usage statistics off, before it is imported."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
