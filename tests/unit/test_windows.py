from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.errors import SettingsError
from trimtab.windows import Window, duration, steps, utc

START = datetime(2024, 1, 1, tzinfo=UTC)


def test_a_window_holds_its_start_and_not_its_end():
    window = Window(START, START + timedelta(days=1))
    assert window.contains(window.start)
    assert not window.contains(window.end)


def test_a_window_that_ends_before_it_starts_is_refused():
    with pytest.raises(SettingsError, match="swap them"):
        Window(START, START)


def test_a_window_without_a_time_zone_is_refused():
    with pytest.raises(SettingsError, match="no time zone"):
        Window(START.replace(tzinfo=None), START + timedelta(days=1))


@given(st.integers(0, 2000), st.integers(1, 500))
def test_steps_are_consecutive_whole_and_inside(hours, step):
    end = START + timedelta(hours=hours)
    found = list(steps(START, end, timedelta(hours=step)))
    assert len(found) == hours // step
    assert all(a.end == b.start for a, b in zip(found, found[1:], strict=False))
    assert all(w.end - w.start == timedelta(hours=step) and w.end <= end for w in found)


def test_a_date_without_a_zone_is_utc_and_another_zone_is_converted():
    assert utc("2024-01-01") == START
    assert utc("2024-01-01T02:00+02:00") == START


@pytest.mark.parametrize("text", ["yesterday", "", "2024-13-01"])
def test_what_is_not_a_date_is_refused_in_one_sentence(text):
    with pytest.raises(SettingsError, match="is not a date"):
        utc(text)


def test_durations_are_hours_days_or_weeks():
    assert [duration(t) for t in ("12h", "7d", "2w")] == [timedelta(hours=12), timedelta(7), timedelta(14)]


@pytest.mark.parametrize("text", ["7", "d", "-1d", "0d", "7 days", "1.5d", ""])
def test_what_is_not_a_duration_is_refused(text):
    with pytest.raises(SettingsError, match="is not a duration"):
        duration(text)
