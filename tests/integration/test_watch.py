"""What a run of the monitor writes down: once a model and window, wherever a run before it was killed."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from flows.act import carry_out
from models.blocked import blocked_windows
from models.stores import Stores
from monitoring.assess import assess, open_book
from monitoring.decide import Decision, decide
from monitoring.evidence import Evidence
from monitoring.measures import Measure
from monitoring.watch import record, show
from tests.tiny_history import END, MODEL, WEEK, history, serving, since
from trimtab.ledger import Ledger
from trimtab.settings import Monitoring, Settings
from trimtab.windows import Window

NOW = datetime(2024, 3, 1, tzinfo=UTC)
SEEN = tuple(Measure("quality", "null_share", name, 0.0, 0.2, False, 500) for name in ("text", "topic"))
CALM = Evidence("tiny", "1", Window(NOW - timedelta(days=7), NOW), NOW, 500, SEEN)


@pytest.fixture
def stores(tmp_path):
    return Stores(Settings(home=tmp_path, monitoring=Monitoring(min_rows=50)))


def test_a_record_that_was_killed_half_way_is_completed_and_not_doubled(stores, tmp_path, monkeypatch):
    decision = decide(CALM, stores.settings)
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Ledger, "append", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        record(stores, CALM, decision, tmp_path / "report.html")
    first = record(stores, CALM, decision, tmp_path / "report.html")
    assert record(stores, CALM, decision, tmp_path / "report.html") == first
    assert stores.lake.read("measures", ["slice"])["slice"].to_pylist() == ["text", "topic"]
    assert [entry.kind for entry in stores.ledger.entries()] == ["decision"]


def test_a_decision_is_kept_with_all_that_acting_on_it_needs(stores, tmp_path):
    told = {"since": "2024-02-20T00:00:00+00:00", "cut": "2024-02-26T00:00:00+00:00", "alarm": {"raised": True}}
    entry = record(stores, CALM, Decision("retrain", ("the loss rose",), told), tmp_path / "report.html")
    kept = stores.ledger.find(entry.key).evidence
    assert {name: kept[name] for name in told} == told
    assert (kept["action"], kept["reasons"], kept["report"]) == (
        "retrain",
        ["the loss rose"],
        str(tmp_path / "report.html"),
    )


def test_a_quarantine_blocks_its_window_and_trains_nothing(stores, tmp_path):
    broken = replace(CALM, measures=(Measure("quality", "null_share", "text", 1.0, 0.2, True, 500),))
    entry = record(stores, broken, decide(broken, stores.settings), tmp_path / "report.html")
    assert entry.evidence["action"] == "quarantine"
    assert carry_out(stores, entry, NOW) is None
    assert [entry.kind for entry in stores.ledger.entries()] == ["decision"]
    assert blocked_windows(stores.ledger, "tiny", NOW + timedelta(days=1)) == (CALM.window,)


def test_the_lake_the_page_and_the_decision_have_the_same_numbers(stores):
    moved = END - timedelta(days=14)
    past = history(lambda rows: rows.assign(text_chars=rows["text_chars"] * (1 + since(rows, moved))))
    book = open_book(MODEL, past, serving(), WEEK, stores.settings)
    seen = assess(MODEL, past, serving(), WEEK, stores.settings, book=book, looks_at=frozenset({"evidence"}))
    evidence, page = show(seen, book, stores.settings)
    decision = decide(evidence, stores.settings)
    assert str(decision) == str(decide(seen, stores.settings)), "what is shown decides nothing"
    record(stores, evidence, decision, page)
    kept = {(row["kind"], row["name"], row["slice"]): row for row in stores.lake.read("measures").to_pylist()}
    chars = kept["drift", "text_chars", "all"]
    assert chars["alarm"] and chars["value"] > chars["threshold"] > chars["usual"]
    streams = decision.evidence["alarm"]["streams"]  # its level and its shares: the louder one is shown
    assert chars["spent"] == pytest.approx(max(v for name, v in streams.items() if "text_chars" in name), rel=1e-3)
    numbers = f'"{chars["value"]:.3f}", "{chars["usual"]:.3f}", "{chars["threshold"]:.3f}", "{chars["surprise"]:+.1f}"'
    html = page.read_text()
    assert numbers in html and chars["stock"] in html
    assert f"Drift score: {round(chars['value'], 3)}" in html, "drawn is what was counted"
    assert str(decision).split(": ", 1)[1] in html
    assert {kind for kind, _, _ in kept} == {"quality", "drift", "prediction", "label", "performance", "calibration"}
    assert len(re.findall('"moved"', html)) == sum(row["alarm"] for row in kept.values())
