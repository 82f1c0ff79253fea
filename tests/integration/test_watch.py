"""What a run of the monitor writes down: once a model and window, wherever a run before it was killed."""

from datetime import UTC, datetime, timedelta

import pytest

from models.stores import Stores
from monitoring.decide import decide
from monitoring.evidence import Evidence
from monitoring.measures import Measure
from monitoring.watch import record
from trimtab.ledger import Ledger
from trimtab.settings import Settings
from trimtab.windows import Window

NOW = datetime(2024, 3, 1, tzinfo=UTC)
SEEN = tuple(Measure("quality", "null_share", name, 0.0, 0.2, False, 500) for name in ("text", "topic"))


def test_a_record_that_was_killed_half_way_is_completed_and_not_doubled(tmp_path, monkeypatch):
    stores = Stores(Settings(home=tmp_path))
    evidence = Evidence("tiny", "1", Window(NOW - timedelta(days=7), NOW), NOW, 500, timedelta(hours=48), SEEN)
    decision = decide(evidence, stores.settings)
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Ledger, "append", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        record(stores, evidence, decision, tmp_path / "report.html")
    first = record(stores, evidence, decision, tmp_path / "report.html")
    assert record(stores, evidence, decision, tmp_path / "report.html") == first
    assert stores.lake.read("measures", ["slice"])["slice"].to_pylist() == ["text", "topic"]
    assert [entry.kind for entry in stores.ledger.entries()] == ["decision"]
