"""What is said of a window rests on what its end knew: a history that goes on afterwards changes nothing of it."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from models.history import History
from models.spec import FitSettings
from monitoring.assess import assess, open_book
from monitoring.backtest import Watch
from monitoring.policy import policy
from monitoring.pool import Pool
from monitoring.standing import Standing
from tests.tiny_history import END, MODEL, TRAINED, Learned, history, serving, since
from trimtab.settings import Monitoring, Settings, Training
from trimtab.windows import Window, steps

SETTINGS = Settings(training=Training(min_rows=50, fresh_days=7), monitoring=Monitoring(min_rows=50))
DAY = timedelta(days=1)
NOW = END - 10 * DAY
WINDOW = Window(NOW - DAY, NOW)
CALM = history()


def known_by(end, past):
    posts, outcomes = past.posts, past.outcomes
    early = outcomes[outcomes["label_known_at"] < pd.Timestamp(end)]
    return History(posts[~since(posts, end)].reset_index(drop=True), early.reset_index(drop=True))


def afterwards(past):
    """From NOW on everything is otherwise: features, lateness of labels, and what they say."""
    posts, outcomes = past.posts, past.outcomes
    posts = posts.assign(text_chars=posts["text_chars"] * (1 + 9 * since(posts, NOW)))
    new = outcomes["label_known_at"] >= pd.Timestamp(NOW)
    late = outcomes["label_known_at"] + new * timedelta(days=30)
    outcomes = outcomes.assign(label_known_at=late, target=outcomes["target"] + 5 * new)
    more = [outcomes, *(outcomes[new].assign(label_known_at=late[new] + n * DAY) for n in range(1, 20))]
    return History(posts, pd.concat(more).sort_values("label_known_at", kind="stable").reset_index(drop=True))


def lived(windows, past):
    """What a backtest sees of each window, of a champion that was trained on the same rows whatever comes later."""
    pool = Pool(MODEL, past, SETTINGS, FitSettings())
    watch, standing = Watch(pool, policy("performance"), SETTINGS), Standing([pool.train(TRAINED)], [(TRAINED, 1.0)])
    return [watch.evidence(standing, window, None) for window in windows]


def rounded(evidence):
    """All of it as text; sums of floats differ in their last digits when rows are added on other days."""
    return re.sub(r"-?\d+\.\d+(e-?\d+)?", lambda found: f"{float(found.group()):.6g}", str(evidence))


def test_the_future_of_a_history_changes_nothing():
    now, later = (assess(MODEL, past, serving(), WINDOW, SETTINGS) for past in (known_by(NOW, CALM), afterwards(CALM)))
    assert later.label_delay == now.label_delay == timedelta(hours=48)
    assert rounded(later) == rounded(now)


def common(rows):
    """The two largest of what only names say, and the others in one."""
    largest = rows["word"].value_counts().index[:2]
    return pd.DataFrame({"word": rows["word"].where(rows["word"].isin(largest), "other")})


def test_names_that_come_later_take_no_slice_away():
    posts = CALM.posts.assign(word=np.where(CALM.posts.index % 3 == 0, "a", "b"))
    named = replace(CALM, posts=posts.assign(word=posts["word"].where(posts["event_timestamp"] < NOW, "new")))
    model = replace(MODEL, slices=common)
    now, later = (assess(model, past, serving(), WINDOW, SETTINGS) for past in (known_by(NOW, named), named))
    assert {finding.slice for finding in now.alarm.of("slice")} == {"a", "b"}
    assert rounded(later) == rounded(now)


@pytest.mark.parametrize("hours", [12, 24, 36])
def test_a_backtest_says_of_windows_of_any_length_what_their_ends_knew(hours):
    windows = list(steps(TRAINED, TRAINED + timedelta(hours=5 * hours), timedelta(hours=hours)))
    whole = lived(windows, CALM)
    for number, window in enumerate(windows):
        now, later = lived(windows[: number + 1], known_by(window.end, CALM))[-1], whole[number]
        assert rounded(later) == rounded(now)
        assert max(measure.rows for measure in now.of("performance")) > 0


@pytest.mark.parametrize("silent_days", [1, 3])
def test_days_on_which_nothing_came_are_days(silent_days):
    silent = NOW - silent_days * DAY
    past = known_by(silent, CALM)
    streams, days = open_book(MODEL, past, serving(), WINDOW, SETTINGS).until(NOW)
    assert days.total == open_book(MODEL, CALM, serving(), WINDOW, SETTINGS).until(NOW)[1].total
    assert all(len(stream.values) == len(stream.noise) == days.total for stream in streams)
    alarm = assess(MODEL, past, serving(), WINDOW, SETTINGS).alarm
    assert all(score != score for finding in alarm.streams for score in finding.z)


def test_an_alarm_raised_before_a_silence_keeps_its_date():
    moved = replace(
        CALM, posts=CALM.posts.assign(text_chars=CALM.posts["text_chars"] + 50 * since(CALM.posts, NOW - 7 * DAY))
    )
    week = Window(NOW - 7 * DAY, NOW)
    dates = [
        next(
            f.changed_at for f in assess(MODEL, past, serving(), week, SETTINGS).alarm.streams if f.name == "text_chars"
        )
        for past in (known_by(NOW, moved), known_by(NOW - 2 * DAY, moved))
    ]
    assert dates[0] == dates[1]


def test_a_look_learns_from_no_older_posts_than_a_retrain_would():
    past = history(lambda rows: rows.assign(target=rows["target"] + 1.5 * since(rows, END - 14 * DAY)))
    champion = Learned(past)
    serves = serving(champion, files=champion.files)
    week = Window(END - 7 * DAY, END)
    learned = {}
    for days in (30, 730):
        settings = SETTINGS.model_copy(update={"training": Training(min_rows=50, fresh_days=7, history_days=days)})
        gains = assess(MODEL, past, serves, week, settings).look.gains
        learned[days] = next(gain.learned_rows for gain in gains if gain.action == "retrain" and gain.since is None)
    assert learned[30] < 30 * 50 < learned[730]
