"""What Prometheus reads. The figures of all workers are added up, by files in the folder PROMETHEUS_MULTIPROC_DIR."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1, 0.25, 1, 5)


class Metrics:
    """Every figure of one worker."""

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._own = own
        self.requests = Counter("trimtab_requests", "Requests answered.", ["path", "status"], registry=own)
        self.seconds = Histogram(
            "trimtab_request_seconds", "From request to answer.", ["path"], buckets=SECONDS, registry=own
        )
        self.posts = Counter("trimtab_posts_scored", "Posts scored.", ["model", "version"], registry=own)
        self.served = Gauge(
            "trimtab_version_served",
            "Workers on which a version serves.",
            ["model", "version"],
            registry=own,
            multiprocess_mode="livesum",
        )
        self.missing = Gauge(
            "trimtab_features_missing",
            "Features of a model that no post is served with.",
            ["model"],
            registry=own,
            multiprocess_mode="max",
        )
        self.swaps = Counter("trimtab_swaps", "Changes of the version that serves.", ["model"], registry=own)
        self.bad = Counter("trimtab_bundles_refused", "Tries to load a version that failed.", ["model"], registry=own)
        self.content_alone = Counter("trimtab_content_alone", "Posts scored without the feature store.", registry=own)
        self.unknown = Counter("trimtab_keys_unknown", "Posts with a key not in the store.", ["key"], registry=own)
        self.waiting = Gauge(
            "trimtab_log_waiting", "Predictions not yet written.", registry=own, multiprocess_mode="livesum"
        )
        self.written = Counter("trimtab_log_written", "Predictions written to the lake.", registry=own)
        self.dropped = Counter("trimtab_log_dropped", "Predictions lost: queue full, or lake away.", registry=own)
        self._serving: dict[str, str] = {}

    def swapped(self, model: str, version: str) -> None:
        before = self._serving.get(model)
        if before is not None:
            self.served.labels(model, before).set(0)
        self.served.labels(model, version).set(1)
        self.swaps.labels(model).inc()
        self._serving[model] = version

    def refused(self, model: str) -> None:
        self.bad.labels(model).inc()

    def text(self) -> bytes:
        """The figures in Prometheus' text format."""
        if not values.ValueClass._multiprocess:  # the variable says nothing: Feast sets it when it is imported
            return generate_latest(self._own)
        together = CollectorRegistry()
        together.register(_Ours())
        return generate_latest(together)


class _Ours(Collector):
    """The figures of every worker; libraries keep some of their own in the same files."""

    def collect(self) -> Iterable[Metric]:
        return [one for one in MultiProcessCollector(CollectorRegistry()).collect() if one.name.startswith("trimtab_")]
