"""A new champion on probation, on real registries and ledgers: worse is taken back, good ends the watch."""

from datetime import timedelta

import numpy as np
import pytest

from flows.act import carry_out
from models.beside import beside, score_beside
from models.history import History
from models.moves import barred, why_barred
from models.promotion import promote, rollback
from models.registry import Registry
from models.release import judge
from models.score import write_predictions
from models.spec import FitSettings
from models.stores import Stores
from models.watch import follow, running, seen
from monitoring.assess import assess
from monitoring.decide import decide
from monitoring.kept import Kept
from monitoring.serving import serving_of
from monitoring.status import lines, status
from monitoring.watch import record
from tests import tiny_stores
from tests.tiny_model import MODEL, fit, frame
from tests.tiny_story import register, story_of
from trimtab.ledger import Ledger
from trimtab.settings import Release, Settings, Watch
from trimtab.windows import Window, utc

START, RELEASE = utc("2012-04-01"), 30
DELAY = timedelta(hours=48)
A_DAY, DAYS = 400, 62
LOOKED = frozenset({"evidence"})


def day(number):
    return START + timedelta(days=number)


def alike(registry, folder, key):
    """As good as `register` makes them, of slightly other posts."""
    learned, fresh = frame(seed=1).iloc[:-6], frame(200, days=10, seed=2)
    fitted = fit(learned, FitSettings())
    return registry.register(MODEL, fitted, story_of(fitted, learned, fresh, folder), key)


@pytest.fixture(scope="module")
def registered(tmp_path_factory):
    """1 served before; 2 is a tenth worse, 3 as good, 4 much worse."""
    folder = tmp_path_factory.mktemp("versions")
    registry = tiny_stores.empty(folder / "mlflow")
    register(registry, folder, "before")
    register(registry, folder, "worse", shift=0.06)
    alike(registry, folder, "equal")
    register(registry, folder, "awful", shift=0.3)
    return registry.store.path


@pytest.fixture
def stores(tmp_path, registered):
    found = Stores(Settings(home=tmp_path, models=("tests.tiny_model",)))
    found.registry = tiny_stores.copy(registered, found.settings.mlflow_path)
    return found


@pytest.fixture(scope="module")
def history():
    rows = frame(A_DAY * DAYS, days=DAYS, seed=5)
    outcomes = rows[["post_id", "target"]].assign(label_known_at=rows["event_timestamp"] + DELAY)
    posts = rows.drop(columns="target").assign(published_at=rows["event_timestamp"], text="a post")
    return History(posts, outcomes)


def up(stores, version, at):
    return promote(stores.registry, stores.ledger, "tiny", version, at=day(at), actor="ana", reason="y")


def window(stores, history, end, page="page.html"):
    """One run of `trimtab monitor --act` at the end of a day: (decision, what came of it)."""
    seen = Window(day(end - 1), day(end))
    evidence = assess(MODEL, history, serving_of(stores, MODEL, day(end)), seen, stores.settings, looks_at=LOOKED)
    entry = record(stores, evidence, decide(evidence, stores.settings), stores.settings.home / page)
    return entry, carry_out(stores, entry, day(end))


def kinds(stores, *wanted):
    return [entry.kind for entry in stores.ledger.entries("tiny") if entry.kind in wanted]


def test_a_bad_release_is_rolled_back_within_three_windows_of_labels(stores, history):
    up(stores, "1", 21)
    up(stores, "2", RELEASE)
    assert running(stores.ledger, "tiny").version == "2"
    first = RELEASE + 2  # the first labels come in the window that ends a day later
    actions = []
    for end in range(RELEASE + 1, first + 4):
        entry, outcome = window(stores, history, end)
        actions.append(entry.evidence["action"])
        if outcome:
            break
    assert actions == ["none"] * (len(actions) - 1) + ["rollback"] and end <= first + 3
    assert "its loss is" in entry.reason and "higher than that of version 1" in entry.reason
    assert outcome["sentence"] == "tiny 1 serves again in place of 2."
    assert stores.registry.aliases("tiny")["champion"] == "1"
    assert running(stores.ledger, "tiny") is None
    ended = stores.ledger.entries("tiny", "watch_ended")[-1]
    assert (ended.version, ended.previous, ended.evidence["verdict"]) == ("2", "1", "taken back")
    assert kinds(stores, "watch_begun", "promoted", "rolled_back", "watch_ended")[-3:] == [
        "watch_begun",
        "rolled_back",
        "watch_ended",
    ]
    assert barred(stores.ledger, "tiny") == {"2"}
    again = judge(
        stores.registry, stores.ledger, MODEL, "2", frame(100, seed=9), Release(), at=day(40), actor="retrain flow"
    )
    assert not again.promoted and "barred" in str(again)


def test_an_equal_release_is_left_alone_and_its_watch_ends_with_a_sentence(stores, history):
    up(stores, "1", 21)
    up(stores, "3", RELEASE)
    ends = []
    for end in (RELEASE + 1, RELEASE + 8, *range(RELEASE + 9, RELEASE + 29)):
        entry, outcome = window(stores, history, end)
        assert entry.evidence["action"] == "none" and outcome is None
        ended = stores.ledger.entries("tiny", "watch_ended")
        if end == RELEASE + 8:
            assert "Watched: version 3 against version 1 since 2012-05-01 00:00: its loss less" in said(stores)
            assert status(stores)["models"]["tiny"]["watch"]["days"] == 6
        if ended:
            ends.append(entry)
        if len(ends) == 2:
            break
    assert len(stores.ledger.entries("tiny", "watch_ended")) == 1
    assert ended[0].evidence["verdict"] in ("no worse", "better")
    assert "the watch over it ends" in ended[0].reason and ended[0].reason in ends[0].reason
    assert "the watch over it" not in ends[1].reason, "said once"
    assert ended[0].evidence["watch"]["posts"] > 2_000
    assert running(stores.ledger, "tiny") is None and "Watched" not in said(stores)
    assert stores.registry.aliases("tiny") == {"champion": "3", "previous": "1"}


def said(stores):
    return "\n".join(lines(status(stores)))


def test_a_watch_without_labels_ends_undecided(stores, history):
    silent = History(history.posts, history.outcomes[history.outcomes["label_known_at"] < day(RELEASE)])
    up(stores, "1", 21)
    up(stores, "2", RELEASE)
    for end in (RELEASE + 20, RELEASE + 28):
        entry, _ = window(stores, silent, end)
    assert entry.evidence["action"] == "none"
    ended = stores.ledger.entries("tiny", "watch_ended")[0]
    assert ended.evidence["verdict"] == "undecided"
    assert "28 days after its promotion undecided, for want of mature posts" in entry.reason


def test_before_labels_are_in_the_estimate_warns_and_does_not_roll_back(stores, history):
    up(stores, "1", 21)
    up(stores, "4", RELEASE)
    entry, outcome = window(stores, history, RELEASE + 1)
    assert entry.evidence["action"] == "none" and outcome is None
    assert "early warning: on" in entry.reason and "whose labels are still to come its loss is" in entry.reason
    assert entry.evidence["early_warning"]["gap"][1] > 0


def test_an_equal_release_is_not_warned_of(stores, history):
    up(stores, "1", 21)
    up(stores, "3", RELEASE)
    assert "early warning" not in window(stores, history, RELEASE + 1)[0].reason


def test_after_its_end_the_version_before_is_no_option_any_more(stores, history):
    short = Stores(stores.settings.model_copy(update={"watch": Watch(days=1)}))
    short.registry = stores.registry
    up(short, "1", 21)
    up(short, "2", RELEASE)
    actions = [window(short, history, end)[0].evidence["action"] for end in range(RELEASE + 1, RELEASE + 8)]
    assert set(actions) == {"none"}


def test_a_watch_that_a_kill_left_out_is_begun_by_the_next_window(stores, history, monkeypatch):
    up(stores, "1", 21)
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr("models.promotion.follow", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        up(stores, "2", RELEASE)
    assert running(stores.ledger, "tiny") is None
    window(stores, history, RELEASE + 1)
    assert running(stores.ledger, "tiny").at == day(RELEASE)


def test_a_watch_ends_when_another_version_takes_over_or_somebody_moves_champion(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    about = {"model": "tiny", "actor": "ana", "reason": "y"}
    for number, (version, previous) in enumerate([("1", None), ("2", "1"), ("3", "2")]):
        ledger.append("promoted", at=day(number), version=version, previous=previous, **about)
        follow(ledger, "tiny")
    ledger.append("moved_by_hand", at=day(4), version="1", previous="3", evidence={"served_before": True}, **about)
    assert follow(ledger, "tiny") is None and seen(ledger, "tiny") is None
    ended = [(entry.version, entry.evidence["verdict"]) for entry in ledger.entries("tiny", "watch_ended")]
    assert ended == [("2", "replaced"), ("3", "taken back")]
    before = len(ledger.entries())
    follow(ledger, "tiny")
    assert len(ledger.entries()) == before, "twice is once"


def test_what_shares_the_booster_of_a_barred_version_is_barred_with_it(tmp_path):
    ledger = Ledger(tmp_path / "ledger.db")
    about = {"model": "tiny", "actor": "ana", "reason": "y"}
    for version, base in (("1", None), ("2", None), ("3", "2"), ("4", "3"), ("5", "1")):
        ledger.append("trained", at=day(0), version=version, evidence={"base": base}, **about)
    ledger.append("promoted", at=day(1), version="2", previous="1", **about)
    ledger.append("rolled_back", at=day(2), version="1", previous="2", **about)
    assert barred(ledger, "tiny") == {"2", "3", "4"}
    assert "shares its booster" in why_barred(ledger, "tiny", "4") and why_barred(ledger, "tiny", "5") is None
    ledger.append("rolled_back", at=day(3), version="3", previous="1", **about)
    assert barred(ledger, "tiny") == {"1", "2", "5"}, "a person put 3 back, and left 1"
    assert "rolled back before" in why_barred(ledger, "tiny", "2")


def test_those_beside_the_champion_score_the_same_posts_and_are_counted_once(stores, history):
    up(stores, "1", 21)
    assert beside(stores, "tiny") == {}
    up(stores, "3", RELEASE)
    stores.registry.set_alias("tiny", "challenger", "2")
    assert beside(stores, "tiny") == {"challenger": "2", "previous": "1"}
    posts = history.scored_in(Window(day(RELEASE), day(RELEASE + 8)))
    write_predictions(stores, MODEL, stores.registry.load("tiny", "3"), "champion", posts, day(RELEASE + 8))
    told = score_beside(stores, MODEL, posts, day(RELEASE + 8))
    assert told == ["challenger 2 scored them too", "previous 1 scored them too"]
    kept = stores.lake.read("predictions", ["post_id", "version", "role"]).to_pandas()
    assert kept.groupby(["role", "version"]).size().to_dict() == {
        ("champion", "3"): len(posts),
        ("challenger", "2"): len(posts),
        ("previous", "1"): len(posts),
    }
    alone = Stores(stores.settings.model_copy(update={"home": stores.settings.home / "alone"}))
    alone.registry, alone.ledger = Registry(stores.settings.mlflow_path), stores.ledger
    found = [
        assess(MODEL, history, serving_of(each, MODEL, day(38)), Window(day(37), day(38)), each.settings)
        for each in (stores, alone)
    ]
    assert found[0].paired == found[1].paired and found[0].rows == found[1].rows
    assert found[0].paired.rows == len(history.scored_in(Window(day(RELEASE), day(36))))
    rollback(stores.registry, stores.ledger, "tiny", at=day(40), actor="ana", reason="y")
    assert set(beside(stores, "tiny")) == {"challenger"}, "no watch runs after a rollback"


def test_one_that_cannot_score_holds_nobody_up(stores, history):
    up(stores, "1", 21)
    stores.registry.set_alias("tiny", "challenger", "2")
    stores.registry.load = lambda name, version: Registry.load(stores.registry, name, "99")
    told = score_beside(stores, MODEL, history.posts.head(3), day(30))
    assert len(told) == 1 and told[0].startswith("challenger 2 did not: tiny has no version '99'")


class Counting:
    version = "1"

    def __init__(self, version):
        self.behind, self.asked = version, 0

    def predict(self, rows):
        self.asked += len(rows)
        return self.behind.predict(rows)


def test_what_was_said_of_a_post_is_not_worked_out_again(stores, history):
    version, posts = stores.registry.load("tiny", "1"), history.posts.head(50).set_index(np.arange(50) + 7)
    write_predictions(stores, MODEL, version, "champion", posts.head(30), day(30))
    write_predictions(stores, MODEL, version, "previous", posts.head(20), day(31))
    counting = Counting(version)
    said = Kept(stores.lake, MODEL, counting).predict(posts.sample(frac=1, random_state=0))
    assert counting.asked == 1 + 20, "one to see what it says, and those that nobody had asked for"
    assert said.loc[posts.index].equals(version.predict(posts))
