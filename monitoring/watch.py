"""What a run of the monitor reads and writes: the window's evidence from the stores, the decision back into them."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pandas import DataFrame

from models.by_hand import taken_off
from models.history import load_history, training_period
from models.registry import LoadedVersion
from models.spec import Model
from models.stores import Stores
from monitoring.assess import Serving, assess, open_book
from monitoring.attend import attend, write_decision
from monitoring.column_measures import columns_of, with_losses
from monitoring.daybook import DayBook
from monitoring.decide import Decision
from monitoring.drift import report
from monitoring.evidence import Evidence
from monitoring.history import Profile
from monitoring.measures import ALL, Measure, to_table
from monitoring.policy import decided, gathered
from monitoring.remembered import changed_since
from monitoring.serving import serving_of
from trimtab.errors import RegistryError, UnknownModel
from trimtab.ledger import Entry
from trimtab.settings import Settings
from trimtab.windows import Window

MEASURED = ("model", "version", "window_start", "window_end", "kind", "name", "slice")  # what a measure is known by
FEEDS = {"count": ("posts", "engagement"), "label": ("posts", "labels")}


def champion_posts(stores: Stores, model: Model, window: Window, as_of: datetime) -> tuple[DataFrame, LoadedVersion]:
    """The posts that became known in the window, with features, and the version that is to score them."""
    version = stores.registry.alias(model.name, "champion")
    if version is None:
        raise _no_champion(stores, model)
    return load_history(stores, model, window, as_of).posts, stores.registry.load(model.name, version)


def assess_window(stores: Stores, model: Model, as_of: datetime) -> tuple[Evidence, Path]:
    """Evidence on the window that ends at `as_of`, and where the page that shows it was written."""
    settings = stores.settings
    window = Window(as_of - timedelta(days=settings.monitoring.window_days), as_of)
    serving = _serving(stores, model, as_of)
    if serving.trained_at > as_of:
        raise RegistryError(
            f"{model.name} {serving.champion.version} was trained as of {serving.trained_at:%Y-%m-%d %H:%M}, after "
            f"{as_of:%Y-%m-%d %H:%M}; judge a window that ends later, or use `trimtab replay` for the past."
        )
    history = load_history(stores, model, training_period(stores, as_of), as_of)
    quarantined, arrived = quarantined_rows(stores, model, window)
    book = open_book(model, history, serving, window, settings)
    told: dict[str, Any] = {"looks_at": gathered(settings), "quarantined": quarantined, "arrived": arrived}
    evidence = assess(model, history, serving, window, settings, book=book, **told)
    if changed := changed_since(stores.registry.about(model.name, evidence.version), history):
        evidence = replace(evidence, unjudged=(*evidence.unjudged, changed))
    return show(evidence, book, settings)


def show(evidence: Evidence, book: DayBook, settings: Settings) -> tuple[Evidence, Path]:
    """The evidence with the measures that a person is shown, and the page with the same numbers and the verdict."""
    columns = columns_of(book, evidence.window, evidence.alarm)
    rest = with_losses(evidence.measures, book, evidence.window, evidence.alarm)
    page = settings.reports_path / evidence.model / f"{evidence.window.end:%Y-%m-%dT%H%M}.html"
    reference = f"{evidence.rows:,} posts against the {book.reference.days} days of {book.reference.window()}"
    report(
        page,
        title=f"{evidence.model} version {evidence.version}, {evidence.window}: {reference}",
        verdict=str(decided(evidence, settings)),
        columns=columns,
        measures=[measure for measure in rest if worth_showing(measure)],
    )
    return replace(evidence, measures=(*rest, *(column.measure for column in columns))), page


def worth_showing(measure: Measure) -> bool:
    """On the page: what is of all rows, what has an alarm, and what the alarm was raised from."""
    return measure.alarm or measure.slice == ALL or measure.spent == measure.spent


def quarantined_rows(stores: Stores, model: Model, window: Window) -> tuple[dict[str, int], int]:
    """Rows of the batches of the window that were refused whole, by batch, and the rows of all its batches.

    A batch belongs to the window of the events in it, whenever it came in; only feeds that the model learns from count.
    """
    verdicts: dict[str, tuple[str, int]] = {}
    batches = stores.lake.read("batches", ["batch_id", "rows", "at", "verdict", "profile"]).sort_by("at")
    for batch in batches.to_pylist():
        profile = Profile.from_json(batch["profile"])
        if profile.feed in FEEDS[model.target] and window.contains(profile.middle or batch["at"]):
            verdicts[batch["batch_id"]] = batch["verdict"], batch["rows"]  # a later verdict replaces an earlier one
    held = {name: rows for name, (verdict, rows) in verdicts.items() if verdict == "quarantined"}
    return held, sum(rows for _, rows in verdicts.values())


def record(stores: Stores, evidence: Evidence, decision: Decision, page: Path) -> Entry:
    """Measures into the lake, decision and end of a watch into the ledger, once a model and window."""
    key = f"decision/{evidence.model}/{evidence.window.end.isoformat()}/{evidence.version}"
    entry = stores.ledger.find(key) or _write(stores, evidence, decision, page, key)
    attend(stores, evidence, decision, entry.actor)
    return entry


def _write(stores: Stores, evidence: Evidence, decision: Decision, page: Path, key: str) -> Entry:
    measures = to_table(
        evidence.measures,
        model=evidence.model,
        version=evidence.version,
        window=evidence.window,
        as_of=evidence.as_of,
    )
    stores.lake.insert_new("measures", measures, MEASURED)
    stores.lake.tidy("measures")
    return write_decision(stores, evidence, decision, key=key, actor="monitor flow", report=page)


def _serving(stores: Stores, model: Model, as_of: datetime) -> Serving:
    serving = serving_of(stores, model, as_of)
    if serving is None:
        raise _no_champion(stores, model)
    return serving


def _no_champion(stores: Stores, model: Model) -> UnknownModel:
    name = model.name
    if why := taken_off(stores.registry, stores.ledger, name):
        return UnknownModel(f"{name} has no champion. {why}")
    back = f', or put one back: trimtab rollback {name} --to VERSION --reason "..."' * bool(
        stores.registry.versions(name)
    )
    return UnknownModel(f"{name} has no champion; train one first: trimtab train {name}{back}")
