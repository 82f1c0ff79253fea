import os
import shutil
import signal
import subprocess
import sys
import textwrap
import warnings
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from models.feature_store import FeatureStore
from models.frames import entities as entities_of
from models.frames import scoring_rows
from models.history import History
from trimtab.errors import FeatureError
from trimtab.features import VIEWS, build, topic_key
from trimtab.labels import target_versions
from trimtab.lake import Lake
from trimtab.posts import LABELS, POSTS, SNAPSHOTS
from trimtab.settings import Settings
from trimtab.windows import Window, utc

SETTINGS = Settings()
HORIZON = SETTINGS.engagement.horizon
START = utc("2012-01-01")
END = utc("2012-03-01")
POST = {
    "platform": "reddit",
    "topic": "cats",
    "author": "ana",
    "text": "Look at this great cat!",
    "link_domain": "cats.example",
    "body_chars": None,
    "has_image": True,
    "has_video": False,
    "has_link": None,
    "source": "test",
    "row_hash": 0,
}


def add_post(lake, name, at, known=None, **columns):
    row = {**POST, "post_id": f"reddit:{name}", "published_at": at, "known_at": known or at, **columns}
    lake.append("posts", pa.Table.from_pylist([row], POSTS))


def add_count(lake, name, measured, comments, known=None):
    counts = {"likes": None, "shares": None, "comments": comments, "views": None}
    row = {"post_id": f"reddit:{name}", "measured_at": measured, "known_at": known or measured, **counts}
    lake.append("snapshots", pa.Table.from_pylist([row | {"source": "test", "row_hash": comments}], SNAPSHOTS))


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A lake of sixty posts, one every twelve hours, each with its count two days later; and its feature store."""
    home = tmp_path_factory.mktemp("home")
    lake = Lake(home / "lake")
    rng = np.random.default_rng(0)
    at = [START + timedelta(hours=12 * number) for number in range(60)]
    posts = [
        {
            **POST,
            "post_id": f"reddit:p{number}",
            "topic": rng.choice(["cats", "dogs"]),
            "author": rng.choice(["ana", "ben", "cyd"]),
            "link_domain": rng.choice(["cats.example", "dogs.example", None]),
            "text": rng.choice(["I love it 🙂", "Is this BAD?", "ok", "ليس جيدا"]),
            "published_at": moment,
            "known_at": moment,
        }
        for number, moment in enumerate(at)
    ]
    lake.append("posts", pa.Table.from_pylist(posts, POSTS))
    for number, moment in enumerate(at[:50]):
        add_count(lake, f"p{number}", moment + HORIZON, int(rng.integers(0, 100)))
    store = FeatureStore(home / "features")
    store.refresh(build(lake, END, SETTINGS))
    return lake, store


@pytest.fixture
def copied(filled, tmp_path):
    lake, store = filled
    shutil.copytree(lake.path, tmp_path / "lake")
    shutil.copytree(store.path, tmp_path / "features")
    return Lake(tmp_path / "lake"), FeatureStore(tmp_path / "features")


def entities(lake, as_of=END):
    posts = entities_of(lake, as_of).sort_values("event_timestamp").reset_index(drop=True)
    return posts.assign(topic_key=topic_key(posts))


def training_rows(store, lake, service, target, as_of):
    posts = scoring_rows(store, lake, service, window=Window(START, END), as_of=as_of)
    known = SETTINGS.engagement
    return History(posts, target_versions(lake, target, known.count, known.horizon, as_of)).labelled(as_of)


def trained(lake, store, as_of, refreshed_at=None):
    store.refresh(build(lake, refreshed_at or as_of, SETTINGS))
    rows = training_rows(store, lake, "engagement", "count", as_of)
    return rows.set_index("post_id")


def test_a_training_frame_has_one_row_a_mature_post_with_features_of_its_moment(filled):
    lake, store = filled
    rows = training_rows(store, lake, "engagement", "count", END)
    assert len(rows) == 50
    assert rows["event_timestamp"].is_monotonic_increasing
    assert rows["target"].dtype == float
    assert set(store.features("engagement")) < set(rows.columns)
    assert {"author", "platform", "topic", "link_domain", "published_at", "label_known_at"} < set(rows.columns)
    assert (rows["label_known_at"] == rows["event_timestamp"] + HORIZON).all()
    before = rows.iloc[20]
    known = rows[(rows["topic"] == before["topic"]) & (rows["label_known_at"] <= before["event_timestamp"])]
    recent = known[known["label_known_at"] > before["event_timestamp"] - timedelta(days=7)]
    assert before["topic_posts_7d"] == len(recent)
    assert before["topic_mean_7d"] == pytest.approx(recent["target"].mean(), abs=1e-5)


def test_rows_keep_order_index_and_further_columns_even_where_posts_share_key_and_moment(filled):
    lake, store = filled
    asked = pd.concat([entities(lake)] * 3).sample(frac=1, random_state=1)
    asked["author"], asked["event_timestamp"], asked["note"] = "ana", pd.Timestamp(END), np.arange(len(asked))
    found = store.frame("engagement", asked)
    assert found.index.equals(asked.index)
    assert found["note"].tolist() == list(range(len(asked)))
    alone = store.frame("engagement", asked.iloc[[7]])
    pd.testing.assert_frame_equal(found.iloc[[7]], alone)


def test_a_later_correction_does_not_reach_an_earlier_score(copied):
    lake, store = copied
    clean = trained(lake, store, utc("2012-02-01"))
    at = START + timedelta(hours=12 * 10) + HORIZON
    corrected_at = utc("2012-01-20")
    add_count(lake, "p10", at, 9_999, known=corrected_at)
    add_post(lake, "p10", START + timedelta(hours=120), known=corrected_at, text="edited", topic="lions", row_hash=1)

    told = trained(lake, store, utc("2012-02-01"))
    scored_before = clean.index[clean["event_timestamp"] < corrected_at]
    features = list(store.features("engagement"))
    pd.testing.assert_frame_equal(told.loc[scored_before, features], clean.loc[scored_before, features])
    # The same correction is seen by who was scored after it, so the comparison above can fail.
    scored_after = clean.index.difference(scored_before)
    assert not told.loc[scored_after, "topic_mean_28d"].equals(clean.loc[scored_after, "topic_mean_28d"])
    assert told["target"]["reddit:p10"] == pytest.approx(np.log1p(9_999))
    after = entities(lake).query("post_id == 'reddit:p10'").assign(event_timestamp=pd.Timestamp(corrected_at))
    assert store.frame("engagement", after)["text"].tolist() == ["edited"]
    lions = after.assign(topic_key="reddit/lions")
    assert store.frame("engagement", lions)["topic_mean_28d"].iloc[0] == pytest.approx(np.log1p(9_999), abs=1e-4)


def test_a_frame_as_of_a_moment_sees_nothing_that_was_learned_after_it(copied):
    lake, store = copied
    moment = utc("2012-01-20")
    clean = trained(lake, store, moment)
    add_count(lake, "p10", START + timedelta(hours=120) + HORIZON, 9_999, known=utc("2012-01-25"))
    pd.testing.assert_frame_equal(trained(lake, store, moment), clean)
    # Features that were built later are, row by row, those that were built then.
    pd.testing.assert_frame_equal(trained(lake, store, moment, refreshed_at=END), clean, rtol=1e-4)
    assert trained(lake, store, END)["target"]["reddit:p10"] == pytest.approx(np.log1p(9_999))


def test_an_immature_count_neither_trains_nor_moves_momentum(copied):
    lake, store = copied
    published = utc("2012-02-10")
    add_post(lake, "young", published, author="zoe", topic="owls", link_domain=None)
    add_count(lake, "young", published + timedelta(hours=3), 5_000)
    add_post(lake, "next", published + timedelta(hours=6), author="zoe", topic="owls", link_domain=None)
    rows = trained(lake, store, published + timedelta(hours=12))
    assert not {"reddit:young", "reddit:next"} & set(rows.index)
    window = Window(published, published + timedelta(days=3))
    scored = scoring_rows(store, lake, "engagement", window=window, as_of=window.end).set_index("post_id")
    assert np.isnan(scored["author_mean_7d"]["reddit:next"])
    # A horizon later the count is an outcome, and both the training frame and the author's next post see it.
    add_count(lake, "young", published + HORIZON, 6_000)
    add_post(lake, "last", published + HORIZON, author="zoe", topic="owls", link_domain=None)
    grown = trained(lake, store, published + HORIZON)
    assert grown["target"]["reddit:young"] == pytest.approx(np.log1p(6_000))
    scored = scoring_rows(store, lake, "engagement", window=window, as_of=window.end).set_index("post_id")
    assert scored["author_mean_7d"]["reddit:last"] == pytest.approx(np.log1p(6_000), abs=1e-4)


def test_labels_train_sentiment_on_the_content_of_the_post(copied):
    lake, store = copied
    at = utc("2012-02-01")
    label = {"post_id": "reddit:p3", "label": "positive", "labelled_at": at, "labeller": "eve", "known_at": at}
    lake.append("labels", pa.Table.from_pylist([label | {"source": "test", "row_hash": 0}], LABELS))
    rows = training_rows(store, lake, "sentiment", "label", END)
    assert rows[["post_id", "target"]].values.tolist() == [["reddit:p3", "positive"]]
    assert "lexicon_compound" in rows and "topic_mean_7d" not in rows
    assert training_rows(store, lake, "sentiment", "label", at - timedelta(days=1)).empty


@pytest.mark.parametrize("service", ["engagement", "sentiment"])
def test_online_and_offline_features_of_a_post_are_equal(copied, service):
    lake, store = copied
    for as_of in (utc("2012-01-15"), utc("2012-02-20")):  # twice: the second write has to move what the first wrote
        store.materialize(as_of, recent=timedelta(days=3650))
        posts = entities(lake, as_of).assign(event_timestamp=pd.Timestamp(as_of))
        posts.loc[2, "author"] = "nobody ever heard of"
        offline, online = store.frame(service, posts), store.online(service, posts)
        pd.testing.assert_frame_equal(online, offline, check_exact=True)
        assert len(online) > 20


def test_a_materialisation_writes_only_what_changed_and_leaves_views_readable(copied):
    lake, store = copied
    assert store.materialize(END)["topic_momentum"] == 2
    assert set(store.materialize(END).values()) == {0}
    assert len(store.online("engagement", entities(lake))) == 60
    assert {view.state.name for view in store._feast.list_feature_views()} == {"STATE_UNSPECIFIED"}


def test_a_refresh_that_is_killed_leaves_the_old_views_whole(copied):
    lake, store = copied
    before = {view: pq.read_table(store.path / "data" / f"{view}.parquet") for view in VIEWS}
    script = f"""
        import os, signal, pyarrow.parquet as pq
        from pathlib import Path
        from models.feature_store import FeatureStore
        from trimtab.features import build
        from trimtab.lake import Lake
        from trimtab.settings import Settings
        from trimtab.windows import utc
        write, written = pq.write_table, []
        def dies_in_the_third(table, where):
            written.append(where)
            if len(written) == 3:
                Path(where).write_bytes(b"PAR1 half of a file")
                os.kill(os.getpid(), signal.SIGKILL)
            write(table, where)
        pq.write_table = dies_in_the_third
        views = build(Lake(Path({str(lake.path)!r})), utc("2012-01-10"), Settings())
        FeatureStore(Path({str(store.path)!r})).refresh(views)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], cwd=os.getcwd())  # noqa: PTH109
    assert done.returncode == -signal.SIGKILL
    for view, rows in before.items():
        assert pq.read_table(store.path / "data" / f"{view}.parquet").equals(rows)
    store.refresh(build(lake, END, SETTINGS))
    assert len(store.frame("engagement", entities(lake))) == 60


def test_definitions_are_registered_once_and_again_when_they_change(copied):
    _, store = copied
    registry = store.path / "data" / "registry.db"
    before = registry.read_bytes()
    store.refresh({})
    assert registry.read_bytes() == before
    (store.path / "data" / "applied").write_text("other definitions")
    store.refresh({})
    assert registry.read_bytes() != before


def test_what_is_missing_is_said_in_one_sentence(filled, tmp_path):
    lake, store = filled
    with pytest.raises(FeatureError, match="Did you mean 'engagement'"):
        store.frame("engagment", entities(lake))
    with pytest.raises(FeatureError, match="topic_key is missing"):
        store.frame("engagement", entities(lake).drop(columns="topic_key"))
    with pytest.raises(FeatureError, match="No features in .* yet"):
        FeatureStore(tmp_path).frame("engagement", entities(lake))


def test_no_posts_make_an_empty_frame_with_its_columns(filled):
    lake, store = filled
    none = entities(lake).iloc[:0]
    assert list(store.frame("engagement", none).columns) == list(store.frame("engagement", entities(lake)).columns)
    assert store.online("engagement", none).empty


def test_a_store_without_any_outcome_serves_content_and_nulls(tmp_path, capfd):
    lake, store = Lake(tmp_path / "lake"), FeatureStore(tmp_path / "features")
    store.refresh(build(lake, START, SETTINGS))
    add_post(lake, "first", START, author=None, link_domain=None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        store.refresh(build(lake, START, SETTINGS))
        found = store.frame("engagement", entities(lake))
        store.materialize(START)
        online = store.online("engagement", entities(lake))
    pd.testing.assert_frame_equal(online, found)
    assert found["words"].tolist() == [5.0]
    assert found[["author_posts_7d", "topic_mean_7d", "domain_mean_7d"]].isna().all(axis=None)
    assert capfd.readouterr() == ("", "")
