"""Times as sources write them, to UTC."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.mapping import Moment
from trimtab.moments import to_utc

MOMENTS = st.datetimes(datetime(1991, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def parse(value: object, format: str = "iso8601", timezone: str = "UTC") -> pd.Timestamp:
    return to_utc(pd.Series([value], dtype=object), Moment(column="t", format=format, timezone=timezone))[0]


@settings(deadline=None, max_examples=50)
@given(MOMENTS)
def test_every_format_gives_back_the_moment_that_was_written(moment: datetime) -> None:
    second = moment.replace(microsecond=0)
    milli = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert parse(moment.isoformat()) == moment
    assert parse(str(round(second.timestamp())), "epoch_s") == second
    assert parse(round(milli.timestamp() * 1000), "epoch_ms") == milli
    assert parse(second.strftime("%m/%d/%Y %H:%M:%S"), "%m/%d/%Y %H:%M:%S") == second


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2016-08-04 11:52", "America/New_York", "2016-08-04T15:52"),
        ("2016-08-04T11:52Z", "America/New_York", "2016-08-04T11:52"),
        ("2016-08-04T11:52:00+02:00", "Asia/Tokyo", "2016-08-04T09:52"),
        ("2016-08-04", "Asia/Tokyo", "2016-08-03T15:00"),
        ("2016-11-06 01:30", "America/New_York", "2016-11-06T05:30"),  # twice that night: the first
    ],
)
def test_a_clock_time_is_in_the_stated_zone_unless_it_has_an_offset(text: str, zone: str, utc: str) -> None:
    assert parse(text, timezone=zone) == pd.Timestamp(utc, tz="UTC")


@pytest.mark.parametrize(
    ("value", "format", "zone"),
    [
        ("yesterday", "iso8601", "UTC"),
        ("2016-03-13 02:30", "iso8601", "America/New_York"),  # skipped that night
        ("2016-02-30", "iso8601", "UTC"),
        ("9999-12-31", "iso8601", "UTC"),
        ("1e30", "epoch_s", "UTC"),
        ("NaN", "epoch_ms", "UTC"),
        ("31/31/2016 10:00", "%m/%d/%Y %H:%M", "UTC"),
        (None, "epoch_s", "UTC"),
        ("", "iso8601", "UTC"),
    ],
)
def test_what_does_not_parse_is_no_time_rather_than_an_error(value: object, format: str, zone: str) -> None:
    assert parse(value, format, zone) is pd.NaT


def test_typed_columns_need_no_format() -> None:
    naive = pd.Series([datetime(2016, 8, 4, 11, 52)])  # noqa: DTZ001
    moment = Moment(column="t", timezone="America/New_York")
    assert to_utc(naive, moment)[0] == pd.Timestamp("2016-08-04T15:52", tz="UTC")
    assert to_utc(naive.dt.tz_localize("Asia/Tokyo"), moment)[0] == pd.Timestamp("2016-08-04T02:52", tz="UTC")
    assert to_utc(pd.Series([1_470_311_520]), Moment(column="t", format="epoch_s"))[0] == pd.Timestamp(
        "2016-08-04T11:52", tz="UTC"
    ) + timedelta(0)
