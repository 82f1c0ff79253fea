"""The steps that flows are made of: functions of the rooms below, as Prefect tasks.

A task adds its name, its place in the UI and another try; the work and its tests are below.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import Timeout

from flows import artifacts
from flows.running import step
from flows.tell import tell as tell_people
from models.beside import score_beside as score_beside_champion
from models.by_hand import look
from models.history import load_history, training_period
from models.recalibrate import recalibrate
from models.retrain import retrain
from models.review import settle
from models.score import write_predictions
from models.serve.freshen import freshen
from models.stores import Stores
from monitoring import due
from monitoring.watch import assess_window, champion_posts, record
from monitoring.watching import look_at_watch
from trimtab import settings


def open_stores(home: str | None) -> Stores:
    """The edge of a flow run: settings are read here and nowhere below."""
    return Stores(settings.load(Path(home) if home else None))


def moment(as_of: datetime | None) -> datetime:
    """`as_of`, or now: the clock of a flow run is read here and nowhere below. Without a zone it is UTC."""
    if as_of is None:
        return datetime.now(UTC)
    return as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of.astimezone(UTC)


refresh_features = step("refresh features", Stores.refresh_features)
gather_history = step(
    "gather history",
    lambda stores, model, as_of: load_history(stores, model, training_period(stores, as_of), as_of),
)
train_and_judge = step("train and judge", retrain)
recalibrate_and_judge = step("recalibrate and judge", recalibrate)
notice_moves = step(
    "notice moves by hand",
    lambda stores, model, as_of: look(stores.registry, stores.ledger, [model.name], at=as_of),
)
settle_reviews = step(
    "settle reviews",
    lambda stores, name, as_of: settle(stores.registry, stores.ledger, name, at=as_of),
)
find_unscored = step("find posts to score", due.unscored)
find_posts = step("find posts", champion_posts)
write_scores = step("write scores", write_predictions)
score_beside = step("score beside the champion", score_beside_champion)
assess = step("assess window", assess_window)
write_record = step("record decision", record)
watch_look = step("hold against the version before", look_at_watch)
materialise = step("refresh the online store", freshen)
tell = step("tell people", tell_people)


@contextmanager
def telling(stores: Stores, as_of: datetime) -> Iterator[None]:
    """Tell people at the end, also where the work failed: its error is what is raised, whatever becomes of the telling.

    What was in the ledger by then is told, as that something fails since yesterday, though what fails is all we do.
    """
    try:
        yield
    except Exception as error:
        try:
            tell(stores, as_of)
        except Exception as other:  # noqa: BLE001 - the first error is what is raised
            error.add_note(f"Nobody was told of what came before: {other}")
        raise
    tell(stores, as_of)


def challenge(
    what: str,
    work: Any,
    stores: Stores,
    model: str,
    as_of: datetime,
    reason: str,
    key: str,
    *,
    report: str | None,
    since: datetime | None,
    cut: datetime | None,
) -> dict[str, Any]:
    """Make and judge a challenger by `work`, one at a time per model and once per key; plain values, as a flow returns.

    A version is made by a retrain or by a recalibration: both share one lock, since each replaces the champion.
    """
    spec, actor = stores.model(model), f"{what} flow"
    about: dict[str, Any] = {name: moment(at) if at else None for name, at in (("since", since), ("cut", cut))}
    about["report"] = Path(report) if report else None
    started, finished = f"{what}_started/{model}/{key}", f"{what}_finished/{model}/{key}"
    told: dict[str, Any] = {"at": as_of, "model": model, "actor": actor}
    try:
        flight = stores.single_flight(f"retrain-{model}").acquire()
    except Timeout:
        return {"done": "elsewhere", "sentence": f"A new {model} is in the making already; this request adds nothing."}
    with flight:
        if done := stores.ledger.find(finished):
            return {"done": "before", **done.evidence, "sentence": f"Already done: {done.reason}"}
        stores.ledger.append("retrain_started", reason=reason, key=started, evidence={"what": what}, **told)
        with artifacts.progress(model, what) as moved:
            refresh_features(stores, as_of)
            moved(15, "features are built")
            history = gather_history(stores, spec, as_of)
            moved(30, "training, and judging by the gates")
            outcome = work(stores, spec, history, as_of, reason, key, actor=actor, **about)
        artifacts.show_challenger(stores, outcome.verdict.entry)
        result = outcome.summary()
        version, sentence = outcome.trained.version, outcome.sentence
        stores.ledger.append(
            "retrain_finished", reason=sentence, evidence=result, version=version, key=finished, **told
        )
        return {"done": "now", **result}
