"""What is due, from lake and ledger alone: each window and each post once, whatever was missed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.blocked import lift
from models.stores import Stores
from monitoring.due import FIRST_MONDAY, floored, unscored, waiting_decision, windows_due
from monitoring.watching import ACTOR as WATCH
from tests import tiny_lake
from trimtab.ledger import Ledger
from trimtab.posts import PREDICTIONS
from trimtab.windows import Window, utc

WEEK, DAY, HOUR = timedelta(days=7), timedelta(days=1), timedelta(hours=1)
PROMOTED = FIRST_MONDAY + 10 * WEEK + DAY


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger.db")


def promoted(ledger, version="1", at=PROMOTED):
    return ledger.append("promoted", at=at, model="tiny", actor="a", reason="r", version=version)


def judged(ledger, end, action="none", actor="monitor flow"):
    told = {"action": action, "window_end": end.isoformat()}
    return ledger.append("decision", at=end, model="tiny", version="1", actor=actor, reason="r", evidence=told)


def due(ledger, now, length=WEEK, delay=timedelta(), reach=100 * WEEK):
    return windows_due(ledger, "tiny", now, length=length, delay=delay, reach=reach)


def weeks(*numbers):
    return tuple(FIRST_MONDAY + number * WEEK for number in numbers)


def test_nothing_is_due_before_a_version_serves(ledger):
    assert due(ledger, PROMOTED + 5 * WEEK) == ()


def test_windows_end_on_mondays_after_the_champion_was_promoted(ledger):
    promoted(ledger)
    assert due(ledger, PROMOTED) == ()
    assert due(ledger, PROMOTED + WEEK) == weeks(11)


def test_every_window_since_the_last_decision_is_due_in_order(ledger):
    promoted(ledger)
    judged(ledger, weeks(11)[0])
    assert due(ledger, PROMOTED + 4 * WEEK) == weeks(12, 13, 14)
    for end in weeks(12, 13, 14):
        judged(ledger, end)
    assert due(ledger, PROMOTED + 4 * WEEK) == ()


def test_a_window_waits_for_what_comes_in_late(ledger):
    promoted(ledger)
    delay = timedelta(minutes=30)
    assert due(ledger, weeks(11)[0] + delay - timedelta(seconds=1), delay=delay) == ()
    assert due(ledger, weeks(11)[0] + delay, delay=delay) == weeks(11)


def test_the_daily_look_at_a_new_champion_judges_no_window(ledger):
    promoted(ledger)
    judged(ledger, weeks(12)[0], actor=WATCH)
    assert due(ledger, PROMOTED + WEEK) == weeks(11)


def test_windows_of_before_a_new_champion_are_left_out(ledger):
    promoted(ledger)
    judged(ledger, weeks(11)[0])
    promoted(ledger, "2", PROMOTED + 2 * WEEK)
    assert due(ledger, PROMOTED + 3 * WEEK) == weeks(13)


def test_a_version_that_was_put_back_is_judged_since_it_first_served(ledger):
    promoted(ledger)
    promoted(ledger, "2", PROMOTED + WEEK)
    ledger.append("rolled_back", at=PROMOTED + 2 * WEEK, model="tiny", actor="a", reason="r", version="1", previous="2")
    assert due(ledger, PROMOTED + 2 * WEEK) == weeks(11, 12)


def test_nobody_catches_up_with_years(ledger):
    promoted(ledger)
    found = due(ledger, PROMOTED + 200 * WEEK, reach=13 * WEEK)
    assert len(found) == 13 and found[-1] == weeks(210)[0]


@pytest.mark.parametrize("change", ["2026-03-29", "2026-10-25"])
def test_where_clocks_change_no_hour_and_no_day_is_lost_or_doubled(ledger, change):
    """In Berlin the one night has 23 hours and the other 25: each UTC hour of it is looked at once all the same."""
    berlin, promotion = ZoneInfo("Europe/Berlin"), utc(change) - 2 * DAY
    promoted(ledger, at=promotion)
    ends = []
    for hour in range(5 * 24):  # the runner's clock is set to local time; one run an hour
        now = (promotion + hour * HOUR + timedelta(minutes=31)).astimezone(berlin)
        for end in due(ledger, now, length=DAY, delay=timedelta(minutes=30)):
            ends.append(end)
            judged(ledger, end)
        assert floored(now, HOUR) == promotion + hour * HOUR
    assert ends == [promotion + number * DAY for number in range(1, 5)]
    assert all(end.utcoffset() == timedelta() for end in ends)


@settings(max_examples=20)
@given(
    length=st.sampled_from([HOUR, DAY, WEEK, 28 * DAY]),
    missed=st.lists(st.integers(0, 12), min_size=1, max_size=5),
)
def test_however_runs_are_missed_each_window_is_judged_once(tmp_path_factory, length, missed):
    ledger = Ledger(tmp_path_factory.mktemp("due") / "ledger.db")
    start = FIRST_MONDAY + 4 * length
    promoted(ledger, at=start)
    ends, now = [], start
    for runs in missed:
        now += runs * length / 3
        for end in due(ledger, now, length=length):
            ends.append(end)
            judged(ledger, end)
    assert ends == [start + number * length for number in range(1, (now - start) // length + 1)]


def test_only_the_newest_decision_waits_and_not_once_it_was_carried_out(ledger):
    promoted(ledger)
    judged(ledger, weeks(11)[0], "retrain")
    newest = judged(ledger, weeks(12)[0], "rollback")
    assert waiting_decision(ledger, "tiny") == newest
    ledger.append("acted", at=PROMOTED, model="tiny", actor="a", reason="r", key=f"acted/{newest.id}")
    assert waiting_decision(ledger, "tiny") is None
    judged(ledger, weeks(13)[0], "quarantine")
    assert waiting_decision(ledger, "tiny") is None


def test_a_decision_goes_on_waiting_when_a_person_lifts_a_quarantine(ledger):
    promoted(ledger)
    blocked = Window(*weeks(10, 11))
    about = {"window_start": blocked.start.isoformat(), "window_end": blocked.end.isoformat()}
    told = {"at": blocked.end, "model": "tiny", "version": "1", "actor": "monitor flow", "reason": "r"}
    ledger.append("decision", evidence=about | {"action": "quarantine"}, **told)
    waits = judged(ledger, weeks(12)[0], "retrain")
    assert lift(ledger, "tiny", blocked.end, at=weeks(13)[0], actor="ana", reason="it was fine") == blocked
    assert waiting_decision(ledger, "tiny") == waits


@pytest.fixture
def stores(tmp_path):
    found = Stores(tiny_lake.settings(tmp_path))
    tiny_lake.ingest(found.lake, 0, 4)
    promoted(found.ledger, at=tiny_lake.day(1))
    return found


def scored(stores, post_ids, role="champion"):
    rows = [
        {"post_id": post, "model": "tiny", "version": "1", "role": role, "scored_at": datetime(2024, 1, 1, tzinfo=UTC)}
        for post in post_ids
    ]
    stores.lake.append("predictions", pa.Table.from_pylist(rows, PREDICTIONS))


def ids_known(stores, first, last):
    rows = stores.lake.read("posts", ["post_id", "known_at"]).to_pylist()
    return {row["post_id"] for row in rows if tiny_lake.day(first) <= row["known_at"] < tiny_lake.day(last)}


def test_posts_are_to_be_scored_from_the_first_champion_on_and_none_twice(stores):
    found = unscored(stores, "tiny", tiny_lake.day(3))
    assert found.post_ids == ids_known(stores, 1, 3)
    assert found.window.start >= tiny_lake.day(1) and found.window.end == tiny_lake.day(3)
    scored(stores, found.post_ids, "served")  # by the server: an answer is no window's prediction
    assert unscored(stores, "tiny", tiny_lake.day(3)) == found
    scored(stores, found.post_ids)
    assert unscored(stores, "tiny", tiny_lake.day(3)) is None
    assert unscored(stores, "tiny", tiny_lake.day(5)).post_ids == ids_known(stores, 3, 5)


def test_nothing_is_scored_while_no_version_serves_and_all_of_it_by_the_next(stores):
    told = {"model": "tiny", "actor": "somebody", "reason": "r"}
    stores.ledger.append("moved_by_hand", at=tiny_lake.day(2), version=None, previous="1", **told)
    assert unscored(stores, "tiny", tiny_lake.day(3)) is None
    promoted(stores.ledger, "2", tiny_lake.day(3))
    assert unscored(stores, "tiny", tiny_lake.day(3)).post_ids == ids_known(stores, 1, 3)


def test_a_post_that_came_late_is_scored_although_its_hour_is_over(stores):
    scored(stores, unscored(stores, "tiny", tiny_lake.day(4)).post_ids)
    tiny_lake.ingest(stores.lake, 2, 3, seed=7)
    late = unscored(stores, "tiny", tiny_lake.day(4))
    assert len(late.post_ids) == tiny_lake.A_DAY and late.window.start < tiny_lake.day(3)
