"""The daily look at a new champion: held against the version before it on the labels that came, and nothing else.

The monitor asks the same question of its windows, by the same function (probation.on_labels) on the same whole days:
whoever asks, and however often, it is one test with one level. A look writes only what follows from it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from pandas import Timestamp

from models.history import History, load_history
from models.spec import Model
from models.stores import Stores
from models.watch import end, follow
from monitoring.assess import Serving, fitness, open_book
from monitoring.attend import attend, write_decision
from monitoring.decide import decide
from monitoring.evidence import Evidence
from monitoring.measures import Measure
from monitoring.paired import whole_days
from monitoring.probation import BEFORE, Trial, on_labels
from monitoring.reference import reference_of
from monitoring.serving import serving_of
from monitoring.watch import quarantined_rows
from trimtab.ledger import Entry
from trimtab.windows import Window

ACTOR = "watch flow"


def look_at_watch(stores: Stores, model: Model, as_of: datetime) -> Entry | None:
    """Hold the champion against the version before it, on the labels of whole days known by `as_of`.

    Returns the `decision` to roll back that follows, or the `watch_ended`; None where the watch goes on or none runs.
    Twice on a day is once: the first decision stands. Where it looks worse and the data is broken, nothing is decided:
    what to do with such a window is the monitor's. Features must have been refreshed for `as_of`.
    Raises what loading the two versions raises.
    """
    begun, today = follow(stores.ledger, model.name), whole_days(as_of)
    if begun is None or today <= begun.at:
        return None
    key = f"decision/{model.name}/watch/{begun.version}/{today:%Y-%m-%d}"
    if decided := stores.ledger.find(key):
        return decided
    serving = serving_of(stores, model, as_of)
    if serving is None or serving.champion.version != begun.version or serving.promoted_at is None:
        return None  # somebody moved champion by hand, and that is noticed elsewhere
    if serving.previous is None:
        gone = f"version {begun.previous} is not there any more, so there is nothing to hold it against"
        return end(stores.ledger, begun, "undecided", gone, at=as_of, actor=ACTOR)
    evidence = _evidence(stores, model, serving, Trial(serving.previous, serving.promoted_at), as_of)
    decision = decide(evidence, stores.settings)
    if decision.action == "rollback":
        decision = replace(decision, evidence=decision.evidence | {"looked_at": "watch"})
        return write_decision(stores, evidence, decision, key=key, actor=ACTOR, report=None)
    return attend(stores, evidence, decision, ACTOR)


def _evidence(stores: Stores, model: Model, serving: Serving, trial: Trial, as_of: datetime) -> Evidence:
    """Of the days since the promotion, what the comparison needs; where it finds harm, whether the data is broken."""
    settings, watch = stores.settings, Window(trial.promoted_at, whole_days(as_of))
    reference = reference_of(serving.trained_at, serving.fresh_since, watch.end, settings)
    history = load_history(stores, model, Window(reference.start, watch.end), watch.end)
    book = open_book(model, _labelled_since(history, trial.promoted_at - BEFORE), serving, watch, settings)
    found = on_labels(model, book, trial, watch, settings)
    harm = found is not None and found.worse
    return Evidence(
        model=model.name,
        version=serving.champion.version,
        window=watch,
        as_of=as_of,
        rows=found.rows if found else 0,
        measures=_fitness(stores, model, history, serving, watch) if harm else (),
        promoted_at=trial.promoted_at,
        previous=trial.previous.version,
        watched=True,
        paired=found,
    )


def _labelled_since(history: History, moment: datetime) -> History:
    """The posts whose outcome became known since: others have no part in the comparison and are not scored for it."""
    outcomes = history.outcomes[history.outcomes["label_known_at"] >= Timestamp(moment)]
    return History(history.posts[history.posts["post_id"].isin(outcomes["post_id"])], outcomes)


def _fitness(stores: Stores, model: Model, history: History, serving: Serving, watch: Window) -> tuple[Measure, ...]:
    """Of the newest days, as the monitor would judge them, but for those that it has quarantined already."""
    recent = watch.end - timedelta(days=stores.settings.monitoring.window_days)
    start = max([recent, *(window.end for window in serving.blocked if window.end < watch.end)])
    window = Window(start, watch.end)
    book = open_book(model, history, serving, window, stores.settings)
    return fitness(book, window, *quarantined_rows(stores, model, window))
