"""Versions of a backtest: their names are short, tell them apart, and come out the same again."""

from datetime import timedelta

from models.spec import FitSettings
from monitoring.pool import Pool
from tests.tiny_history import MODEL, TRAINED, history
from trimtab.settings import Settings, Training
from trimtab.windows import Window

DAY = timedelta(days=1)
CALM = history()
SETTINGS = Settings(training=Training(min_rows=50, fresh_days=7))


def made():
    """The names of versions in the order in which they are asked for."""
    pool = Pool(MODEL, CALM, SETTINGS, FitSettings())
    since, cut = TRAINED - 20 * DAY, TRAINED - 6 * DAY
    first = pool.train(TRAINED)
    asked = [
        first,
        pool.train(TRAINED, since, cut),
        pool.train(TRAINED, cut=cut),
        pool.train(TRAINED, blocked=(Window(since, since + DAY),)),
        pool.train(TRAINED),
        pool.train(TRAINED + timedelta(hours=12)),
        pool.recalibrate(first, TRAINED + 14 * DAY),
        pool.recalibrate(first, TRAINED + 14 * DAY, TRAINED + DAY, TRAINED + 9 * DAY),
    ]
    return [version.version for version in asked]


def test_a_name_is_a_day_and_what_is_unusual_and_a_number_where_that_does_not_tell_versions_apart():
    assert made() == [
        "2012-06-03",
        "2012-06-03 since 05-14",
        "2012-06-03 (2)",
        "2012-06-03 (3)",
        "2012-06-03",
        "2012-06-03T12:00",
        "2012-06-17 recalibrated",
        "2012-06-17 recalibrated since 06-04",
    ]


def test_the_same_requests_give_the_same_names():
    assert made() == made()
