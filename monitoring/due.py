"""What is due now, read from the lake and the ledger: whatever a scheduler ran, missed or ran twice.

All moments are UTC, so no window is an hour short and none comes twice where clocks change.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow.compute as pc
from pandas import DataFrame, Timestamp

from models.moves import moves
from models.stores import Stores
from monitoring.status_series import judgements
from monitoring.watching import ACTOR as WATCH
from trimtab.labels import first_seen
from trimtab.ledger import Entry, Ledger
from trimtab.windows import Window

FIRST_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)  # windows end at multiples of their length since this midnight
HOUR = timedelta(hours=1)
ACTIONS = ("recalibrate", "retrain", "rollback")  # that are carried out by a flow


@dataclass(frozen=True)
class Unscored:
    """Posts that no champion has scored, and the window in which they became known."""

    window: Window
    post_ids: frozenset[str]

    def of(self, posts: DataFrame) -> DataFrame:
        """The rows of `posts`, which has post_id, that are among them."""
        return posts[posts["post_id"].isin(self.post_ids)].reset_index(drop=True)


def floored(moment: datetime, step: timedelta) -> datetime:
    """The last multiple of `step` since FIRST_MONDAY that is not after `moment`."""
    return FIRST_MONDAY + (moment.astimezone(UTC) - FIRST_MONDAY) // step * step


def unscored(stores: Stores, name: str, until: datetime) -> Unscored | None:
    """Posts known before `until`, and since a first version of the model served, without a champion's prediction.

    A post that came late is among them, whenever it says it became known. None where nothing is left to score, and
    where no version serves: what comes meanwhile is scored by the next.
    """
    served = moves(stores.ledger, name)
    if not served or served[-1].version is None:  # none serves yet, or it was taken off by hand
        return None
    posts = first_seen(stores.lake, until, [])
    new = (posts["known_at"] >= Timestamp(served[0].at)) & (posts["known_at"] < Timestamp(until))
    by_champion = (pc.field("model") == name) & (pc.field("role") == "champion")
    scored = stores.lake.read("predictions", ["post_id"], by_champion)["post_id"].to_pandas()
    left = posts[new & ~posts["post_id"].isin(scored)]
    if left.empty:
        return None
    return Unscored(Window(left["known_at"].min().to_pydatetime(), until), frozenset(left["post_id"]))


def windows_due(
    ledger: Ledger, name: str, now: datetime, *, length: timedelta, delay: timedelta, reach: timedelta
) -> tuple[datetime, ...]:
    """Ends of the windows to judge, from old to new: over by `delay`, after the last that was judged.

    None ends before the champion of now was first promoted, or longer ago than `reach`.
    """
    since = _champion_since(ledger, name)
    if since is None:
        return ()
    last = max(filter(None, map(_judged_until, ledger.entries(name, "decision"))), default=since)
    begin = max(since, last, now - reach)
    first, newest = floored(begin, length) + length, floored(now - delay, length)
    return tuple(first + number * length for number in range((newest - first) // length + 1))


def waiting_decision(ledger: Ledger, name: str) -> Entry | None:
    """The newest judgement of the model, where it asks for something that was not carried out yet."""
    newest = next(reversed(judgements(ledger.entries(name, "decision"))), None)
    if newest is None or newest.evidence.get("action") not in ACTIONS:
        return None
    return None if ledger.find(acted_key(newest)) else newest


def acted_key(decision: Entry) -> str:
    return f"acted/{decision.id}"


def _champion_since(ledger: Ledger, name: str) -> datetime | None:
    """When the version that serves by the ledger was first promoted; None where none serves."""
    made = moves(ledger, name)
    champion = made[-1].version if made else None
    return min((move.at for move in made if move.version == champion), default=None) if champion else None


def _judged_until(decision: Entry) -> datetime | None:
    """The end of the window that a run of the monitor judged; the daily look judges none."""
    end = decision.evidence.get("window_end")
    return datetime.fromisoformat(end) if end and decision.actor != WATCH else None
