"""Online features in an answer: those that Feast serves, and the same as a flow would score with."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from models.online_store import OnlineStore
from models.serve.freshen import freshen
from models.serve.online import momentum, rows_of, table
from models.serve.schemas import Post
from models.stores import Stores
from tests.served import away, home_with_versions, serving, until
from trimtab.authors import Authors
from trimtab.features import KEYS, topic_key
from trimtab.posts import POSTS, SNAPSHOTS
from trimtab.settings import Settings
from trimtab.windows import utc

START, AS_OF = utc("2012-01-01"), utc("2012-01-23")
VIEWS = tuple(view for view in KEYS if view != "post_content")


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Forty posts with their counts, features built and served as of a day after them, and a champion of `tiny`."""
    stores = home_with_versions(tmp_path_factory.mktemp("home") / "home")
    draw, authors = np.random.default_rng(0), Authors.of(stores.settings.home)
    posts = [_post(number, draw, authors) for number in range(40)]
    stores.lake.append("posts", pa.Table.from_pylist(posts, POSTS))
    counts = [_count(post, int(draw.integers(0, 90))) for post in posts]
    stores.lake.append("snapshots", pa.Table.from_pylist(counts, SNAPSHOTS))
    freshen(stores, AS_OF)
    return stores


def _post(number, draw, authors):
    at = START + timedelta(hours=12 * number)
    return {
        "post_id": f"reddit:p{number}",
        "platform": "reddit",
        "topic": draw.choice(["cats", "dogs"]),
        "author": authors.digest(draw.choice(["ana", "ben"]), "reddit"),
        "text": draw.choice(["I love it 🙂 @ana", "Is this BAD? #no", "", "ليس جيدا"]),
        "link_domain": draw.choice(["cats.example", None]),
        "body_chars": draw.choice([None, 120]),
        "has_image": draw.choice([True, False, None]),
        "published_at": at,
        "known_at": at,
        "source": "test",
        "row_hash": number,
    }


def _count(post, comments):
    at = post["published_at"] + timedelta(hours=48)
    counts = {"likes": None, "shares": None, "comments": comments, "views": None}
    return {"post_id": post["post_id"], "measured_at": at, "known_at": at, **counts, "source": "test", "row_hash": 1}


def handed_in(posts):
    """The posts as a caller would send them: authors by name."""
    names = {Authors.of(posts.attrs["home"]).digest(name, "reddit"): name for name in ("ana", "ben")}
    known = posts.replace({np.nan: None})
    columns = ["post_id", "platform", "topic", "text", "link_domain", "body_chars", "has_image", "published_at"]
    rows = known[columns].to_dict("records")
    return [
        Post(
            **row
            | {"author": names[author], "body_chars": None if row["body_chars"] is None else int(row["body_chars"])}
        )
        for row, author in zip(rows, known["author"], strict=True)
    ]


def test_a_post_that_is_handed_in_has_the_features_that_a_flow_would_give_it(stores):
    posts = stores.lake.read("posts").to_pandas()
    posts.attrs["home"] = stores.settings.home
    rows = rows_of(handed_in(posts), Authors.of(stores.settings.home), AS_OF)
    columns, known = momentum(OnlineStore(stores.settings.features_path).rows, rows, VIEWS)
    found = table(rows, columns).frame
    asked = posts[["post_id", "author", "link_domain"]].assign(topic_key=topic_key(posts))
    wanted = stores.features.online("engagement", asked)
    content = stores.features.frame("engagement", asked.assign(event_timestamp=AS_OF))
    for name, kind in stores.features.features("engagement").items():
        left, right = found[name], (content if name in content else wanted)[name]
        if kind == "object":
            assert left.tolist() == right.tolist()
        else:
            np.testing.assert_array_equal(left.to_numpy(float), right.to_numpy(float), err_msg=name)
    assert known["author"].all()
    assert known["link_domain"].tolist() == posts["link_domain"].notna().tolist()


def test_momentum_comes_from_the_online_store_and_a_key_that_it_does_not_know_is_named(stores):
    with serving(stores.settings.home) as served:
        until(lambda: served.ready()["features"] == "online")
        post = {"platform": "reddit", "topic": "cats", "author": "ana", "text": "Look!", "link_domain": "cats.example"}
        known, stranger = served.first(post), served.first(post | {"author": "nobody", "topic": "snakes"})
        assert (known["features"], "unknown" in known) == ("online", False)
        assert (stranger["features"], stranger["unknown"]) == ("online", ["author", "topic_key"])
        assert known["value"] != stranger["value"], "tiny reads the level of the topic"
        assert 'trimtab_keys_unknown_total{key="author"}' in served.client.get("/metrics").text


def test_a_version_that_learned_from_other_features_than_are_served_says_so(stores):
    with serving(stores.settings.home) as served:
        until(lambda: served.ready()["features"] == "online")
        bundle = served.worker.live.bundles["tiny"]
        learned = stores.features.definition("engagement")
        served.worker.live.swap(replace(bundle, service=learned))
        assert served.client.get("/v1/models").json()["models"][0]["problem"] is None
        views = {**learned["views"], "mood": {"key": "author", "features": {"author_mood_7d": "Float32"}}}
        served.worker.live.swap(replace(bundle, service={**learned, "version": "of before", "views": views}))
        problem = served.client.get("/v1/models").json()["models"][0]["problem"]
        assert "engagement of before" in problem
        assert f"{learned['version']}, which lacks author_mood_7d." in problem
        assert served.ready()["ready"]


def test_without_the_store_posts_are_scored_from_their_content_until_it_is_back(stores):
    with serving(stores.settings.home) as served:
        until(lambda: served.ready()["features"] == "online")
        hidden = away(stores.settings.features_path)
        until(lambda: served.first()["features"] == "content alone")
        assert "feature store" in served.first()["why"]
        assert served.ready()["ready"]
        hidden.rename(stores.settings.features_path)
        until(lambda: served.first()["features"] == "online")


def test_online_features_grow_old_by_themselves_and_are_brought_to_the_present(stores, tmp_path):
    store = OnlineStore(stores.settings.features_path)

    def posts_of_a_week():
        """By a store that was open all the while and has read the key before."""
        found = store.rows("topic_momentum", ["reddit/cats"])
        return found.numbers[0, list(found.names).index("topic_posts_7d")].item()

    before = posts_of_a_week()
    built = freshen(stores, AS_OF)
    assert posts_of_a_week() == before > 0
    freshen(stores, AS_OF + timedelta(days=8), built)
    assert posts_of_a_week() == 0
    assert freshen(Stores(Settings(home=tmp_path / "empty")), AS_OF) is None
