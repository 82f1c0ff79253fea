import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.features.rolling import Aggregates, lives, steps

START = pd.Timestamp("2012-01-01", tz="UTC")
WANTED = Aggregates("k", (2, 5), deviation=(5,), best=(2,), trend=(2, 5))
HOURS = st.integers(0, 24 * 12)


@st.composite
def histories(draw):
    """Versions of a few posts and of their counts: late ones, equal moments, corrections, changes of key."""
    posts, outcomes = [], []
    for post in range(draw(st.integers(0, 8))):
        for hour in sorted(draw(st.sets(HOURS, min_size=1, max_size=2))):
            posts.append((f"p{post}", draw(st.sampled_from(["a", "b", None])), hour))
        for hour in sorted(draw(st.sets(HOURS, max_size=3))):
            outcomes.append((f"p{post}", draw(st.integers(0, 50)), hour))
    return frame(posts, outcomes)


def frame(posts, outcomes):
    posts = pd.DataFrame(posts, columns=["post_id", "key", "known_at"])
    outcomes = pd.DataFrame(outcomes, columns=["post_id", "value", "label_known_at"])
    at = "datetime64[us, UTC]"
    return (
        posts.assign(known_at=(START + pd.to_timedelta(posts["known_at"], unit="h")).astype(at)),
        outcomes.assign(
            label_known_at=(START + pd.to_timedelta(outcomes["label_known_at"], unit="h")).astype(at),
            value=outcomes["value"].astype(float),
        ),
    )


def in_force(found, key, moment):
    rows = found[(found["key"] == key) & (found["event_timestamp"] <= moment)]
    return rows.iloc[-1] if len(rows) else None


def brute(posts, outcomes, key, moment, days):
    """log1p of each outcome that counts for `key` at `moment`, straight from the definition."""
    values = []
    for post, versions in outcomes.groupby("post_id"):
        seen = posts[(posts["post_id"] == post) & (posts["known_at"] <= moment)].sort_values("known_at")
        known = versions[versions["label_known_at"] <= moment].sort_values("label_known_at")
        if known.empty or seen.empty or seen["key"].dropna().empty:
            continue
        entered = known["label_known_at"].iloc[0]
        if seen["key"].ffill().iloc[-1] == key and entered > moment - pd.Timedelta(days=days):
            values.append(np.log1p(known["value"].iloc[-1]))
    return np.array(values)


@settings(max_examples=60, deadline=None)
@given(histories(), st.sampled_from(["a", "b"]), st.lists(HOURS, min_size=1, max_size=4))
def test_rolling_equals_counting_by_hand_at_any_moment(history, key, hours):
    posts, outcomes = history
    found = steps(lives(posts, outcomes), "key", WANTED)
    for moment in START + pd.to_timedelta(hours, unit="h"):
        row = in_force(found, key, moment)
        for days in WANTED.windows:
            values = brute(posts, outcomes, key, moment, days)
            assert (0 if row is None else row[f"k_posts_{days}d"]) == len(values)
            if row is not None:
                mean = values.mean() if len(values) else np.nan
                assert row[f"k_mean_{days}d"] == pytest.approx(mean, abs=1e-5, nan_ok=True)
        if row is not None:
            values = brute(posts, outcomes, key, moment, 5)
            assert row["k_sd_5d"] == pytest.approx(values.std() if len(values) else np.nan, abs=1e-3, nan_ok=True)
            values = brute(posts, outcomes, key, moment, 2)
            assert row["k_best_2d"] == pytest.approx(values.max() if len(values) else np.nan, abs=1e-5, nan_ok=True)


@settings(max_examples=25, deadline=None)
@given(histories(), st.randoms(use_true_random=False))
def test_shuffling_the_rows_changes_nothing(history, random):
    posts, outcomes = history
    seed = random.randrange(2**31)
    shuffled = lives(posts.sample(frac=1, random_state=seed), outcomes.sample(frac=1, random_state=seed))
    pd.testing.assert_frame_equal(
        steps(shuffled, "key", WANTED), steps(lives(posts, outcomes), "key", WANTED), check_exact=True
    )


@settings(max_examples=25, deadline=None)
@given(histories(), HOURS)
def test_what_was_known_earlier_is_not_changed_by_what_is_learned_later(history, hour):
    posts, outcomes = history
    as_of = START + pd.Timedelta(hours=hour)
    earlier = steps(
        lives(posts[posts["known_at"] <= as_of], outcomes[outcomes["label_known_at"] <= as_of]), "key", WANTED
    )
    later = steps(lives(posts, outcomes), "key", WANTED)
    for key in ("a", "b"):
        then, now = in_force(earlier, key, as_of), in_force(later, key, as_of)
        assert (then is None) == (now is None)
        if then is not None:
            np.testing.assert_allclose(
                then[list(WANTED.columns)].astype(float), now[list(WANTED.columns)].astype(float), atol=1e-3
            )


def test_an_outcome_enters_when_known_and_leaves_one_window_later():
    posts, outcomes = frame([("p", "a", 0)], [("p", 7, 48)])
    found = steps(lives(posts, outcomes), "key", Aggregates("k", (2,)))
    assert found["event_timestamp"].tolist() == [START + pd.Timedelta(hours=48), START + pd.Timedelta(hours=96)]
    assert found["k_posts_2d"].tolist() == [1, 0]
    assert found["k_mean_2d"].tolist() == [pytest.approx(np.log1p(7)), pytest.approx(np.nan, nan_ok=True)]


def test_no_history_makes_an_empty_view_with_its_columns():
    posts, outcomes = frame([], [])
    found = steps(lives(posts, outcomes), "key", WANTED)
    assert found.empty
    assert list(found.columns) == ["key", "event_timestamp", *WANTED.columns]
