"""The simulated world: what it promises whatever its incidents."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from simulator.day import Day
from simulator.stream import days
from simulator.words import NOUNS
from simulator.world import World
from trimtab.errors import SettingsError
from trimtab.posts import COUNTS, SENTIMENTS

WORLD = World(start=date(2024, 3, 1), days=28, posts_per_day=150, seed=7)


@pytest.fixture(scope="module")
def month() -> list[Day]:
    return list(days(WORLD))


def all_of(stream: list[Day], frame: str) -> pd.DataFrame:
    return pd.concat([getattr(day, frame) for day in stream], ignore_index=True)


def outcomes(stream: list[Day]) -> pd.DataFrame:
    """Posts with their truth and their counts at the horizon."""
    posts = all_of(stream, "posts").merge(all_of(stream, "truth"), on="id")
    joined = all_of(stream, "snapshots").drop(columns="platform").merge(posts, on="id")
    return joined[joined["measured_at"] >= joined["published_at"] + pd.Timedelta(hours=48)]


def assert_same(one: Day, other: Day) -> None:
    for frame in ("posts", "snapshots", "labels", "truth"):
        assert_frame_equal(getattr(one, frame), getattr(other, frame))


def test_a_short_world_is_the_beginning_of_a_long_one(month):
    for short, long in zip(days(replace(WORLD, days=6)), month, strict=False):
        assert_same(short, long)


def test_another_seed_is_another_world(month):
    other = next(days(replace(WORLD, seed=8)))
    assert set(other.posts["text"]).isdisjoint(set(month[0].posts["text"][:20]))


def test_everything_is_known_on_its_own_day(month):
    for day in month:
        for frame, moment in (("posts", "published_at"), ("snapshots", "measured_at"), ("labels", "labelled_at")):
            assert set(getattr(day, frame)[moment].dt.date) <= {day.date}


def test_post_ids_are_unique_and_counts_and_labels_belong_to_posts(month):
    posts = all_of(month, "posts")
    assert posts["id"].is_unique
    assert set(all_of(month, "snapshots")["id"]) <= set(posts["id"])
    labels = all_of(month, "labels")
    assert labels["id"].is_unique
    assert set(labels["id"]) <= set(posts["id"])
    assert set(labels["label"]) == set(SENTIMENTS)


def test_counts_never_fall_and_reach_the_horizon(month):
    posts = all_of(month[:20], "posts")
    snapshots = all_of(month, "snapshots").merge(posts[["id", "published_at"]], on="id")
    snapshots = snapshots.sort_values(["id", "measured_at"])
    grouped = snapshots.groupby("id")
    for count in COUNTS:
        assert (grouped[count].diff().dropna() >= 0).all()
    assert (grouped.size() == 4).all()
    age = grouped["measured_at"].max() - grouped["published_at"].max()
    assert age.between(pd.Timedelta(hours=48), pd.Timedelta(hours=48, minutes=10)).all()
    assert len(age) == len(posts)


def test_counts_are_heavy_tailed(month):
    mature = outcomes(month)
    for count in COUNTS:
        assert mature[count].mean() > 1.8 * mature[count].median()
    assert mature["comments"].max() > 50 * mature["comments"].median()


def test_counts_follow_the_expected_log_count(month):
    mature = outcomes(month)
    for count in COUNTS:
        assert np.corrcoef(np.log1p(mature[count]), mature[f"expected_log_{count}"])[0, 1] > 0.75


def test_a_few_authors_write_much_and_reach_differs_widely(month):
    mature = outcomes(month)
    written = mature["author"].value_counts()
    assert written.iloc[: len(written) // 10].sum() > 0.3 * len(mature)
    busy = mature[mature["author"].isin(written.index[:30])]
    reach = np.log1p(busy["views"]).groupby(busy["author"]).mean()
    assert reach.max() - reach.min() > 2


def test_labels_come_late_to_some_posts_only(month):
    posts, labels = all_of(month, "posts"), all_of(month, "labels")
    assert len(labels) / len(posts) == pytest.approx(WORLD.label_share, abs=0.04)
    delay = labels.merge(posts, on="id").eval("labelled_at - published_at")
    assert delay.min() >= pd.Timedelta(hours=1)
    assert delay.median() > pd.Timedelta(hours=8)
    assert delay.max() > pd.Timedelta(days=3)


def test_labels_mostly_say_the_truth_and_slip_to_a_neighbour(month):
    joined = all_of(month, "labels").merge(all_of(month, "truth"), on="id")
    slipped = joined[joined["label"] != joined["sentiment"]]
    assert len(slipped) / len(joined) == pytest.approx(WORLD.label_noise, abs=0.03)
    assert (slipped[["label", "sentiment"]] == "neutral").any(axis=1).all()


def test_volume_has_a_day_and_a_week(month):
    posts = all_of(list(days(replace(WORLD, volume_sd=0.0, posts_per_day=400))), "posts")
    hours = posts["published_at"].dt.hour.value_counts()
    assert hours[20] > 5 * hours[4]
    weekdays = posts["published_at"].dt.dayofweek.value_counts()
    assert weekdays[[5, 6]].mean() < 0.95 * weekdays[[0, 1, 2, 3, 4]].mean()


def test_engagement_has_a_day_and_a_week():
    quiet = replace(WORLD, day_effect_sd=0.0, posts_per_day=400)
    mature = outcomes(list(days(quiet)))
    expected = mature["expected_log_likes"]
    by_hour = expected.groupby(mature["published_at"].dt.hour).mean()
    assert by_hour.loc[14:19].mean() > by_hour.loc[2:6].mean() + 0.3
    weekend = mature["published_at"].dt.dayofweek >= 5
    assert expected[weekend].mean() > expected[~weekend].mean()


def test_day_effects_have_the_spread_that_was_set():
    calm, rough = (list(days(replace(WORLD, day_effect_sd=sd))) for sd in (0.0, 0.8))
    moved = [
        (loud.truth["expected_log_likes"] - still.truth["expected_log_likes"])
        for still, loud in zip(calm, rough, strict=True)
    ]
    assert max(difference.std() for difference in moved) < 1e-9
    assert np.std([difference.mean() for difference in moved]) == pytest.approx(0.8, rel=0.5)


@pytest.fixture(scope="module")
def half_year() -> list[Day]:
    return list(days(World(days=180, posts_per_day=40)))


def test_topics_come_and_go(half_year):
    early, late = (set(all_of(part, "posts")["topic"]) for part in (half_year[:30], half_year[-30:]))
    assert early - late
    assert late - early
    assert early & late


def test_a_topic_s_words_slowly_move(half_year):
    def nouns(part: list[Day]) -> set[str]:
        posts = all_of(part, "posts")
        said = posts.loc[posts["topic"] == "football", "text"]
        return set(" ".join(said).lower().replace(".", "").split()) & set(NOUNS)

    def shared(one: set[str], other: set[str]) -> float:
        return len(one & other) / len(one | other)

    early, next_month, late = (nouns(half_year[first : first + 25]) for first in (0, 25, 155))
    assert shared(early, late) < 0.5 * shared(early, next_month)


def test_text_carries_the_things_that_posts_carry(month):
    text = all_of(month, "posts")["text"]
    for pattern in (r"#\w", r"@user_\d", r"https://", r"\?", r"\bnot |isn't|hardly", r"[A-Z]{4}", "[😀😡🤔]"):
        assert 0.01 < text.str.contains(pattern).mean() < 0.9, pattern


def test_a_link_has_its_domain(month):
    posts = all_of(month, "posts")
    assert (posts["link_domain"].notna() == posts["has_link"]).all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"days": 0}, "days is 0; give a whole number from 1 to 3,650."),
        ({"days": 2.5}, "days is 2.5; give a whole number from 1 to 3,650."),
        ({"posts_per_day": 0}, "posts_per_day is 0; give a number from 1.0 to 1,000,000.0."),
        ({"posts_per_day": float("nan")}, "posts_per_day is nan; give a number from 1.0 to 1,000,000.0."),
        ({"label_share": 1.5}, "label_share is 1.5; give a number from 0.0 to 1.0."),
        ({"seed": -1}, "seed is -1; give a whole number from 0 to 4,294,967,295."),
        ({"seed": True}, "seed is True; give a whole number from 0 to 4,294,967,295."),
        ({"start": "2024-03-01"}, "start is '2024-03-01'; give a date without a time, such as 2024-03-01."),
        ({"platforms": ()}, "platforms is (); give different names of letters and digits."),
        ({"platforms": ("a", "a")}, "platforms is ('a', 'a'); give different names of letters and digits."),
    ],
)
def test_a_bad_setting_is_refused_in_one_sentence(settings, said):
    with pytest.raises(SettingsError) as refused:
        World(**settings)
    assert str(refused.value) == said


def test_the_smallest_world_runs():
    tiny = World(days=5, posts_per_day=1, authors=1, topics=1, platforms=("only",))
    assert sum(len(day.posts) for day in days(tiny)) < 30
