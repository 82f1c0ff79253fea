"""The online store is deleted or locked while a server answers: it scores from content alone, and is mended."""

import sqlite3
from contextlib import closing

import pyarrow as pa
import pytest

from flows.passing import can_pass
from models.serve.freshen import freshen
from tests.served import POST, home_with_versions, now, serving, until
from trimtab.authors import Authors
from trimtab.posts import POSTS


@pytest.fixture
def stores(tmp_path):
    """One post of the topic that is asked about, and a champion."""
    stores = home_with_versions(tmp_path / "home")
    comes_in(stores, "reddit:before")
    freshen(stores, now())
    return stores


def comes_in(stores, name):
    author = Authors.of(stores.settings.home).digest(POST["author"], POST["platform"])
    row = dict.fromkeys(POSTS.names) | POST | {"author": author, "source": "test", "row_hash": 1}
    row |= {"post_id": name, "published_at": now(), "known_at": now()}
    stores.lake.append("posts", pa.Table.from_pylist([row], POSTS))


def test_a_store_that_was_deleted_is_made_again_by_materialise(stores):
    online = stores.settings.features_path / "data" / "online.db"
    with serving(stores.settings.home, refresh_minutes=0) as served:
        until(lambda: served.ready()["features"] == "online")
        for file in online.parent.glob("online.db*"):
            file.unlink()
        until(lambda: served.first()["features"] == "content alone")
        assert served.ready()["ready"], "it goes on answering"
        freshen(stores, now())
        until(lambda: served.first()["features"] == "online")
        assert online.exists()


def test_a_store_that_somebody_writes_to_for_long_is_read_all_the_while_and_refreshed_later(stores):
    online = stores.settings.features_path / "data" / "online.db"
    comes_in(stores, "reddit:new")
    with serving(stores.settings.home, refresh_minutes=0) as served:
        until(lambda: served.ready()["features"] == "online")
        with closing(sqlite3.connect(online, timeout=10, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert served.first(POST | {"author": "somebody else"})["features"] == "online"
            with pytest.raises(sqlite3.OperationalError) as refused:
                freshen(stores, now())
            assert can_pass(refused.value), "a run from a deployment tries again"
            other.execute("ROLLBACK")
        freshen(stores, now())
        assert served.first()["features"] == "online"
