"""The stream: day after day, what became known on it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import pandas as pd
from pandas import DataFrame

from simulator import counts, population, sentiment, text, words
from simulator.day import Conditions, Day
from simulator.incidents import Incident
from simulator.world import World
from trimtab.posts import COUNTS, MEDIA, SENTIMENTS

Waiting = dict[int, list[DataFrame]]
SNAPSHOT = ["id", "platform", "measured_at", *COUNTS]
LABEL = ["id", "platform", "label", "labelled_at", "labeller"]


def days(world: World, incidents: Sequence[Incident] = ()) -> Iterator[Day]:
    """Every day of the world in turn; a day never depends on how many follow.

    Raises SettingsError for an incident that cannot happen in this world.
    """
    for incident in incidents:
        incident.check(world)
    return _days(world, sorted(incidents, key=lambda incident: incident.at))


def _days(world: World, incidents: Sequence[Incident]) -> Iterator[Day]:
    measured: Waiting = defaultdict(list)
    labelled: Waiting = defaultdict(list)
    for number in range(world.days):
        today = world.date_of(number)
        posts, truth, snapshots, labels = _published(world, number, _conditions(incidents, today))
        _file(measured, number, snapshots)
        _file(labelled, number, labels)
        known = Day(
            date=today,
            posts=posts,
            snapshots=_known(measured, number, today, "measured_at", SNAPSHOT),
            labels=_known(labelled, number, today, "labelled_at", LABEL),
            truth=truth,
        )
        for incident in incidents:
            known = incident.report(known) if incident.active(today) else known
        yield known


def _conditions(incidents: Sequence[Incident], today: date) -> Conditions:
    now = Conditions()
    for incident in incidents:
        now = incident.conditions(now, today) if incident.active(today) else now
    return now


def _published(world: World, day: int, now: Conditions) -> tuple[DataFrame, DataFrame, DataFrame, DataFrame]:
    """The posts of a day, the truth about them, and all that will ever be measured or labelled of them."""
    draft = population.draft(world, day, now)
    log_mean = counts.expected(world, day, now, draft)
    posts = _posts(world, day, now, draft)
    truth = log_mean.add_prefix("expected_log_").assign(
        id=posts["id"], sentiment=np.array(SENTIMENTS, dtype=object)[draft["feeling"] + 1], concept=now.concept
    )
    keys = posts[["id", "platform"]]
    snapshots = counts.snapshots(world, day, draft, log_mean)
    labels = sentiment.labels(world, day, now, draft)
    return posts, truth, _with_keys(snapshots, keys), _with_keys(labels, keys)


def _posts(world: World, day: int, now: Conditions, draft: DataFrame) -> DataFrame:
    """Posts as they are published."""
    today = world.date_of(day)
    topic, where = np.unique(draft["topic"].to_numpy(), return_inverse=True)
    domain = np.array([*words.DOMAINS, None], dtype=object)[draft["domain"].to_numpy()]
    return DataFrame(
        {
            "id": np.array([f"{today:%Y%m%d}-{row:06d}" for row in range(len(draft))], dtype=object),
            "platform": np.array(world.platforms, dtype=object)[draft["platform"].to_numpy()],
            "topic": np.array(population.topic_names(world, topic), dtype=object)[where],
            "author": np.asarray("user_" + draft["author"].astype(str).to_numpy(dtype=object), dtype=object),
            "text": text.texts(world, day, now, draft),
            "link_domain": domain,
            **{flag: draft[flag].to_numpy() for flag in MEDIA},
            "published_at": _moment(today, draft["second"]),
        }
    )


def _moment(today: date, second: "pd.Series[int]") -> pd.DatetimeIndex:
    moments = np.datetime64(today, "s") + second.to_numpy().astype("timedelta64[s]")
    return pd.DatetimeIndex(moments.astype("datetime64[us]"), tz="UTC")


def _with_keys(rows: DataFrame, keys: DataFrame) -> DataFrame:
    at = rows["row"].to_numpy()
    return rows.assign(id=keys["id"].to_numpy()[at], platform=keys["platform"].to_numpy()[at])


def _file(waiting: Waiting, day: int, rows: DataFrame) -> None:
    """Put rows where the day will find them on which they become known, in seconds after its midnight."""
    later = rows["second"] // 86_400
    for days_later, part in rows.groupby(later, sort=True):
        waiting[day + int(days_later)].append(part.assign(second=part["second"] % 86_400))


def _known(waiting: Waiting, day: int, today: date, moment: str, columns: list[str]) -> DataFrame:
    """What became known on a day, in order of time."""
    parts = waiting.pop(day, [])
    rows = pd.concat(parts, ignore_index=True) if parts else DataFrame(columns=[*columns, "second"])
    rows = rows.sort_values(["second", "id"], kind="stable", ignore_index=True)
    return rows.assign(**{moment: _moment(today, rows["second"].astype(np.int64))})[columns]
