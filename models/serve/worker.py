"""One serving process: its parts, put together, and the way of a request through them."""

import asyncio
import gc
import logging
import os
import socket
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from models.serve import answers, presence
from models.serve.champions import Champions
from models.serve.features import Found, OnlineFeatures
from models.serve.follow import Followed, Follower
from models.serve.lane import Lane, Patience
from models.serve.live import Bundle, Live
from models.serve.log import Line, PredictionLog
from models.serve.metrics import Metrics
from models.serve.online import Rows, rows_of, table
from models.serve.schemas import Post
from models.serve.scoring import Said, missing, say
from models.stores import Stores
from trimtab.authors import Authors

log = logging.getLogger("trimtab.serve")
CHUNK_POSTS = 256  # scored at a time: a long request lets others in between
AT_ONCE_POSTS = 16  # or fewer are scored between two turns of the event loop
BEAT_SECONDS = 1.0


class ServingWorker:
    """Worker `number` of `server`, at `address`. `start` and `stop` frame its life; both run on the event loop."""

    def __init__(self, stores: Stores, server: str, number: int, address: str, now: Callable[[], datetime]) -> None:
        self.settings, self.now = stores.settings, now
        self.server, self.number, self.address = server, number, address
        serving = self.settings.serving
        self.live, self.metrics = Live(), Metrics()
        self.features = OnlineFeatures(self.settings.features_path, serving.features_seconds)
        self.authors = Authors.of(self.settings.home)
        self.log = PredictionLog(stores.lake, self.metrics, rows=serving.log_rows, seconds=serving.log_seconds)
        self.follower = Follower(
            champions=Champions(stores.registry, stores.ledger),
            ledger=stores.ledger,
            live=self.live,
            worker=self.describe,
            metrics=self.metrics,
            models={name: Followed(model) for name, model in stores.models.items()},
            patience=Patience("The registry", serving.registry_seconds),
            poll_seconds=serving.poll_seconds,
            now=now,
            also=self.features.look,
        )
        self._scoring = Lane("score")
        self._beat: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Be known before anything is loaded: whoever rolls back meanwhile must wait for this worker."""
        presence.write(self.settings.home, self.describe())
        self._beat = asyncio.create_task(self._keep_present())
        self.log.start()
        self.follower.start()

    async def stop(self) -> None:
        """Requests have ended by now: write what is left of the log, and be gone."""
        self.follower.stop()
        if self._beat is not None:
            self._beat.cancel()
        await asyncio.to_thread(self.log.stop)
        gc.unfreeze()  # see models.serve.live.keep; what is never collected would be called leaked at the end
        presence.remove(self.settings.home, self.server, self.number)

    def describe(self) -> presence.Worker:
        return presence.Worker(
            server=self.server,
            worker=self.number,
            host=socket.gethostname(),
            pid=os.getpid(),
            address=self.address,
            versions={name: bundle.version for name, bundle in self.live.bundles.items()},
            at=self.now(),
        )

    async def score(self, posts: Sequence[Post], bundles: Sequence[Bundle], explain: bool) -> bytes:
        """The body of the answer; every post by the same versions."""
        at, told = self.now(), []
        for start in range(0, len(posts), CHUNK_POSTS):
            told += await self._chunk(posts[start : start + CHUNK_POSTS], bundles, explain, at)
        return answers.answer(at, told)

    async def _chunk(
        self, posts: Sequence[Post], bundles: Sequence[Bundle], explain: bool, at: datetime
    ) -> list[dict[str, Any]]:
        rows = rows_of(posts, self.authors, at)
        views = {bundle.model.name: self.features.views([bundle.model.service]) for bundle in bundles}
        found = await self.features.read(rows, tuple(dict.fromkeys(view for of in views.values() for view in of)))
        if len(posts) <= AT_ONCE_POSTS and not explain:  # a hand-over to another thread would cost as much
            said = self._say(rows, found, bundles, explain, at)
        else:
            scored = self._scoring.submit(lambda: self._say(rows, found, bundles, explain, at))
            said = await asyncio.wrap_future(scored)
        self._note(rows, found, said)
        if self.settings.serving.log_predictions:
            lines = list(zip(rows.ids, rows.published, strict=True))
            for one in said:
                self.log.put(Line(lines, one))
        pairs = zip(bundles, said, strict=True)
        return answers.posts_of(
            rows, [(one, answers.origins(bundle, found, views[bundle.model.name], len(rows))) for bundle, one in pairs]
        )

    def _say(self, rows: Rows, found: Found, bundles: Sequence[Bundle], explain: bool, at: datetime) -> list[Said]:
        full = table(rows, found.columns)
        return [say(bundle, full, at, explain) for bundle in bundles]

    def _note(self, rows: Rows, found: Found, said: Sequence[Said]) -> None:
        """Into the figures."""
        for one in said:
            self.metrics.posts.labels(one.model, one.version).inc(len(rows))
        if found.why:
            self.metrics.content_alone.inc(len(rows))
        for key, known in found.known.items():
            if absent := int((~known).sum()):
                self.metrics.unknown.labels(key).inc(absent)

    def models(self) -> list[dict[str, Any]]:
        """What serves, by model, and what is wrong with it, if anything is."""
        bundles, engagement = self.live.bundles, self.settings.engagement
        told = []
        for name, one in self.follower.models.items():
            serving = bundles.get(name)
            about: dict[str, Any] = {"model": name, "target": one.model.target}
            if one.model.target == "count":
                about |= {"count": engagement.count, "horizon_hours": engagement.horizon_hours}
                about |= {"interval_share": engagement.interval_share}
            version, since = (serving.version, serving.since.isoformat()) if serving else (None, None)
            problem = one.problem or (self.features.difference(serving.service) if serving else None)
            about |= {"version": version, "since": since, "champion": one.champion, "problem": problem}
            about["missing"] = missing(one.model)
            told.append(about)
        return told

    def readiness(self) -> dict[str, Any]:
        """Ready when every model with a champion is loaded, in some version: the last good one counts."""
        follower, models = self.follower, self.models()
        wanted = [one for one in models if one["champion"] or one["version"]]
        loaded = bool(wanted) and all(one["version"] for one in wanted)
        registry = follower.problem or ("answers" if follower.polled else "was not asked yet")
        if follower.patience.hangs and follower.problem is None:
            registry = "is slow to answer"
        why = (
            None
            if loaded
            else "No model has a champion."
            if follower.polled and not wanted
            else "Versions are loading."
        )
        return {
            "ready": loaded,
            "why": why,
            "registry": registry,
            "features": self.features.why or "online",
            "models": [{name: one[name] for name in ("model", "version", "champion", "problem")} for one in models],
        }

    async def _keep_present(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                presence.write(self.settings.home, self.describe())
            except OSError as error:  # a full disk must not silence this worker for ever
                log.warning("This worker cannot say that it serves: %s", error)
