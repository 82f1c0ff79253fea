"""The world of columns: seeded, quiet by itself, and touched by an incident on the days of the incident alone."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas import DataFrame
from pandas.testing import assert_frame_equal

from simulator.columns import Columns
from simulator.columns_breaks import LateData, LateLabels, NullColumn, Outage, UnitChange
from simulator.columns_draw import ColumnIncident, Drawn, draw
from simulator.columns_moves import (
    ConceptDrift,
    CountFactor,
    Flood,
    Holiday,
    LabelShift,
    LevelShift,
    Noisier,
    ViralDay,
    VocabularyReplaced,
)
from trimtab.errors import SettingsError

AT = 16  # a Wednesday
COUNTING = Columns(seed=5, days=30, posts_per_day=300)
LABELLING = Columns(seed=5, days=30, posts_per_day=300, target="label")
MOVES = [ViralDay, Holiday, ConceptDrift, VocabularyReplaced, LevelShift, CountFactor, Noisier, Flood]
BREAKS = [Outage, UnitChange, NullColumn, LateData, LateLabels]


def day_of(drawn: Drawn) -> pd.Series:
    return (drawn.posts["published_at"] - drawn.world.moment(0)).dt.days


def rows_of(drawn: Drawn) -> DataFrame:
    """Posts with their outcome and the day that they were published on."""
    return drawn.posts.assign(day=day_of(drawn)).merge(drawn.outcomes, on="post_id", how="left")


def known_before(frame: DataFrame, time: str, drawn: Drawn) -> DataFrame:
    return frame[frame[time] < drawn.world.moment(AT)]


@pytest.fixture(scope="module")
def quiet() -> Drawn:
    return draw(COUNTING)


@pytest.mark.parametrize("world", [COUNTING, LABELLING])
def test_the_same_seed_gives_the_same_frames(world):
    one, two = draw(world), draw(world)
    assert_frame_equal(one.posts, two.posts)
    assert_frame_equal(one.outcomes, two.outcomes)


def test_another_seed_gives_another_world(quiet):
    assert len(draw(Columns(seed=6, days=30, posts_per_day=300)).posts) != len(quiet.posts)


@settings(max_examples=8, deadline=None)
@given(
    days=st.integers(1, 20),
    rho=st.sampled_from([0.0, 0.5]),
    columns=st.integers(12, 60),
    target=st.sampled_from(["count", "label"]),
)
def test_a_longer_world_begins_like_a_shorter_one(days, rho, columns, target):
    short = Columns(seed=2, days=days, posts_per_day=40, rho=rho, columns=columns, target=target)
    long = Columns(seed=2, days=days + 9, posts_per_day=40, rho=rho, columns=columns, target=target)
    whole, part = draw(long), draw(short)
    assert_frame_equal(whole.posts.iloc[: len(part.posts)], part.posts)
    assert_frame_equal(whole.outcomes.iloc[: len(part.outcomes)], part.outcomes)
    assert len(short.features) == columns == part.posts.columns.isin(short.features).sum()


@pytest.mark.parametrize(
    ("world", "kind"),
    [(COUNTING, kind) for kind in MOVES + BREAKS] + [(LABELLING, kind) for kind in [*MOVES, *BREAKS, LabelShift]],
)
def test_what_is_known_before_an_incident_is_what_it_would_have_been(world, kind):
    usual, moved = draw(world), draw(world, [kind(AT)])
    same = known_before(moved.posts, "event_timestamp", moved)
    assert_frame_equal(known_before(usual.posts, "event_timestamp", usual), same)
    before = known_before(usual.outcomes, "label_known_at", usual)
    assert_frame_equal(before, known_before(moved.outcomes, "label_known_at", moved))
    assert not (usual.posts.equals(moved.posts) and usual.outcomes.equals(moved.outcomes))


@pytest.mark.parametrize("kind", [*MOVES, *BREAKS])
def test_frames_stay_in_order_and_no_outcome_comes_before_its_post(kind):
    moved = draw(COUNTING, [kind(AT)])
    assert moved.posts["event_timestamp"].is_monotonic_increasing
    assert moved.outcomes["label_known_at"].is_monotonic_increasing
    assert moved.posts["post_id"].is_unique
    rows = rows_of(moved).dropna(subset="target")
    assert (rows["label_known_at"] > rows["event_timestamp"]).all()


def test_thirty_columns_are_counts_numbers_flags_and_names(quiet):
    posts = quiet.posts[list(COUNTING.features)]
    counts = [name for name in posts if "_posts_" in name]  # what the house knows a count by
    assert len(counts) == 13
    assert COUNTING.important in counts
    assert posts.select_dtypes("float").shape[1] == 13 + 11
    assert posts.select_dtypes("bool").shape[1] == posts.select_dtypes("object").shape[1] == 3
    assert not posts.isna().any().any()


def test_counts_are_heavy_tailed_and_levels_wobble_by_day_and_week():
    world = Columns(seed=1, days=84, posts_per_day=400)
    drawn = draw(world)
    logs = np.log1p(drawn.posts[world.counts[3]])
    assert logs.std() == pytest.approx(2.05, abs=0.1)
    number = drawn.posts[world.plain[0]].groupby(day_of(drawn)).mean()
    weekend = number.index % 7 >= 5
    assert number[weekend].mean() - number[~weekend].mean() == pytest.approx(0.35, abs=0.1)
    assert number[~weekend].std() == pytest.approx(np.hypot(0.15, 1.1 / 20), abs=0.03)


def test_effects_of_a_day_lean_on_the_day_before_if_asked():
    world = Columns(seed=1, days=120, posts_per_day=400, rho=0.8, weekend=0.0)
    drawn = draw(world)
    means = drawn.posts[list(world.plain)].groupby(day_of(drawn)).mean()
    assert np.mean([means[name].autocorr() for name in means]) > 0.5


def on_and_off(moved: Drawn, quiet: Drawn, days: int = 1) -> tuple[DataFrame, DataFrame]:
    """Rows of the incident's days, and what they would have been."""
    pair = [rows_of(drawn) for drawn in (moved, quiet)]
    return tuple(rows[rows["day"].between(AT, AT + days - 1)] for rows in pair)


def test_a_viral_day_has_four_times_the_posts_and_five_times_the_counts(quiet):
    moved = draw(COUNTING, [ViralDay(AT)])
    on, off = on_and_off(moved, quiet)
    assert len(on) / len(off) == pytest.approx(4, rel=0.1)
    assert on["c02_posts_7d"].median() / off["c02_posts_7d"].median() == pytest.approx(5, rel=0.4)
    assert on["target"].mean() - off["target"].mean() == pytest.approx(np.log(5), abs=0.25)
    after = [rows[rows["day"] > AT]["target"].to_numpy() for rows in (rows_of(moved), rows_of(quiet))]
    assert np.array_equal(*after)


def test_a_holiday_is_quieter_and_elsewhere(quiet):
    on, off = on_and_off(draw(COUNTING, [Holiday(AT)]), quiet, days=2)
    assert len(on) / len(off) == pytest.approx(0.6, rel=0.1)
    shares = [rows["topic"].value_counts(normalize=True) for rows in (on, off)]
    assert shares[0].sub(shares[1], fill_value=0).abs().sum() / 2 > 0.15


def test_an_outage_loses_posts_and_labels(quiet):
    on, off = on_and_off(draw(COUNTING, [Outage(AT)]), quiet, days=2)
    assert 0.05 < len(on) / len(off) < 0.25
    lost = len(quiet.posts) - len(draw(COUNTING, [Outage(AT)]).outcomes)
    assert lost > 2 * (len(off) - len(on)) * 0.8


def test_a_unit_change_and_a_null_column_leave_the_target_alone(quiet):
    name = COUNTING.important
    for incident, days in ((UnitChange(AT), 2), (NullColumn(AT), 3)):
        moved = draw(COUNTING, [incident])
        on, off = on_and_off(moved, quiet, days)
        assert_frame_equal(moved.outcomes, quiet.outcomes)
        assert on[name].isna().all() if isinstance(incident, NullColumn) else (on[name] == 1000 * off[name]).all()
        hit = moved.posts[name].ne(quiet.posts[name])
        assert set(day_of(moved)[hit]) == set(range(AT, AT + days))


def test_late_data_comes_three_days_later_with_its_outcomes_behind_it(quiet):
    rows = rows_of(draw(COUNTING, [LateData(AT)]))
    wait = rows["event_timestamp"] - rows["published_at"]
    assert (wait[rows["day"] == AT] == pd.Timedelta(days=3)).all()
    assert (wait[rows["day"] != AT] == pd.Timedelta(0)).all()


def test_late_labels_come_six_days_later(quiet):
    rows = rows_of(draw(COUNTING, [LateLabels(AT)]))
    wait = rows["label_known_at"] - rows["published_at"]
    late = rows["day"].between(AT, AT + 6)
    assert (wait[late] == pd.Timedelta(days=8)).all()
    assert (wait[~late] == pd.Timedelta(days=2)).all()


def test_a_flood_is_five_authors_who_copy(quiet):
    on, off = on_and_off(draw(COUNTING, [Flood(AT)]), quiet, days=3)
    top = on["author"].value_counts()
    assert top.head(5).sum() / len(on) == pytest.approx(0.6, abs=0.04)
    assert len(on) / len(off) == pytest.approx(2.5, rel=0.1)
    copied = on[on["author"] == top.index[0]]
    assert copied["x15"].std() < 0.6 < off["x15"].std()
    assert copied[["topic", "word", "platform"]].drop_duplicates().shape[0] == 1


def test_a_replaced_vocabulary_brings_new_words_of_which_the_lexicon_knows_nothing(quiet):
    on, _ = on_and_off(draw(COUNTING, [VocabularyReplaced(AT)]), quiet, days=14)
    new = on["word"].str.startswith("new_")
    assert new.mean() == pytest.approx(0.7, abs=0.03)
    assert abs(on.loc[new, "word_score"].groupby(on["word"]).mean()).max() < 0.3


def test_the_negative_share_doubles_and_posts_of_a_label_stay_as_they_are():
    usual, moved = draw(LABELLING), draw(LABELLING, [LabelShift(AT)])
    on, off = on_and_off(moved, usual, days=14)
    shares = [(rows["target"] == "negative").mean() for rows in (on, off)]
    assert shares[0] / shares[1] == pytest.approx(2, rel=0.1)
    assert len(on) == pytest.approx(len(off), rel=0.05)
    for label in ("negative", "positive"):
        first, second = (rows.loc[rows["target"] == label, "x14"] for rows in (on, off))
        assert abs(first.mean() - second.mean()) < 4 * np.hypot(first.std(), second.std()) / np.sqrt(len(second)) + 0.05


def test_a_count_that_grows_takes_the_target_along(quiet):
    on, off = on_and_off(draw(COUNTING, [CountFactor(AT)]), quiet, days=14)
    shift = np.log1p(on[COUNTING.important]).mean() - np.log1p(off[COUNTING.important]).mean()
    assert shift == pytest.approx(np.log(2), abs=0.1)
    assert on["target"].mean() - off["target"].mean() == pytest.approx(0.5 * np.log(2) / 2, abs=0.03)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Columns(columns=5),
        lambda: Columns(rho=1.0),
        lambda: Columns(days=0),
        lambda: ColumnIncident(-1),
        lambda: draw(COUNTING, [LabelShift(AT)]),
        lambda: draw(COUNTING, [ConceptDrift(AT, rise=50.0)]),
    ],
)
def test_what_cannot_be_is_refused_in_words(wrong):
    with pytest.raises(SettingsError, match="give"):
        wrong()
