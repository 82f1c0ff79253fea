"""Decisions judged afterwards by real versions: two promotions, one of them bad."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from models.blocked import blocked_windows, lift
from models.history import History
from models.promotion import promote, rollback
from models.stores import Stores
from monitoring.bench import Bench
from monitoring.shadow import Shadow
from monitoring.verdicts import judge_decisions, summary
from tests import tiny_stores
from tests.tiny_model import MODEL, frame
from tests.tiny_story import register
from trimtab.cli import looking  # noqa: F401 - its commands register themselves
from trimtab.cli.main import cli
from trimtab.errors import LedgerError
from trimtab.settings import Cost, Settings
from trimtab.windows import Window, utc

START = utc("2012-04-01")
MOVED = 0.8  # the world from the first day on, at home in which is version 2


def day(number):
    return START + timedelta(days=number)


@pytest.fixture
def stores(tmp_path):
    return Stores(Settings(home=tmp_path, models=("tests.tiny_model",)))


@pytest.fixture
def versions(stores, tmp_path):
    """1 knows the world of before, 2 the one of now, 3 neither."""
    registry = tiny_stores.empty(stores.settings.mlflow_path)
    for key, shift in (("old", 0.0), ("good", MOVED), ("bad", -MOVED)):
        register(registry, tmp_path, key, shift=shift)


@pytest.fixture
def history():
    rows = frame(3_000, days=60, seed=5, shift=MOVED)
    known = rows["event_timestamp"] + timedelta(hours=48)
    return History(rows.drop(columns="target"), rows[["post_id", "target"]].assign(label_known_at=known))


def decided(stores, action, at, version):
    ends = {"window_start": day(at - 7).isoformat(), "window_end": day(at).isoformat()}
    about = {"model": "tiny", "version": version, "actor": "monitor flow", "reason": "y"}
    stores.ledger.append("decision", at=day(at), evidence={"action": action, **ends}, **about)


def moved(stores, at, version):
    about = {"at": day(at), "actor": "flow", "reason": "y"}
    stores.ledger.append("trained", model="tiny", version=version, **about)
    promote(stores.registry, stores.ledger, "tiny", version, **about)


def test_of_two_promotions_the_good_one_was_worth_it_and_the_bad_one_was_not(stores, versions, history):
    moved(stores, 0, "1")
    decided(stores, "retrain", 10, "1")
    moved(stores, 10, "2")
    decided(stores, "retrain", 40, "2")
    moved(stores, 40, "3")
    decided(stores, "rollback", 47, "3")
    rollback(stores.registry, stores.ledger, "tiny", at=day(47), actor="monitor flow", reason="worse")
    shadow = Shadow(MODEL, history, lambda v, rows: stores.registry.load("tiny", v).predict(rows), day(60))
    bench = Bench(stores.ledger.entries("tiny"), shadow, Cost(), timedelta(days=7))
    back, bad, good = judge_decisions(bench)
    assert [each.verdict for each in (good, bad, back)] == ["worth it", "not worth it", "right"]
    assert good.saved.low > 0 > bad.saved.high
    assert bad.gap.posts < 400 < good.gap.posts, "the bad one served for a week"
    assert "gained" in summary("tiny", [back, bad, good])


@pytest.fixture
def trimtab(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIMTAB_HOME", str(tmp_path))
    return lambda *words: CliRunner().invoke(cli, ["--home", str(tmp_path), *words])


def test_without_decisions_the_command_says_so_in_one_sentence(trimtab):
    assert trimtab("decisions", "engagement").output == "Nothing has been decided for engagement yet.\n"
    told = json.loads(trimtab("decisions", "engagement", "--json").output)
    assert told == {"summary": "Nothing has been decided for engagement yet.", "decisions": []}


def test_a_quarantined_window_is_left_out_of_training_until_it_is_lifted(stores, history):
    decided(stores, "quarantine", 20, "1")
    window = Window(day(13), day(20))
    assert blocked_windows(stores.ledger, "tiny", day(30)) == (window,)
    sound = history.without([window]).labelled(day(60))
    times, known = sound["event_timestamp"], sound["label_known_at"]
    assert not ((times >= window.start) & (times < window.end)).any()
    assert not ((known >= window.start) & (known < window.end)).any()
    assert len(sound) < len(history.labelled(day(60)))
    with pytest.raises(LedgerError, match="end at: 2012-04-21"):
        lift(stores.ledger, "tiny", day(19), at=day(31), actor="ana", reason="a slip")
    assert lift(stores.ledger, "tiny", day(20), at=day(31), actor="ana", reason="the source was right") == window
    assert blocked_windows(stores.ledger, "tiny", day(32)) == ()
